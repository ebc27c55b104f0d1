# SPDX-License-Identifier: Apache-2.0
#
# Faults in turn: load lib (after ../lib/common, archive and store)
#
#   faults_prepare           once a file (setup_file): a small archive, a recipe with files and a key in $BASE, and what an undisturbed
#                            build makes of it, before (image.old) and after (image.new) its files change
#   faults_begin, faults_end the two halves of it, between which the suite writes its own image.yaml
#   faults_start STATE       a fresh copy of "empty" (nothing there yet) or "built" (built, then its files changed) in $T
#   faulty ARG...            ashlar with the interposed library, which $FAULT_... direct (interpose.c); sets $status, $out, $err
#   sweep STATE KIND WHAT RUN CHECK   RUN with the fault WHAT at the calls of KIND, one after the other: all with FULL=1, else
#                            SWEEP of them (3), spread evenly; CHECK after each
# shellcheck disable=SC2034,SC2154 # what is set here is for the suites, and what is used comes from lib/common

interposed() {
  INTERPOSE=$TOP/$BUILD/tests/faults/interpose.so
  ! ldd "$ASHLAR" | grep -q libasan || skip "a sanitizer stands in front of the same calls"
  [ -e "$INTERPOSE" ] || skip "the interposed library is not built (make units)"
}

faults_prepare() {
  faults_begin
  recipe_for image one two
  echo 'files: [{path: /srv, from: files/}]' >> image.yaml
  faults_end
}

faults_begin() {
  BASE=$BATS_FILE_TMPDIR/base
  mkdir -p "$BASE/empty/recipe/files"
  cd "$BASE/empty/recipe" || return
  archive_new "$BASE/archive"
  local name root
  for name in one two; do
    root=$(deb_begin "$name" 1.0)
    mkdir -p "$root/usr/share/$name"
    head -c 70000 /dev/urandom > "$root/usr/share/$name/noise"
    seq 9000 > "$root/usr/share/$name/text"
    deb_end "$name"
  done
  archive_publish
  archive_end
  head -c 50000 /dev/urandom > files/noise
  "$ASHLAR" keygen key --store "$BASE/empty/store"
  rm -rf "$BASE/empty/store"
}

# What undisturbed builds of image.yaml make
faults_end() {
  cp -a "$BASE/empty" "$BASE/built"
  cd "$BASE/built/recipe" || return
  "$ASHLAR" build image.yaml --sign key --store ../store -q > /dev/null
  cp image-1.oci.tar "$BASE/image.old"
  seq 20000 > files/noise
  cp -a "$BASE/built" "$BASE/new"
  cd "$BASE/new/recipe" || return
  "$ASHLAR" build image.yaml --sign key --store "$BASE/fresh" -q > /dev/null
  cp image-1.oci.tar "$BASE/image.new"
  export BASE
}

faults_start() {
  cd "$T" || return
  rm -rf "$T/recipe" "$T/store"
  cp -a "$BASE/$1/." "$T"
  cd "$T/recipe" || return
  own_store "$T/store"
  case $1 in
  empty) WHOLE=$BASE/image.old ;;
  built) WHOLE=$BASE/image.new ;;
  esac
}

faulty() {
  status=0
  LD_PRELOAD=$INTERPOSE "$ASHLAR" "$@" > "$T/.stdout" 2> "$T/.stderr" < /dev/null || status=$?
  out=$(< "$T/.stdout")
  err=$(< "$T/.stderr")
}

# nothing_half_made: the output and the lock are the old or the new, or not there; nothing lies about
nothing_half_made() {
  if [ -e image-1.oci.tar ] && ! cmp -s image-1.oci.tar "$WHOLE" && ! cmp -s image-1.oci.tar "$BASE/image.old"; then
    echo "the output is neither the old one nor the new one"
    return 1
  fi
  [ ! -e image.lock ] || cmp image.lock "$BASE/built/recipe/image.lock" || return 1
  [ "$status" -gt 128 ] || [ -z "$(find . -name '.ashlar-*')" ] || { echo "temporary files are left"; find . -name '.ashlar-*'; return 1; }
}

# next_run_succeeds: the store verifies, and a run without faults makes the right bytes
next_run_succeeds() {
  ok store verify || return 1
  ok build image.yaml --sign key || return 1
  same image-1.oci.tar "$WHOLE"
}

# fault_told: it succeeded with the right bytes, or failed with a message that names what it was about and why
fault_told() {
  case $status in
  0) same image-1.oci.tar "$WHOLE" ;;
  1)
    has "$err" "$CAUSE" || return 1
    [[ $err =~ \'.*\'|"one 1.0"|"two 1.0"|"index of"|file:|sha256: ]] || { echo "nothing is named"; return 1; }
    ;;
  3) # what cannot be looked at is not there, as far as can be told
    [[ $kind == stat && $err == *"blob sha256:"*"is missing"* ]] || { echo "status $status"; return 1; }
    ;;
  *)
    echo "status $status"
    return 1
    ;;
  esac
}

cause_of() {
  case $1 in
  ENOSPC) echo "No space left on device" ;;
  EDQUOT) echo "Disk quota exceeded" ;;
  EIO) echo "Input/output error" ;;
  EMFILE) echo "Too many open files" ;;
  EACCES) echo "Permission denied" ;;
  EROFS) echo "Read-only file system" ;;
  ENOLCK) echo "No locks available" ;;
  *) echo ;;
  esac
}

# some_of COUNT: the numbers to try
some_of() {
  local most=${SWEEP:-3} i
  if [ -n "${FULL:-}" ] || [ "$1" -le "$most" ]; then
    seq "$1"
    return
  fi
  for ((i = 0; i < most; i++)); do echo $((1 + i * ($1 - 1) / (most - 1))); done
}

sweep() {
  local state=$1 kind=$2 what=$3 run=$4 check=$5 count at failed=0
  CAUSE=$(cause_of "$what")
  [ "$kind" != stat ] || CAUSE=
  faults_start "$state"
  FAULT_COUNT=$T/counts "$run"
  if [ "$kind" = change ]; then
    count=$(awk '/^(write|sync|rename|link|unlink|mkdir|truncate|chmod) / {n += $2} END {print n}' "$T/counts")
  else
    count=$(awk -v kind="$kind" '$1 == kind {print $2}' "$T/counts")
  fi
  [ "$count" -gt 0 ] || { echo "no call of kind $kind is made"; return 1; }
  for at in $(some_of "$count"); do
    faults_start "$state"
    FAULT_CALL=$kind FAULT_AT=$at FAULT_DO=$what "$run"
    "$check" || { printf '%s\n' "in '$state', $what at $kind $at of $count: status $status" "$out" "$err"; failed=1; }
  done
  return $failed
}
