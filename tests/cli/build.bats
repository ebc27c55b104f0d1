# SPDX-License-Identifier: Apache-2.0
load ../lib/common
load ../lib/archive
load ../lib/image
load ../lib/store

setup() {
  setup_test
  own_store
  need dpkg-deb apt-ftparchive gpg jq zstd
  archive_new "$T/archive"
}

teardown() { archive_end; }

# built RECIPE...: builds into the current folder and opens demo-1.oci.tar as $T/i
built() {
  ok build "$@"
  rm -rf "$T/i"
  image_open demo-1.oci.tar "$T/i"
}

member() {
  image_list "$T/i" | awk -v name="$1" '{line = $0; sub(/^.*:[0-9][0-9] /, "", line); sub(/ -> .*| link to .*/, "", line)} line == name'
}

@test "stdout tells kind, path and digest of each output" {
  deb hello 1.0
  archive_publish
  recipe_for demo hello
  ok build demo.yaml
  [ "$(wc -l <<< "$out")" = 1 ]
  has "$out" oci
  has "$out" demo-1.oci.tar
  digest=$(tar -xOf demo-1.oci.tar index.json | jq -r '.manifests[0].digest')
  has "$out" "$digest"
}

@test "--json tells the outputs to a machine" {
  deb hello 1.0
  archive_publish
  recipe_for demo hello
  mkdir out
  ok build demo.yaml -o out --json
  jq -e '.name == "demo" and .version == "1" and (.outputs | length) == 1' <<< "$out"
  path=$(jq -r '.outputs[0].path' <<< "$out")
  [ -f "$path" ]
  [ "$(jq -r '.outputs[0].size' <<< "$out")" = "$(stat -c %s "$path")" ]
  [ "$(jq -r '.outputs[0].digest' <<< "$out")" = "$(tar -xOf "$path" index.json | jq -r '.manifests[0].digest')" ]
}

@test "files, links, users, remove and config come out as they are written" {
  deb hello 1.0
  archive_publish
  recipe_for demo hello
  mkdir site
  echo page > site/index.html
  cat >> demo.yaml <<'END'
params: {greeting: hello}
users: [{name: app, uid: 10001, home: /srv}]
files:
  - {path: /srv/www, from: site, owner: app}
  - {path: /etc/motd, content: "${greeting}\n", mode: "0640"}
links: [{path: /usr/bin/greet, to: hello}]
remove: [/usr/share/hello/version]
config:
  entrypoint: [/usr/bin/greet, --loud]
  user: app
  env: {LANG: C.UTF-8}
  ports: [80/tcp]
  labels: {a: b}
END
  built demo.yaml --set greeting=salut
  image_unpack "$T/i"
  [ "$(cat i/rootfs/srv/www/index.html)" = page ]
  [ "$(cat i/rootfs/etc/motd)" = salut ]
  [ "$(stat -c %a i/rootfs/etc/motd)" = 640 ]
  [ "$(readlink i/rootfs/usr/bin/greet)" = hello ]
  [ ! -e i/rootfs/usr/share/hello/version ]
  has "$(member srv/www/index.html)" "10001/10001"
  grep -q '^app:[^:]*:10001:10001:[^:]*:/srv:' i/rootfs/etc/passwd
  image_config "$T/i" | jq -e '.config.Entrypoint == ["/usr/bin/greet", "--loud"] and .config.User == "app"
    and (.config.Env | index("LANG=C.UTF-8")) != null and .config.ExposedPorts["80/tcp"] == {} and .config.Labels.a == "b"'
}

@test "exclude drops by glob, include takes back" {
  root=$(deb_begin hello 1.0)
  mkdir -p "$root/usr/share/doc/hello/examples" "$root/usr/share/man/man1"
  touch "$root/usr/share/doc/hello/copyright" "$root/usr/share/doc/hello/examples/a" "$root/usr/share/man/man1/hello.1.gz"
  deb_end hello
  archive_publish
  recipe_for demo hello
  sed -i 's|^  scripts: skip|&\n  exclude: ["/usr/share/doc/*", "/usr/share/man/*"]\n  include: ["/usr/share/doc/*/copyright"]|' demo.yaml
  built demo.yaml
  list=$(image_list i)
  has "$list" usr/share/doc/hello/copyright
  lacks "$list" usr/share/doc/hello/examples/a
  lacks "$list" hello.1.gz
}

