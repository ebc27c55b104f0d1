# SPDX-License-Identifier: Apache-2.0
#
# Tars and packages that no program writes: what they are refused for, or what becomes of them (tests/lib/odd_*.py)
load ../lib/common
load ../lib/archive
load ../lib/store
load ../lib/odd

setup() {
  setup_test
  own_store
  need python3
  # what a path that climbs, or a link, would lead to
  mkdir -p around/tmp
  echo untouched > around/x
}

teardown() { archive_end; }

# all that lies about, but for what the tests themselves put there
surroundings() {
  find "$T/around" /etc -xdev -printf '%p %y %m %U:%G %s %T@ %l\n' 2> /dev/null | sort
}

# built NAME WANTED RECIPE [FOLDER]: builds RECIPE, whose image then has the files WANTED below FOLDER
built() {
  rm -f -- *.oci.tar demo.lock
  run_ashlar build "$3" -q
  out=
  if [ "$status" = 0 ]; then
    run_ashlar ls ./*.oci.tar ${4+"$4"}
  else
    for left in *.oci.tar; do [ ! -e "$left" ] || told "$1: $left was made"; done
  fi
  outcome "$1" "$2" "$out"
}

build_packages() {
  need dpkg-deb apt-ftparchive gpg gpgv zstd
  archive_new "$T/archive"
  odd_make "$1"
  mv "$T/$1"/*.deb "$ARCHIVE/www/pool"
  read -r first < <(cut -d'|' -f1 "$T/$1.table")
  publish_as "odd-$first"
  cp demo.yaml base.yaml
  while IFS='|' read -r name wanted rest; do
    sed "s/odd-$first/odd-$name/" base.yaml > demo.yaml
    built "$name" "$wanted" demo.yaml
  done < "$T/$1.table"
}

@test "odd packages are refused by name, or come out whole" {
  before=$(surroundings)
  build_packages debs
  [ "$(surroundings)" = "$before" ]
  ok store verify
}

@test "odd tars in packages are refused by name, or come out whole" {
  before=$(surroundings)
  build_packages tars
  [ "$(surroundings)" = "$before" ]
  ok store verify
}

@test "odd tars that a recipe unpacks are refused by name, or come out whole" {
  need zstd
  before=$(surroundings)
  odd_make tars
  printf '%s\n' 'name: demo' 'version: "1"' 'arch: [amd64]' 'files: [{path: /srv, from: x.tar, unpack: true}]' > demo.yaml
  while IFS='|' read -r name _ wanted _; do
    cp "tars/$name.tar" x.tar
    built "$name" "$wanted" demo.yaml /srv
  done < tars.table
  [ "$(surroundings)" = "$before" ]
  ok store verify
}

@test "odd archives of other kinds are refused by name, or come out whole" {
  before=$(surroundings)
  odd_make archives
  printf '%s\n' 'name: demo' 'version: "1"' 'arch: [amd64]' 'files: [{path: /, from: x, unpack: true}]' > demo.yaml
  while IFS='|' read -r name wanted; do
    cp "archives/$name" x
    built "$name" "$wanted" demo.yaml
  done < archives.table
  [ "$(surroundings)" = "$before" ]
  # a base and a package are read with the same eyes
  printf '%s\n' 'name: demo' 'version: "1"' 'arch: [amd64]' 'from: tar:archives/xz-dictionary' > demo.yaml
  fails 1 build demo.yaml
  has "$err" "xz-dictionary'"
  has "$err" "(limit 'dictionary')"
  ok build demo.yaml --limit dictionary=4G
}

@test "odd tars that are listed are refused by name, or shown" {
  need zstd
  odd_make tars
  while IFS='|' read -r name _ _ wanted; do
    run_ashlar ls "tars/$name.tar"
    outcome "$name" "$wanted" "$out"
    # and read to the end, every file hashed
    run_ashlar ls "tars/$name.tar" --json
    case $status in 0 | 1) ;; *) told "$name: ended with $status" ;; esac
    outcome "$name" "$([ "$status" = 1 ] || echo ok)" "$out"
  done < tars.table
}

@test "odd images are refused by name, or shown" {
  before=$(surroundings)
  odd_make images
  while IFS='|' read -r name ls inspect; do
    ASHLAR_LIMITS=ratio-free=1M run_ashlar ls "oci:images/$name" --json
    outcome "$name" "$ls" "$out"
    run_ashlar inspect "oci:images/$name"
    outcome "$name" "$inspect" "$out"
  done < images.table
  [ "$(surroundings)" = "$before" ]
}

@test "nothing is written outside, as an overlay of the whole system tells" {
  need_root
  need zstd unshare chroot
  odd_make tars
  mkdir layer
  cat > inside << 'END'
set -eu
cd "$1"
printf '%s\n' 'name: demo' 'version: "1"' 'arch: [amd64]' 'files: [{path: /srv, from: x.tar, unpack: true}]' > demo.yaml
for tar in tars/*climb* tars/*link* tars/through* tars/folder* tars/absolute*; do
  cp "$tar" x.tar
  "$2" build demo.yaml -q --store store > list || true
  "$2" ls "$tar" > list || true
done
END
  # shellcheck disable=SC2016 # for the inner shell
  unshare -m sh -c 'mount -t tmpfs none layer && mkdir layer/up layer/work layer/root &&
    mount -t overlay none -o lowerdir=/,upperdir=layer/up,workdir=layer/work layer/root &&
    mount --bind "$1" "layer/root$1" && mount -t proc none layer/root/proc || exit 77
    chroot layer/root /bin/sh "$1/inside" "$1" "$2" 2> messages
    find layer/up ! -type d' - "$T" "$ASHLAR" > written || { [ $? != 77 ] || skip "no overlay can be mounted here"; false; }
  [ ! -s written ] || { cat written; false; }
  [ "$(grep -c "has a component" messages)" -ge 5 ]
}
