# SPDX-License-Identifier: Apache-2.0
#
# An image as a Debian system: what dpkg, apt and a scanner say of it, and how it compares with what mmdebstrap makes of the
# same packages by running their scripts
load ../lib/common
load ../lib/image
load ../lib/store
load ../lib/system

setup() {
  setup_test
  shared_store
  need jq dpkg-query
  need_root
}

RELEASE=$(. /etc/os-release && echo "$VERSION_CODENAME")

# system NAME VARIANT PACKAGE...: an image of these is built and laid out in $SYSTEMS/NAME.root, once for the whole file
system() {
  local name=$1 variant=$2
  shift 2
  SYSTEMS=$BATS_FILE_TMPDIR
  [ ! -e "$SYSTEMS/$name.root" ] || return 0
  cat > "$SYSTEMS/$name.yaml" <<END
name: $name
version: "1"
debian:
  suite: $RELEASE
  variant: $variant
  packages: [$(IFS=,; echo "$*")]
  scripts: skip
outputs: [{oci: {compression: zstd}}]
END
  ok build "$SYSTEMS/$name.yaml" -o "$SYSTEMS"
  laid_out "$name"
}

full() { system full minbase nginx-light ca-certificates; }
slim() { system slim none nginx-light ca-certificates; }

# apt_in ROOT ARG...: the image's own apt, with no archive to ask
apt_in() {
  local root=$1
  shift
  LC_ALL=C chroot "$root" apt-get -qq -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts=/dev/null "$@"
}

@test "dpkg finds nothing missing, changed or half-installed" {
  full
  slim
  for root in "$SYSTEMS"/full.root "$SYSTEMS"/slim.root; do
    silent dpkg --root="$root" --verify
    silent dpkg --root="$root" --audit
  done
}

@test "dpkg lists the lock's packages, and knows whose a file is" {
  full
  slim
  for name in full slim; do
    dpkg-query --root="$SYSTEMS/$name.root" -W -f '${db:Status-Abbrev} ${Package} ${Version} ${Architecture}\n' | sort > have
    jq -r '.packages[] | .[] | "ii  " + .name + " " + .version + " " + .arch' "$SYSTEMS/$name.lock" | sort > want
    diff want have
    [ "$(dpkg-query --root="$SYSTEMS/$name.root" -S /usr/sbin/nginx)" = "nginx: /usr/sbin/nginx" ]
    dpkg-query --root="$SYSTEMS/$name.root" -S /etc/nginx/nginx.conf /usr/share/ca-certificates '*libc.so.6' > owners
    has "$(< owners)" "libc6:amd64: /lib/x86_64-linux-gnu/libc.so.6"
    # the file is as it was shipped: no conffile counts as changed by its owner
    dpkg-query --root="$SYSTEMS/$name.root" -W -f '${Conffiles}\n' | awk 'NF {print $2 "  ." $1}' > conffiles
    [ -s conffiles ]
    (cd "$SYSTEMS/$name.root" && md5sum --quiet -c "$T/conffiles")
  done
  [ "$(dpkg-query --root="$SYSTEMS/full.root" -S /bin/sh | tail -n 1)" = "dash: /bin/sh" ]
}

@test "the image's own dpkg, apt and shadow find all consistent" {
  full
  # they leave locks and caches behind
  root=$T/root
  cp -a "$SYSTEMS/full.root" "$root"
  silent chroot "$root" dpkg --configure --pending
  silent apt_in "$root" check
  silent apt_in "$root" -s autoremove
  silent apt_in "$root" -s -f install
  # what was asked for may go, and takes along what was there for its sake only
  apt_in "$root" -s autoremove --purge nginx-light > told
  has "$(< told)" "Purg nginx-light"
  has "$(< told)" "Purg iproute2"
  lacks "$(< told)" "Purg ca-certificates"
  # what the variant asks for is asked for
  awk '$1 == "Package:" {print $2}' "$root/var/lib/apt/extended_states" | sort > automatic
  [ -s automatic ]
  run ! grep -xE 'apt|debconf|e2fsprogs|mount|passwd|tzdata' automatic
  silent chroot "$root" pwck -rq
  silent chroot "$root" grpck -r
}