@test "a file of two packages is an error that names both and the path" {
  for name in one two; do
    root=$(deb_begin $name 1.0)
    mkdir -p "$root/usr/share/common"
    echo "$name" > "$root/usr/share/common/thing"
    deb_end $name
  done
  archive_publish
  recipe_for demo one two
  fails 1 build demo.yaml
  has "$err" "one"
  has "$err" "two"
  has "$err" "/usr/share/common/thing"
  [ ! -e demo-1.oci.tar ]
}

@test "the same path through /lib and /usr/lib is one file" {
  root=$(deb_begin one 1.0)
  mkdir -p "$root/lib"
  echo one > "$root/lib/thing"
  deb_end one
  root=$(deb_begin two 1.0)
  mkdir -p "$root/usr/lib"
  echo two > "$root/usr/lib/thing"
  deb_end two
  archive_publish
  recipe_for demo one two
  fails 1 build demo.yaml
  has "$err" "lib/thing"
}

@test "Replaces lets a package take another's file over" {
  root=$(deb_begin old 1.0)
  mkdir -p "$root/usr/share/common"
  echo old > "$root/usr/share/common/thing"
  deb_end old
  root=$(deb_begin new 1.0 "Replaces: old (<< 2)")
  mkdir -p "$root/usr/share/common"
  echo new > "$root/usr/share/common/thing"
  deb_end new
  archive_publish
  recipe_for demo old new
  built demo.yaml
  image_unpack i
  [ "$(cat i/rootfs/usr/share/common/thing)" = new ]
}

@test "setuid, sticky, owners, hardlinks, long and foreign names survive" {
  need_root
  root=$(deb_begin hello 1.0)
  mkdir -p "$root/usr/bin" "$root/var/spot" "$root/usr/share/empty"
  echo x > "$root/usr/bin/su-like"
  chown 0:1234 "$root/usr/bin/su-like"
  chmod 4754 "$root/usr/bin/su-like"
  chmod 1777 "$root/var/spot"
  echo y > "$root/usr/bin/one"
  ln "$root/usr/bin/one" "$root/usr/bin/two"
  ln -s ../bin/one "$root/usr/share/link"
  long=$(printf 'n%.0s' {1..200})
  mkdir -p "$root/usr/share/$long"
  echo z > "$root/usr/share/$long/$long"
  echo z > "$root/usr/share/grüße-日本"
  printf z > "$root/usr/share/$(printf 'latin\351')"
  DEB_OWNERS=kept deb_end hello
  archive_publish
  recipe_for demo hello
  built demo.yaml
  image_unpack i
  [ "$(stat -c '%a %u %g' i/rootfs/usr/bin/su-like)" = "4754 0 1234" ]
  [ "$(stat -c %a i/rootfs/var/spot)" = 1777 ]
  [ i/rootfs/usr/bin/one -ef i/rootfs/usr/bin/two ]
  [ "$(readlink i/rootfs/usr/share/link)" = ../bin/one ]
  [ "$(cat "i/rootfs/usr/share/$long/$long")" = z ]
  [ -f "i/rootfs/usr/share/grüße-日本" ]
  [ -f "i/rootfs/usr/share/$(printf 'latin\351')" ]
  [ -d i/rootfs/usr/share/empty ]
}

@test "capabilities, extended attributes and devices of a package survive" {
  need_root
  need python3 ar getfattr getcap
  python3 - <<'END'
import base64, io, tarfile
capability = base64.b64decode("AQAAAgAEAAAAAAAAAAAAAAAAAAA=")  # cap_net_bind_service=ep
with tarfile.open("data.tar", "w", format=tarfile.PAX_FORMAT) as tar:
    entry = tarfile.TarInfo("./usr/bin/ping-like"); entry.size = 3; entry.mode = 0o755
    entry.pax_headers = {"SCHILY.xattr.security.capability": capability.decode("utf-8", "surrogateescape"),
                         "SCHILY.xattr.user.origin": "a test"}
    tar.addfile(entry, io.BytesIO(b"abc"))
    entry = tarfile.TarInfo("./usr/nothing"); entry.type = tarfile.CHRTYPE; entry.devmajor, entry.devminor = 1, 3; entry.mode = 0o666
    tar.addfile(entry)
with tarfile.open("control.tar", "w") as tar:
    text = b"Package: odd\nVersion: 1.0\nArchitecture: all\nMaintainer: T <t@example.org>\nDescription: x\n"
    entry = tarfile.TarInfo("./control"); entry.size = len(text)
    tar.addfile(entry, io.BytesIO(text))
END
  echo 2.0 > debian-binary
  ar rcU "$ARCHIVE/www/pool/odd_1.0_all.deb" debian-binary control.tar data.tar
  archive_publish
  recipe_for demo odd
  built demo.yaml
  [[ $(member usr/nothing) == crw-rw-rw-*1,3* ]]
  image_unpack i
  has "$(getcap i/rootfs/usr/bin/ping-like)" cap_net_bind_service
  has "$(getfattr -d i/rootfs/usr/bin/ping-like)" 'user.origin="a test"'
}

