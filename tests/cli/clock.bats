# SPDX-License-Identifier: Apache-2.0
#
# Steps that see the epoch as the time
load ../lib/common
load ../lib/sandbox
load ../lib/store
load ../lib/archive

setup() {
  setup_test
  own_store
  need_sandbox
}

teardown() {
  [ -z "${ARCHIVE:-}" ] || archive_end
  [ -n "${BATS_TEST_SKIPPED:-}" ] || nothing_left
}

# with_clock: t.yaml, the steps from stdin, gets programs of the C library, and the library
with_clock() {
  local library
  library=$(find /usr/lib -path '*/faketime/libfaketime.so.1' 2> /dev/null | head -n 1)
  [ -n "$library" ] || skip "libfaketime is not installed (scripts/bootstrap --judges)"
  steps_for t
  programs_for t date sleep touch "$library"
}

content() {
  "$ASHLAR" shell "$1" -- cat "$2" 2> /dev/null < /dev/null
}

@test "with a fixed clock two builds at other times are the same, and no other step is concerned" {
  with_clock <<'END'
run:
  - {name: fixed, shell: "/usr/bin/date '+%s %N' > /now; touch /new; /usr/bin/touch -d @5 /old", clock: fixed}
  - {name: real, shell: "! env | grep -E 'FAKE|LD_PRELOAD'; [ $(/usr/bin/date +%s) -gt 1000000000 ]"}
  - {name: waits, clock: fixed, timeout: 60s, shell: "a=$(cut -d. -f1 /proc/uptime); /usr/bin/sleep 2; [ $(cut -d. -f1 /proc/uptime) -gt $a ]"}
END
  ok build t.yaml --check
  [ "$(content t-1.oci.tar /now)" = "1000000000 000000000" ]
  ok ls --json t-1.oci.tar
  [ "$(jq -sc 'map(select(.path == "/new" or .path == "/old") | .mtime)' <<< "$out")" = '[1000000000,5]' ] || told times
  # the time is what the epoch is, and a part of the key as that is
  sed -i 's/^epoch: .*/epoch: "1000000001"/' t.yaml
  ok build t.yaml
  [ "$(content t-1.oci.tar /now)" = "1000000001 000000000" ]
  # and so is the clock
  sed -i 's/, clock: fixed}$/}/' t.yaml
  ok build t.yaml --explain
  [ "$(content t-1.oci.tar /now | cut -d' ' -f1)" -gt 1000000001 ]
  # who enters the step has its clock
  run_ashlar shell t.yaml:waits -- date +%s
  [ "$out" = "1000000001" ]
}

@test "without the library it is an error at the key: before anything is built where that is known" {
  steps_for t <<'END'
run:
  - shell: date > /now
    clock: fixed
END
  fails 2 build t.yaml
  has "$err" "t.yaml:9:12: error: the step 'date > /now' asks for a fixed clock, which needs libfaketime, and no package brings it"
  has "$err" "hint: add 'libfaketime' to 'debian.packages'"
  lacks "$err" "lay "
  # what an earlier step leaves is known when it is done
  sed -i 's|^run:|&\n  - echo ran|' t.yaml
  fails 1 build t.yaml
  has "$err" "| ran"
  has "$err" "t.yaml:10:12: error: the step 'date > /now' asks for a fixed clock, which needs libfaketime, and the image does not have it"
  # and of a stage
  sed -i -e "s|^run:|stages:\\n  one:\\n    run: [{shell: date, clock: fixed}]\\n&|" -e "s|^files: .|&{path: /x, stage: one, from: /x}, |" t.yaml
  fails 2 build t.yaml
  has "$err" "error: the step 'date' asks for a fixed clock"
}

@test "the packages of the lock tell whether the library will be there" {
  need dpkg-deb apt-ftparchive gpg gpgv
  archive_new "$T/archive"
  deb_begin hello 1.0 > /dev/null
  deb_end hello
  deb_begin libfaketime 1.0 > /dev/null
  deb_end libfaketime
  archive_publish
  recipe_for demo hello
  echo 'run: [{shell: date, clock: fixed}]' >> demo.yaml
  fails 2 build demo.yaml
  has "$err" "which needs libfaketime, and no package brings it"
  recipe_for demo libfaketime
  echo 'run: [{shell: date, clock: fixed}]' >> demo.yaml
  # its name is all that this one has
  fails 1 build demo.yaml
  has "$err" "which needs libfaketime, and the image does not have it"
}
