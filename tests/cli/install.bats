# SPDX-License-Identifier: Apache-2.0
#
# scripts: run — the build around dpkg: what is remembered, what fails, what is left
load ../lib/common
load ../lib/store
load ../lib/sandbox

setup() {
  setup_test
  shared_store
  need_sandbox
}

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