@test "what is excluded, all of it and only that, is missing to dpkg" {
  SYSTEMS=$T
  cat > bare.yaml <<END
name: bare
version: "1"
debian:
  suite: $RELEASE
  variant: minbase
  packages: [nginx-light]
  scripts: skip
  exclude: ["/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/sbin/nginx"]
  include: ["/usr/share/doc/*/copyright"]
END
  ok build bare.yaml
  laid_out bare
  dpkg --root="$T/bare.root" --verify > seen 2>&1 || true
  sort -u bare.root/var/lib/dpkg/info/*.list > all
  grep -x '/usr/share/doc/[^/]*/copyright' all > kept
  grep -E '^/usr/(share/(doc|man|locale)/.|sbin/nginx$)' all | grep -vxFf kept | grep -vxFf <(sed 's,/copyright$,,' kept) > want
  awk '$1 == "missing" {print $2} $1 != "missing"' seen | sort -u > have
  [ "$(wc -l < want)" -gt 500 ]
  diff want have > differences || { head -n 40 differences; return 1; }
  [ "$(find bare.root/usr/share/doc -name copyright | wc -l)" -gt 80 ]
}

# reference: $SYSTEMS/reference.root, made by mmdebstrap out of the very packages that the lock of the full system names
reference() {
  need mmdebstrap apt-ftparchive
  full
  [ ! -e "$SYSTEMS/reference.root" ] || return 0
  mmdebstrap_of "$SYSTEMS/full.lock" "$SYSTEMS/reference" apt nginx-light ca-certificates
}

@test "file by file it is what mmdebstrap makes of the same packages, save what the table tells the reason of" {
  [ "$RELEASE" = bookworm ] || skip "system-differences.txt is bookworm's table"
  reference
  for root in "$SYSTEMS"/full.root "$SYSTEMS"/reference.root; do
    dpkg-query --root="$root" -W > "$(basename "$root").list"
  done
  diff full.root.list reference.root.list
  # nothing of these packages' scripts is left out
  ok build "$SYSTEMS/full.yaml" -o "$SYSTEMS" --json
  jq -e '.skippedScripts == [] and ([.scripts[].how] | unique) == ["native"]' <<< "$out"
  same_system "$SYSTEMS/reference.root" "$SYSTEMS/full.root" system-differences.txt
}

# both COMMAND...: says the same of the two trees, and something
both() {
  (cd "$SYSTEMS/reference.root" && "$@") > theirs
  (cd "$SYSTEMS/full.root" && "$@") > ours
  [ -s ours ]
  diff theirs ours
}

@test "what mmdebstrap's system tells in another order or with another date is the same" {
  reference
  both sh -c 'paste - - - < var/lib/dpkg/diversions | sort'
  both cut -d: -f1,2,4- etc/shadow
  # marked as automatic by apt: by us too, and never what was asked for
  for root in reference full; do
    awk '$1 == "Package:" {print $2}' "$SYSTEMS/$root.root/var/lib/apt/extended_states" | sort > $root.automatic
  done
  [ -s reference.automatic ]
  [ -z "$(comm -23 reference.automatic full.automatic)" ]
  run ! grep -xE 'nginx-light|ca-certificates' full.automatic
}

@test "certificates: the bundle verifies, and each hash link leads to its certificate" {
  need openssl
  full
  certs=$SYSTEMS/full.root/etc/ssl/certs
  [ "$(grep -c 'BEGIN CERTIFICATE' "$certs/ca-certificates.crt")" = "$(find "$certs" -name '*.0' | wc -l)" ]
  for link in "$certs"/*.0; do
    [ "$(openssl x509 -noout -subject_hash -in "$SYSTEMS/full.root/usr/share/ca-certificates/mozilla/$(basename "$(readlink "$certs/$(readlink "$link")")")")" \
      = "$(basename "$link" .0)" ]
  done
}

@test "a scanner finds the vulnerable package by dpkg's database, and only that" {
  need debsecan python3
  slim
  python3 - "$RELEASE" <<'END'
import sys, zlib
feed = """VERSION 1
CVE-2099-0001,,a fault in nginx
CVE-2099-0002,,a fault that is mended
CVE-2099-0003,,a fault in what is not installed

nginx,0,SHRF,9999,
nginx,1,SM F,0.0.1,
emacs,2,SHRF,9999,

nginx,nginx nginx-light nginx-common
"""
open(sys.argv[1], "wb").write(zlib.compress(feed.encode()))
END
  debsecan --source "file://$T/" --suite "$RELEASE" --status "$SYSTEMS/slim.root/var/lib/dpkg/status" --format simple |
    awk '{print $1, $2}' | sort > found
  cat found
  [ "$(grep -c CVE-2099-0001 found)" -ge 1 ]
  grep -qx 'CVE-2099-0001 nginx-common' found
  run ! grep -v CVE-2099-0001 found
}
