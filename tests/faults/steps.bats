# SPDX-License-Identifier: Apache-2.0
#
# The same faults in builds that run programs: on a base, with a stage, with steps that have caches, binds and secrets, and with
# maintainer scripts that dpkg runs. Besides what counts elsewhere, no mount, process, control group or folder of a sandbox is left.
# There are thousands of calls, and a build takes a second: FULL=1 tries 40 of each kind, spread evenly.
load ../lib/common
load ../lib/archive
load ../lib/dpkg
load ../lib/sandbox
load ../lib/store
load lib

setup_file() {
  need_sandbox
  need dash dpkg
  faults_begin
  dpkg_debs
  root=$(deb_begin scripted 1.0)
  mkdir -p "$root/usr/share/scripted"
  printf '#!/bin/sh\nset -e\nwc -c < /srv-of-the-base > /usr/share/scripted/made\n' > "$root/DEBIAN/postinst"
  deb_end scripted
  archive_publish
  archive_end
  a_base
  a_recipe
  faults_end
}

# base-1.oci, a layout, with dpkg in it
a_base() {
  recipe_for base dash dpkg
  cat >> base.yaml << 'END'
files: [{path: /srv-of-the-base, content: base}]
outputs: [{oci: {layout: true}}]
END
  "$ASHLAR" build base.yaml --store "$BASE/store-of-the-base" -q > /dev/null
  rm -rf base.* "$BASE/store-of-the-base"
}

a_recipe() {
  recipe_for image scripted
  mkdir bound
  echo secret > token
  seq 100 > bound/list
  sed -i 's/scripts: skip/scripts: run/; 1i from: oci:base-1.oci' image.yaml
  cat >> image.yaml << END
secrets: {token: {file: token}}
stages:
  tool:
    debian: {suite: $SUITE, mirror: "$MIRROR", keyring: keyring.gpg, packages: [dash, dpkg], scripts: skip}
    run: ["mkdir /made; wc -c < /usr/bin/dpkg > /made/tool; rm /usr/bin/dpkg-split"]
files: [{path: /srv, from: files/}, {path: /opt/tool, stage: tool, from: /made/tool}]
run:
  - shell: "wc -c < /srv/noise > /counted; wc -l < /src/list >> /counted; wc -c < /run/secrets/token >> /counted; date > /kept/x; rm /srv-of-the-base"
    cache: [/kept]
    bind: [{path: /src, from: bound}]
    secrets: [token]
END
}

setup() {
  setup_test
  need_sandbox
  interposed
  MANY=${FULL:-}
  SWEEP=${SWEEP:-${MANY:+40}}
  SWEEP=${SWEEP:-2}
  unset FULL
}

build() { faulty build image.yaml --sign key -q; }

# Of sandboxes; a warden that has only just been orphaned may still be at work
nothing_of_sandboxes() {
  local waited
  for ((waited = 0; waited < 100; waited++)); do
    pgrep -f "ashlar-sandbox .*$ASHLAR_STORE/" > /dev/null || break
    sleep 0.05
  done
  if pgrep -af "ashlar-sandbox .*$ASHLAR_STORE/"; then
    echo "processes are left"
    return 1
  fi
  if grep -F "$ASHLAR_STORE/" /proc/self/mounts; then
    echo "mounts are left"
    return 1
  fi
  nothing_left
}

survived() { nothing_half_made && fault_told && nothing_of_sandboxes && next_run_succeeds; }

# Where all that keeps sandboxes is killed, gc takes away what they left, as the next sandbox does.
killed_inside() { nothing_half_made && fault_told && next_run_succeeds && ok store gc --max-size 1G && nothing_of_sandboxes; }

killed() {
  [ "$status" = 137 ] || { echo "it was not killed"; return 1; }
  nothing_half_made && nothing_of_sandboxes && next_run_succeeds && nothing_of_sandboxes
}

# each STATE FAULT...: "KIND:WHAT" one after the other
each() {
  local state=$1 fault failed=0
  shift
  for fault; do
    sweep "$state" "${fault%:*}" "${fault#*:}" build "$CHECK" || failed=1
  done
  return $failed
}

@test "failing calls" {
  CHECK=survived
  each empty open:EMFILE write:ENOSPC
  if [ -n "$MANY" ]; then
    each empty read:EIO sync:EIO rename:EIO link:EIO mkdir:ENOSPC map:EMFILE chmod:EIO
    each built open:EMFILE write:ENOSPC read:EIO
  fi
}

@test "SIGKILL around any change" {
  CHECK=killed
  each empty change:kill
  if [ -n "$MANY" ]; then each built change:killafter; fi
}

@test "calls that fail in the sandbox's keeper, and its end" {
  local at some="12" failed=0 fault check
  export FAULT_IN=ashlar-sandbox
  [ -z "$MANY" ] || some=$(seq 1 2 60)
  for fault in read:EIO mkdir:ENOSPC stat:EIO ${MANY:+open:EMFILE write:ENOSPC chmod:EIO list:EIO} change:kill; do
    check=survived CAUSE=
    # which kills the warden, the keeper and who would clean up after both: wherever it may be, that is one case
    [ "$fault" != change:kill ] || { check=killed_inside; some=12; }
    for at in $some; do
      faults_start empty
      FAULT_CALL=${fault%:*} FAULT_AT=$at FAULT_DO=${fault#*:} build
      "$check" || { printf '%s\n' "$fault at $at in the keeper: status $status" "$err"; failed=1; }
    done
  done
  [ "$failed" = 0 ]
}
