# SPDX-License-Identifier: Apache-2.0
#
# scripts: run — the build around dpkg: what is remembered, what fails, what is left
load ../lib/common
load ../lib/archive
load ../lib/image
load ../lib/store
load ../lib/sandbox

setup() {
  setup_test
  shared_store
  need_sandbox
}

teardown() { [ -z "${ARCHIVE:-}" ] || archive_end; }

RELEASE=$(. /etc/os-release && echo "$VERSION_CODENAME")

# installs NAME [LINE...]: NAME.yaml, the essential packages and what further lines under debian: say
installs() {
  cat > "$1.yaml" <<END
name: $1
version: "1"
debian:
  suite: $RELEASE
  variant: essential
  scripts: run
END
  printf '  %s\n' "${@:2}" >> "$1.yaml"
}

runs() {
  grep -c 'run .*dpkg installs' <<< "$err" || true
}

@test "a package more costs the batch that it is in, and the same packages nothing" {
  installs one 'packages: [hostname]' "exclude: [\"/usr/share/doc/*\", \"/$RANDOM$RANDOM\"]"
  ok build one.yaml
  [ "$(runs)" -ge 1 ]
  sed 's/name: one/name: two/; s/\[hostname\]/[hostname, netbase]/' one.yaml > two.yaml
  ok build two.yaml
  [ "$(runs)" = 1 ]
  sed 's/name: two/name: three/' two.yaml > three.yaml
  ok build three.yaml
  [ "$(runs)" = 0 ]
  nothing_left
}

@test "a script that fails is told with what dpkg printed last, and leaves nothing" {
  installs bad 'exclude: [/usr/sbin/pam-auth-update]'
  fails 1 build bad.yaml
  has "$err" "bad.yaml:3"
  has "$err" "libpam-runtime"
  has "$err" "pam-auth-update: not found"
  log=$(sed -n "s/^hint: all that dpkg printed is in '\(.*\)'$/\1/p" <<< "$err")
  grep -q 'pam-auth-update: not found' "$log"
  [ ! -e bad-1.oci.tar ]
  nothing_left
}

@test "--explain tells that dpkg ran each script" {
  installs told
  ok build told.yaml --explain
  grep -qE '^script +amd64 +run +base-passwd postinst' <<< "$out"
  run ! grep -E '^script .* (native|skipped) ' <<< "$out"
}

@test "Ctrl-C while dpkg runs ends it, and leaves nothing" {
  installs stopped "exclude: [\"/$RANDOM$RANDOM\"]"
  "$ASHLAR" build stopped.yaml > log 2>&1 &
  pid=$!
  until pgrep -f 'dpkg.*--force-depends' > /dev/null; do kill -0 $pid || { cat log; false; }; done
  kill -INT $pid
  status=0
  wait $pid || status=$?
  [ "$status" = 130 ] || { cat log; false; }
  [ ! -e stopped-1.oci.tar ]
  nothing_left
}

# telling NAME VERSION [FIELD...]: a package whose scripts write down how they were called; its folder
telling() {
  local root script
  root=$(deb_begin "$@")
  for script in preinst postinst prerm postrm; do
    printf '#!/bin/sh\nset -e\necho "%s %s %s $*" >> /var/lib/told\n' "$1" "$2" "$script" > "$root/DEBIAN/$script"
  done
  echo "$root"
}

# on BASE NAME PACKAGE...: NAME.yaml, packages of the small archive on BASE.yaml's image, installed by dpkg
on() {
  recipe_for "${@:2}"
  sed -i "1i from: oci-archive:$1-1.oci.tar" "$2.yaml"
  # nothing of it was ever built
  sed -i "s|scripts: skip|scripts: run\n  exclude: [\"/$RANDOM$RANDOM\"]|" "$2.yaml"
}

@test "on a base: dpkg upgrades what has to be, as it would on a machine, and leaves the rest of the base alone" {
  need dpkg-deb apt-ftparchive gpg dpkg-query
  installs base
  ok build base.yaml
  archive_new "$T/archive"
  root=$(telling hello 1.0)
  mkdir -p "$root/etc" "$root/usr/share/hello"
  echo one > "$root/etc/hello.conf"
  echo /etc/hello.conf > "$root/DEBIAN/conffiles"
  echo 1.0 > "$root/usr/share/hello/old"
  deb_end hello
  archive_publish
  on base one hello
  echo 'files: [{path: /etc/hello.conf, content: mine}, {path: /var/log/mine.log, content: kept, mode: "0640"}]' >> one.yaml
  ok build one.yaml
  [ "$(runs)" = 1 ]
  root=$(telling hello 2.0 "Depends: breaker")
  mkdir -p "$root/etc" "$root/usr/share/hello"
  echo two > "$root/etc/hello.conf"
  echo /etc/hello.conf > "$root/DEBIAN/conffiles"
  echo 2.0 > "$root/usr/share/hello/new"
  deb_end hello
  root=$(telling breaker 1.0 "Breaks: hello (<< 2.0)")
  printf 'set -e\necho > /var/log/breaker.log\n' >> "$root/DEBIAN/postinst"
  deb_end breaker
  archive_publish
  on one two breaker
  ok build two.yaml
  [ "$(jq -r '.packages.amd64[] | .name + "=" + .version' two.lock | sort | tr '\n' ' ')" = "breaker=1.0 hello=2.0 " ]
  image_open two-1.oci.tar i
  image_unpack i
  root=$PWD/i/rootfs
  cat > wanted << END
hello 1.0 preinst install
hello 1.0 postinst configure 
hello 1.0 prerm deconfigure in-favour breaker 1.0
breaker 1.0 preinst install
hello 1.0 prerm upgrade 2.0
hello 2.0 preinst upgrade 1.0 2.0
hello 1.0 postrm upgrade 2.0
breaker 1.0 postinst configure 
hello 2.0 postinst configure 1.0
END
  diff wanted "$root/var/lib/told"
  [ "$(cat "$root/etc/hello.conf")" = mine ]
  [ "$(cat "$root/usr/share/hello/new")" = 2.0 ]
  # taken away by a whiteout of the base's file
  [ -e "$root/usr/share/hello/.wh.old" ]
  ok ls two-1.oci.tar
  lacks "$out" /usr/share/hello/old
  has "$out" /var/log/mine.log
  lacks "$out" /var/log/breaker.log
  [ "$(stat -c %a "$root/var/log/mine.log")" = 640 ]
  [ "$(cat "$root/var/log/mine.log")" = kept ]
  [ -z "$(dpkg --root="$root" --audit)" ]
  [ "$(dpkg-query --root="$root" -W -f '${db:Status-Abbrev}\n' | sort -u)" = "ii " ]
  # once is enough
  sed 's/^name: two/name: three/' two.yaml > three.yaml
  cp two.lock three.lock
  ok build three.yaml
  [ "$(runs)" = 0 ]
  nothing_left
}

@test "on a base: what it has is not installed again, and dpkg is not run for nothing" {
  installs base
  ok build base.yaml
  installs same 'packages: [dpkg]'
  sed -i '1i from: oci-archive:base-1.oci.tar' same.yaml
  ok build same.yaml
  [ "$(runs)" = 0 ]
  [ "$(jq '.packages.amd64 | length' same.lock)" = 0 ]
}