@test "two architectures make one index" {
  deb both 1.0
  deb hello 1.0 "Architecture: amd64"
  deb hello 1.1 "Architecture: arm64"
  archive_publish
  recipe_for demo hello both
  sed -i 's/^arch: .*/arch: [amd64, arm64]/' demo.yaml
  built demo.yaml
  [ "$(jq '.manifests | length' i/layout/index.json)" = 1 ]
  index=$(image_blob i "$(jq -r '.manifests[0].digest' i/layout/index.json)")
  [ "$(jq -r '[.manifests[].platform.architecture] | sort | join(",")' "$index")" = amd64,arm64 ]
  image_config i arm64 | jq -e '.architecture == "arm64" and .os == "linux"'
  mv i i-amd64
  image_unpack i-amd64 amd64
  [ "$(cat i-amd64/rootfs/usr/share/hello/version)" = 1.0 ]
  image_open demo-1.oci.tar "$T/i"
  image_unpack i arm64
  [ "$(cat i/rootfs/usr/share/hello/version)" = 1.1 ]
  ok build demo.yaml --arch arm64 -o .
  image_open demo-1.oci.tar "$T/only"
  image_config only arm64 | jq -e '.architecture == "arm64"'
}

@test "each compression gives layers of its kind, with the same diff IDs" {
  deb hello 1.0
  archive_publish
  for compression in zstd gzip "zstd:chunked"; do
    recipe_for demo hello
    echo "outputs: [{oci: {compression: \"$compression\"}}]" >> demo.yaml
    rm -f demo.lock
    built demo.yaml
    image_manifest i | jq -r '.layers[].mediaType' | sort -u > "types-${compression/:/-}"
    image_config i | jq -c .rootfs.diff_ids > "diffs-${compression/:/-}"
  done
  [ "$(cat types-zstd)" = application/vnd.oci.image.layer.v1.tar+zstd ]
  [ "$(cat types-gzip)" = application/vnd.oci.image.layer.v1.tar+gzip ]
  same diffs-zstd diffs-gzip
  same diffs-zstd diffs-zstd-chunked
}

@test "diff IDs are the digests of the uncompressed layers" {
  deb hello 1.0
  archive_publish
  recipe_for demo hello
  built demo.yaml
  paste <(image_layers i) <(image_config i | jq -r '.rootfs.diff_ids[]') | while read -r layer diff; do
    [ "sha256:$(zstd -dc < "$layer" | sha256sum | cut -d' ' -f1)" = "$diff" ]
  done
}

@test "packages of every compression are taken" {
  for kind in gzip xz zstd none; do
    DEB_COMPRESSION=$kind deb "in-$kind" 1.0
  done
  archive_publish
  recipe_for demo in-gzip in-xz in-zstd in-none
  built demo.yaml
  for kind in gzip xz zstd none; do
    has "$(image_list i)" "usr/share/in-$kind/version"
  done
}

@test "the epoch clamps times, and SOURCE_DATE_EPOCH is the first to decide it" {
  deb hello 1.0
  archive_publish
  recipe_for demo hello
  SOURCE_DATE_EPOCH=1000000000 built demo.yaml
  image_config i | jq -e '.created == "2001-09-09T01:46:40Z"'
  has "$(member usr/share/hello/version)" "2001-09-09 01:46:40"
  echo 'epoch: 1200000000' >> demo.yaml
  built demo.yaml
  image_config i | jq -e '.created == "2008-01-10T21:20:00Z"'
}

@test "scripts that are left out are listed" {
  root=$(deb_begin hello 1.0)
  printf '#!/bin/sh\nfrobnicate\n' > "$root/DEBIAN/postinst"
  deb_end hello
  archive_publish
  recipe_for demo hello
  ok build demo.yaml
  has "$err" hello
  has "$err" postinst
}

@test "scripts that dpkg would have to run are refused where the image has no dpkg" {
  root=$(deb_begin hello 1.0)
  printf '#!/bin/sh\n/usr/bin/hello --configure-yourself\n' > "$root/DEBIAN/postinst"
  chmod 755 "$root/DEBIAN/postinst"
  deb_end hello
  archive_publish
  for way in auto run; do
    recipe_for demo hello
    sed -i "s/scripts: skip/scripts: $way/" demo.yaml
    fails 2 build demo.yaml
    has "$err" "demo.yaml:"
    has "$err" "variant: essential"
    has "$err" "scripts: skip"
  done
}

