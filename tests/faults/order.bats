# SPDX-License-Identifier: Apache-2.0
#
# The order that a power cut goes by: a file gets its name after its bytes were synced, and the folder is synced after that
load ../lib/common
load ../lib/archive
load ../lib/store
load lib

setup_file() {
  faults_prepare
}

setup() {
  setup_test
  interposed
}

# in_order NAME...: in $T/log, whatever got a name was synced before (records of actions are not: a torn one is no JSON and counts as
# none), or, where that name is in a hidden folder, before the next that is not; and the folder of each NAME in the current one was
# synced after that
in_order() {
  local name
  awk '
    $1 == "write" { dirty[$2] = 1 }
    $1 == "sync" { delete dirty[$2] }
    $1 == "syncall" { delete dirty }
    $1 != "rename" && $1 != "link" || $3 ~ /\/store\/actions\// { next }
    $3 ~ /\/\./ { hidden[$2] = 1; next }
    {
      if ($2 in dirty) { print "not synced: " $0; bad = 1 }
      for (inode in hidden) if (inode in dirty) { print "not synced within: " $0; bad = 1 }
    }
    END { exit bad }' "$T/log" || return 1
  for name; do
    awk -v name="$PWD/$name" -v folder="$(stat -c %i .)" '
      ($1 == "rename" || $1 == "link") && $3 == name { named = 1; synced = 0 }
      ($1 == "sync" && $2 == folder) || $1 == "syncall" { synced = 1 }
      END { exit !(named && synced) }' "$T/log" || { echo "$name: not named, or its folder is not synced after that"; cat "$T/log"; return 1; }
  done
}

@test "outputs, locks and blobs" {
  faults_start empty
  FAULT_LOG=$T/log faulty build image.yaml --sign key -q
  [ "$status" = 0 ]
  in_order image-1.oci.tar image.lock
  [ "$(grep -c '^link .*/store/blobs/sha256/' "$T/log")" -gt 5 ]
}

@test "an output that is replaced" {
  faults_start built
  FAULT_LOG=$T/log faulty build image.yaml --sign key -q
  [ "$status" = 0 ]
  in_order image-1.oci.tar
}

@test "an output as a folder" {
  faults_start empty
  echo 'outputs: [{oci: {layout: true}}]' >> image.yaml
  FAULT_LOG=$T/log faulty build image.yaml -q
  [ "$status" = 0 ]
  in_order image.lock image-1.oci
}

@test "keys" {
  faults_start empty
  FAULT_LOG=$T/log faulty keygen new
  [ "$status" = 0 ]
  in_order new new.pub
}

@test "a signature added to an image" {
  faults_start built
  FAULT_LOG=$T/log faulty sign image-1.oci.tar --key key
  [ "$status" = 0 ] || { echo "$err"; false; }
  in_order image-1.oci.tar
}
