# SPDX-License-Identifier: Apache-2.0
#
# A machine that is not what it should be: full, read-only, short of descriptors, with a wrong clock
load ../lib/common
load ../lib/archive
load ../lib/store
load lib

setup_file() {
  need dpkg-deb apt-ftparchive gpg gpgv
  faults_prepare
}

setup() {
  setup_test
  faults_start empty
}

teardown() {
  [ -z "${MOUNTED:-}" ] || umount "$MOUNTED"
}

build() { run_ashlar build image.yaml --sign key "$@"; }

# small_disk FOLDER OPTIONS: a file system in memory
small_disk() {
  need_root
  mkdir -p "$1"
  mount -t tmpfs -o "$2" test "$1" 2> /dev/null || skip "mount is not allowed here"
  MOUNTED=$1
}

# told_and_harmless CAUSE: the build failed, saying so and naming something; nothing is there of it
told_and_harmless() {
  [ "$status" = 1 ] || told "status $status" || return 1
  has "$err" "$1" || return 1
  [[ $err =~ \'.*\'|"one 1.0"|"two 1.0"|"index of" ]] || told "nothing is named" || return 1
  nothing_half_made
}

@test "a store on a disk that is full at any point" {
  small_disk "$T/disk" size=1000k
  own_store "$T/disk/store"
  failed=0
  for size in 100 300 500 700 4000; do
    rm -rf "$ASHLAR_STORE" image-1.oci.tar image.lock
    mount -o "remount,size=${size}k" "$T/disk"
    build
    if [ "$status" = 0 ]; then
      same image-1.oci.tar "$WHOLE"
      continue
    fi
    failed=$((failed + 1))
    told_and_harmless "No space left on device"
    mount -o remount,size=20m "$T/disk"
    next_run_succeeds
  done
  [ "$failed" -gt 2 ]
}

@test "an output folder on a full disk" {
  small_disk "$T/disk" size=100k
  cp -r . "$T/disk/recipe" 2> /dev/null || true
  build -o "$T/disk/out"
  told_and_harmless "No space left on device"
  [ -z "$(ls -A "$T/disk/out")" ]
  mount -o remount,size=20m "$T/disk"
  ok build image.yaml --sign key -o "$T/disk/out"
  same "$T/disk/out/image-1.oci.tar" "$WHOLE"
}

@test "a disk without inodes left" {
  small_disk "$T/disk" size=20m,nr_inodes=14
  own_store "$T/disk/store"
  build
  told_and_harmless "No space left on device"
  mount -o remount,nr_inodes=2000 "$T/disk"
  next_run_succeeds
}

@test "a store that cannot be written serves what it holds, and says why it takes no more" {
  faults_start built
  small_disk "$T/disk" size=20m
  cp -a "$T/store" "$T/disk/store"
  mount -o remount,ro "$T/disk"
  own_store "$T/disk/store"
  ok store verify
  build
  told_and_harmless "Read-only file system"
  has "$err" "$T/disk/store"
  mount -o remount,rw "$T/disk"
  next_run_succeeds
}

@test "somebody else's store" {
  need_root
  need setpriv
  chmod 755 "$BATS_RUN_TMPDIR" "$BATS_SUITE_TMPDIR" "$BATS_FILE_TMPDIR" "$T" 2> /dev/null || true
  chown -R 65534:65534 .
  mkdir -m 755 "$T/theirs"
  as_nobody "$ASHLAR" build image.yaml --store "$T/theirs" > out 2> err && false
  has "$(< err)" "$T/theirs"
  has "$(< err)" "Permission denied"
}

@test "few file descriptors: it takes what it needs, or says how many it needs" {
  need prlimit
  for limit in 6 12 40; do
    status=0
    prlimit --nofile="$limit" "$ASHLAR" build image.yaml --sign key > "$T/out" 2> "$T/err" < /dev/null || status=$?
    [ "$status" = 1 ]
    has "$(< "$T/err")" "limit of $limit open files is too low"
    has "$(< "$T/err")" "ulimit -n 64"
  done
  for limit in 12:4096 64; do
    rm -rf "$ASHLAR_STORE" image-1.oci.tar
    prlimit --nofile="$limit" "$ASHLAR" build image.yaml --sign key -q > /dev/null
    same image-1.oci.tar "$WHOLE"
  done
  next_run_succeeds
}

@test "a limit on the size of files" {
  need prlimit
  program=$ASHLAR
  limited() { prlimit --fsize="$((kib * 1024))" "$program" "$@"; }
  for kib in 4 100; do
    rm -rf "$ASHLAR_STORE" image-1.oci.tar image.lock
    ASHLAR=limited build
    told_and_harmless "File too large" || { echo "with $kib KiB"; false; }
    next_run_succeeds
  done
}

@test "no HOME" {
  unset ASHLAR_STORE
  env -u HOME -u XDG_CACHE_HOME "$ASHLAR" build image.yaml --sign key --store "$T/named" > /dev/null
  same image-1.oci.tar "$WHOLE"
  HOME=/proc/none fails 1 build image.yaml
  has "$err" "/proc/none/.cache/ashlar"
  has "$err" "hint: name a folder that can be written with --store or \$ASHLAR_STORE"
}

@test "an output folder that cannot be made, and an output whose place is taken by a folder" {
  touch file
  fails 1 build image.yaml -o file
  has "$err" "'file'"
  fails 1 build image.yaml -o /proc/none
  has "$err" "'/proc/none'"
  mkdir image-1.oci.tar
  fails 1 build image.yaml --sign key
  has "$err" "image-1.oci.tar"
  rmdir image-1.oci.tar
  next_run_succeeds
}

@test "a clock that is wrong" {
  need faketime
  need_plain "wants to be loaded before what fakes the time"
  for when in "2001-09-09 01:46:40" "2060-01-01 00:00:00"; do
    rm -rf "$ASHLAR_STORE" image-1.oci.tar
    cp "$BASE/built/recipe/image.lock" .
    faketime "$when" "$ASHLAR" build image.yaml --sign key -q > /dev/null
    same image-1.oci.tar "$WHOLE"
    ok store verify
    ok store gc --max-size 1M
    next_run_succeeds
  done
  rm -rf image.lock "$ASHLAR_STORE"
  status=0
  faketime "2001-09-09 01:46:40" "$ASHLAR" lock image.yaml 2> err || status=$?
  [ "$status" = 3 ]
  has "$(< err)" InRelease
}