@test "scripts: auto does what it knows of a script, and tells the first line that it does not know" {
  for line in 'echo "for $1" > /etc/made' '/usr/bin/hello --make'; do
    root=$(deb_begin hello 1.0)
    mkdir -p "$root/usr/bin" "$root/etc"
    echo hello > "$root/usr/bin/hello"
    printf '#!/bin/sh\nset -e\nif [ "$1" = configure ] && [ -z "$2" ]; then\n  %s\nfi\n' "$line" > "$root/DEBIAN/postinst"
    chmod 755 "$root/DEBIAN/postinst"
    deb_end hello
    archive_publish
    recipe_for demo hello
    sed -i "s/scripts: skip/scripts: auto/" demo.yaml
    rm -f demo.lock
    if [ "$line" != "${line#echo}" ]; then
      ok build demo.yaml --runtime "$T/none" --json
      [ "$(jq -r '.scripts[] | .package + " " + .script + " " + .how' <<< "$out")" = "hello postinst native" ]
      ok ls demo-1.oci.tar
      has "$out" etc/made
    else
      # and there is no dpkg in the image to run it
      fails 2 build demo.yaml --runtime "$T/none"
      has "$err" "hello postinst: line 4: runs '/usr/bin/hello --make'"
    fi
  done
}

@test "dpkg's database tells what is in the image" {
  need dpkg
  root=$(deb_begin hello 1.0 "Depends: libhello")
  mkdir -p "$root/etc"
  echo conf > "$root/etc/hello.conf"
  echo /etc/hello.conf > "$root/DEBIAN/conffiles"
  deb_end hello
  deb libhello 2.0-1 "Architecture: amd64"
  archive_publish
  recipe_for demo hello
  built demo.yaml
  image_unpack i
  [ "$(dpkg-query --admindir=i/rootfs/var/lib/dpkg -W -f '${db:Status-Status} ${Package} ${Version} ${Architecture}\n')" = \
    "installed hello 1.0 all
installed libhello 2.0-1 amd64" ]
  [ "$(dpkg-query --admindir=i/rootfs/var/lib/dpkg -S /etc/hello.conf)" = "hello: /etc/hello.conf" ]
  [ -z "$(dpkg --root="$PWD/i/rootfs" -V)" ]
}

@test "an unchanged build writes nothing and gives the same" {
  deb hello 1.0
  archive_publish
  recipe_for demo hello
  ok build demo.yaml
  cp demo-1.oci.tar first.tar
  first=$out
  ok build demo.yaml
  same demo-1.oci.tar first.tar
  [ "$out" = "$first" ]
}

@test "a source file that changed changes the image" {
  deb hello 1.0
  archive_publish
  recipe_for demo hello
  echo one > note
  echo 'files: [{path: /etc/note, from: note}]' >> demo.yaml
  built demo.yaml
  echo two > note
  built demo.yaml
  image_unpack i
  [ "$(cat i/rootfs/etc/note)" = two ]
}

@test "several recipes are built in one run" {
  deb hello 1.0
  deb other 1.0
  archive_publish
  recipe_for demo hello
  recipe_for second other
  ok build demo.yaml second.yaml
  [ -f demo-1.oci.tar ]
  [ -f second-1.oci.tar ]
}

@test "an output folder that is not there or not writable is told" {
  deb hello 1.0
  archive_publish
  recipe_for demo hello
  run_ashlar build demo.yaml -o none/deep
  if [ "$status" = 0 ]; then
    [ -f none/deep/demo-1.oci.tar ]
  else
    has "$err" none/deep
  fi
}

@test "layers: single gives one layer, by package at most as many as asked" {
  for name in a b c d e f; do
    root=$(deb_begin p$name 1.0)
    mkdir -p "$root/usr/share/p$name"
    head -c 400000 /dev/urandom > "$root/usr/share/p$name/data"
    deb_end p$name
  done
  archive_publish
  recipe_for demo pa pb pc pd pe pf
  recipe_for demo pa pb pc pd pe pf
  echo 'layers: single' >> demo.yaml
  built demo.yaml
  [ "$(image_manifest i | jq '.layers | length')" = 1 ]
  recipe_for demo pa pb pc pd pe pf
  echo 'layers: {by: package, most: 3}' >> demo.yaml
  built demo.yaml
  n=$(image_manifest i | jq '.layers | length')
  [ "$n" -ge 2 ] && [ "$n" -le 3 ]
}
