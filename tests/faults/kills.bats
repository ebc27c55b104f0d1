# SPDX-License-Identifier: Apache-2.0
#
# Ended at the N-th call that changes the file system, for every N: by SIGKILL, and by a power cut
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
  : "${SWEEP:=8}"
}

build() { faulty build image.yaml --sign key -q; }

gc() { faulty store gc --max-size "${GC_SIZE:-0}"; }


killed() {
  [ "$status" = 137 ] || { echo "it was not killed"; return 1; }
  nothing_half_made && next_run_succeeds
}

# What was not synced is gone: records of actions may be torn, which the check tells of; whatever has its name otherwise is whole.
cut_off() {
  [ "$status" = 137 ] || { echo "there was no power cut"; return 1; }
  nothing_half_made || return 1
  run_ashlar store verify --repair
  lacks "$out" "blob " || return 1
  next_run_succeeds
}

@test "SIGKILL before any change" { sweep empty change kill build killed && sweep built change kill build killed; }

@test "SIGKILL right after any change" { sweep empty change killafter build killed && sweep built change killafter build killed; }

@test "SIGKILL within a collection of garbage" { GC_SIZE=100K sweep built change kill gc killed && sweep built change killafter gc killed; }

@test "a power cut before any change" { sweep empty change cut build cut_off && sweep built change cut build cut_off; }

@test "a power cut that leaves zeros" { sweep empty change zero build cut_off && sweep built change zero build cut_off; }

@test "SIGKILL within an update of the lock" {
  update() { faulty lock image.yaml --update -q; }
  sweep built change kill update killed
}

@test "SIGKILL and a power cut while keys are made leave none, a public one alone, or both" {
  make_keys() { faulty keygen new; }
  keys_killed() {
    [ "$status" = 137 ] || return 1
    if [ -e new ]; then
      [ "$(stat -c %a new)" = 600 ] && openssl pkey -in new -pubout | cmp - new.pub
      return
    fi
    if [ -e new.pub ]; then
      openssl pkey -pubin -in new.pub -noout && fails 1 keygen new && has "$err" "hint: its private key is not" || return 1
      rm new.pub
    fi
    ok keygen new
  }
  sweep empty change kill make_keys keys_killed
  sweep empty change killafter make_keys keys_killed
  sweep empty change cut make_keys keys_killed
}
