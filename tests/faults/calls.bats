# SPDX-License-Identifier: Apache-2.0
#
# Every call that touches a file fails in turn, in a first build and in one that replaces an output
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

build() { faulty build image.yaml --sign key -q; }

survived() { nothing_half_made && fault_told && next_run_succeeds; }

# both KIND WHAT: in a first build, and in one over what is there
both() {
  local failed=0
  sweep empty "$1" "$2" build survived || failed=1
  sweep built "$1" "$2" build survived || failed=1
  return $failed
}

@test "a failing open" { both open EMFILE && both open EACCES; }
@test "a failing read" { both read EIO; }
@test "a failing write" { both write ENOSPC && both write EDQUOT && both write EIO; }
@test "a failing fsync" { both sync EIO; }
@test "a failing rename" { sweep built rename EIO build survived; }
@test "a failing link" { both link EIO; }
@test "a failing mkdir" { sweep empty mkdir ENOSPC build survived; }
@test "a failing chmod" { both chmod EIO; }
@test "a failing close" { both close EIO; }
@test "a failing mmap" { both map EMFILE; }
@test "a failing lseek" { sweep empty seek EIO build survived; }
@test "a failing lock" { both lock ENOLCK; }
@test "a failing stat" { both stat EIO; }
@test "a folder that cannot be listed" { both list EIO; }
@test "short reads and writes" { both read short && both write short; }
@test "interrupted calls" { both read EINTR && both write EINTR; }
