# SPDX-License-Identifier: Apache-2.0
#
# Steps that run in the sandbox
load ../lib/common
load ../lib/image
load ../lib/sandbox
load ../lib/store

setup() {
  setup_test
  own_store
  need_sandbox
}

teardown() { [ -n "${BATS_TEST_SKIPPED:-}" ] || nothing_left; }

# step NAME TEXT: builds NAME with the one step TEXT, a shell's
step() {
  printf 'run:\n  - shell: |\n%s\n' "$(sed 's/^/      /' <<< "$2")" | steps_for "$1"
  ok build "$1.yaml"
}

@test "what a step makes, changes and takes away is in the image" {
  steps_for t <<'END'
run:
  - mkdir -p /srv/deep/er && echo one > /srv/one && ln -s one /srv/link && ln /srv/one /srv/hard
  - {name: change, command: [sh, -c, "echo two > /srv/one; chmod 600 /srv/one; chown 7:8 /srv/deep; rm /srv/link; rmdir /srv/deep/er"]}
END
  ok build t.yaml --explain
  has "$out" "step 'change'"
  ok ls t-1.oci.tar /srv
  lacks "$out" /srv/link
  lacks "$out" /srv/deep/er
  ok ls --json t-1.oci.tar /srv
  jq -se 'map(select(.path == "/srv/hard") | [.type, .mode, .size]) == [["file", "0600", 4]]' <<< "$out" || told "/srv/hard"
  jq -se 'map(select(.path == "/srv/deep") | [.uid, .gid]) == [[7, 8]]' <<< "$out" || told "/srv/deep"
  jq -se 'map(select(.path == "/srv/one") | [.type, .target]) == [["hardlink", "srv/hard"]]' <<< "$out" || told "/srv/one"
}

@test "more files than one message speaks of come through, with their owners" {
  mkdir many
  (cd many && seq 3000 | split -l 1 -a 3 -)
  steps_for t <<< 'run: ["mkdir /made; cd /many; for f in *; do echo \"$f\" > /made/$f; done; chown -R 3:4 /made", "cat /many/* /made/* | wc -lc | xargs; stat -c %u:%g /many/xaaa /made/xelj | xargs"]'
  sed -i 's|^files: \[|files: [{path: /many, from: many, owner: "7", group: "8"}, |' t.yaml
  ok build t.yaml
  has "$err" "| 6000 28893"
  has "$err" "| 7:8 3:4"
  ok ls --json t-1.oci.tar
  [ "$(jq -r 'select(.type == "file" and .uid == 7 and .gid == 8) | .path' <<< "$out" | wc -l)" = 3000 ]
  [ "$(jq -r 'select(.type == "file" and .uid == 3 and .gid == 4) | .path' <<< "$out" | wc -l)" = 3000 ]
}

@test "the same step on the same files is run once, whatever its name" {
  steps_for t <<'END'
run:
  - {name: first, shell: "echo ran; date > /now 2>&1; cat /proc/uptime > /up"}
END
  ok build t.yaml
  has "$err" "first | ran"
  cp t-1.oci.tar first.tar
  rm t-1.oci.tar
  ok build t.yaml
  lacks "$err" "| ran"
  same first.tar t-1.oci.tar
  sed -i 's/name: first/name: second/' t.yaml
  ok build t.yaml
  lacks "$err" "| ran"
}

@test "another encoding does not run a step again" {
  steps_for t <<'END'
run: ["echo ran; cat /proc/uptime > /up"]
END
  ok build t.yaml
  ok ls --json t-1.oci.tar /up
  before=$(jq -r .digest <<< "$out")
  echo 'outputs: [{oci: {compression: gzip}}]' >> t.yaml
  ok build t.yaml
  lacks "$err" "| ran"
  ok ls --json t-1.oci.tar /up
  [ "$(jq -r .digest <<< "$out")" = "$before" ]
}

@test "a step sees the same everywhere" {
  look='env | sort; id; hostname; pwd; umask; ulimit -n; echo $$; cat /proc/self/oom_score_adj; ls -la /tmp /run /dev | sed "s/ [A-Z][a-z][a-z] .*:.. / /"'
  step t "$look"
  one=$(grep ' | ' <<< "$err")
  own_store "$T/store2"
  mkdir elsewhere && cd elsewhere
  umask 077
  export TZ=Asia/Tokyo LANG=de_DE.UTF-8 FOO=bar HOME=/nonexistent
  step t "$look"
  two=$(grep ' | ' <<< "$err")
  diff <(echo "$one") <(echo "$two")
  has "$one" "SOURCE_DATE_EPOCH=1000000000"
  has "$one" "| localhost"
  lacks "$two" FOO
  own_store
}

@test "root and an ordinary user get the same bytes" {
  need_root
  need newuidmap setpriv
  { [ -e /etc/subuid ] && [ -e /etc/subgid ]; } || skip "there is no /etc/subuid"
  P=$(mktemp -d)
  chmod 755 "$P"
  cd "$P"
  cp "$ASHLAR" ashlar
  steps_for t <<'END'
users: [{name: app, uid: 1234}]
run:
  - {shell: "id; echo x > /mine; chown 1234:77 /mine; chmod 4711 /mine; mkdir -m 1777 /sticky; mkfifo /pipe"}
  - {shell: "id; touch /tmp/x", user: app}
END
  ok build t.yaml
  mkdir user
  cp -r t.yaml bin user
  chown -R 54321:54321 user
  as_subordinate env -u ASHLAR_STORE HOME="$P/user" ./ashlar build user/t.yaml -o user > user.log 2>&1 || { cat user.log; false; }
  same t-1.oci.tar user/t-1.oci.tar
  left=$(find user/.cache/ashlar/sandboxes -mindepth 1)
  [ -z "$left" ]
  rm -rf "$P"
}

@test "runc and crun do the same" {
  need runc crun
  steps_for t <<'END'
run: ["id > /id; ls -la / /dev /proc/self/ns > /dev/null; touch /a; cat /proc/self/status | grep -E 'Cap|NoNew|Seccomp:' > /status"]
END
  ok build t.yaml --runtime crun
  cp t-1.oci.tar crun.tar
  own_store "$T/second"
  ok build t.yaml --runtime runc
  same crun.tar t-1.oci.tar
  fails 1 build t.yaml --runtime nosuchruntime --store "$T/third"
  has "$err" "there is no container runtime 'nosuchruntime'"
}

@test "a /proc or /sys that is hidden in part is named, and what to do" {
  need_root
  need runc crun
  steps_for t <<< 'run: [":"]'
  # shellcheck disable=SC2016 # for the inner shell
  hidden() { unshare -m sh -c 'mount -t tmpfs hidden "$0" && exec "$@"' "$1" "$ASHLAR" build t.yaml "${@:2}" > log 2>&1; }
  for case in "/proc/acpi crun" "/sys/firmware runc"; do
    place=${case% *}
    [ -d "$place" ] || continue
    status=0
    hidden "$place" --runtime "${case#* }" || status=$?
    [ "$status" = 1 ]
    has "$(< log)" "t.yaml:7:7: error: the step ':' cannot be run: "
    has "$(< log)" "hint: a sandbox may have a /$(cut -d/ -f2 <<< "$place") of its own only where all of the one outside can be seen, and '$place' is mounted over"
  done
}

@test "a step that fails shows its place and last lines, and leaves nothing" {
  steps_for t <<'END'
run:
  - {name: works, shell: "echo fine"}
  - name: breaks
    shell: |
      seq 1 100
      echo the end; exit 7
END
  fails 1 build t.yaml
  has "$err" "t.yaml:9:5: error: the step 'breaks' failed with status 7:"
  has "$err" "  the end"
  has "$err" "  82"
  lacks "$err" "
  10
"
  has "$err" "hint: all that it printed is in '"
  log=$(sed -n "s/^hint: all that it printed is in '\(.*\)'$/\1/p" <<< "$err")
  [ "$(wc -l < "$log")" = 101 ]
  [ ! -e t-1.oci.tar ]
  # what worked is not run again
  sed -i 's/exit 7/exit 0/' t.yaml
  ok build t.yaml
  lacks "$err" "works | fine"
}

@test "signals, missing programs, time, memory and users that are not there are told" {
  steps_for t <<'END'
run: [{shell: "sh -c 'kill -SEGV $$'; exit $?"}]
END
  fails 1 build t.yaml
  has "$err" "was ended by signal 11"
  steps_for t <<< 'run: [{command: [nosuchprogram]}]'
  fails 1 build t.yaml
  has "$err" "the step 'nosuchprogram' cannot be run"
  has "$err" "executable file"
  steps_for t <<< 'run: [{shell: "echo a; sleep 1000 & sleep 1000", timeout: 1s}]'
  fails 1 build t.yaml
  has "$err" "took longer than 1 second"
  steps_for t <<< 'run: [{command: [id], user: nosuch}]'
  fails 1 build t.yaml
  has "$err" "the image has no user 'nosuch'"
  steps_for t <<< 'run: [{shell: "x=$(yes aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa | head -n 10000000)", memory: 32M}]'
  fails 1 build t.yaml
  has "$err" "memory"
}

@test "a recipe's slips in steps and secrets are found before anything runs" {
  steps_for t <<'END'
secrets:
  token: {file: x, env: Y}
  key: {env: KEY}
run:
  - {name: both, command: [a], shell: b}
  - {name: none}
  - {command: []}
  - {shell: a, secrets: [kex]}
  - {shell: a, timeout: 5d}
  - {shell: a, memory: 1.5G}
  - {shell: a, netwrok: true}
END
  fails 2 build t.yaml
  has "$err" "the secret 'token' needs exactly one of 'file', 'env' and 'command'"
  has "$err" "a step needs exactly one of 'command' and 'shell'"
  has "$err" "'run.command' names no program"
  has "$err" "the recipe has no secret 'kex'"
  has "$err" "did you mean 'key'?"
  has "$err" "like 10m or 2h"
  has "$err" "like 512M or 2G"
  has "$err" "did you mean 'network'?"
  [ ! -e "$ASHLAR_STORE/sandboxes" ]
}

@test "a secret is there for its step alone, and nowhere else" {
  printf 'hunter2-and-more\n' > "$T/token"
  steps_for t <<'END'
secrets:
  token: {file: token}
  word: {env: WORD}
  said: {command: [printf, "spoken-secret"]}
run:
  - {shell: "wc -c < /run/secrets/token; cat /run/secrets/token /run/secrets/word /run/secrets/said | tr a-z A-Z; cat /run/secrets/token; ls -l /run/secrets; touch /run/secrets/x || true", secrets: [token, word, said]}
  - {shell: "ls /run; test ! -e /run/secrets"}
END
  WORD=verysecret ok build t.yaml
  has "$err" "| 17"
  has "$err" "***"
  lacks "$err" hunter2
  if grep -rqa -e hunter2 -e verysecret -e spoken-secret "$ASHLAR_STORE" t-1.oci.tar t.lock; then false; fi
  # its value is no part of what a step is known by
  echo other-secret > "$T/token"
  WORD=another ok build t.yaml
  lacks "$err" "***"
}

@test "an image that holds a secret is refused, and the secret is not kept" {
  printf 'hunter2-and-more\n' > "$T/token"
  for how in 'cat $s > /left' 'base64 $s > /left' 'echo -n xx | cat - $s | base64 > /left' 'xxd -p $s > /left' 'ln -s "$(cat $s)" /left' 'touch "/$(cat $s)"'; do
    steps_for t << END
secrets: {token: {file: token}}
run: [{name: leaks, shell: 's=/run/secrets/token; $how', secrets: [token]}]
END
    fails 1 build t.yaml
    has "$err" "the step 'leaks' left a secret (of token) in '/"
    if grep -rqa hunter2 "$ASHLAR_STORE"; then false; fi
  done
  steps_for t <<< 'secrets: {token: {file: nosuch}}
run: [{shell: "true", secrets: [token]}]'
  fails 1 build t.yaml
  has "$err" "the secret 'token' cannot be read"
  steps_for t <<< 'secrets: {token: {env: NOSUCHVARIABLE}}
run: [{shell: "true", secrets: [token]}]'
  fails 1 build t.yaml
  has "$err" "the environment variable 'NOSUCHVARIABLE' is not set"
}

@test "there is no network unless a step asks for it" {
  steps_for t <<< 'run: ["ip -o link | grep -v lo: && exit 1; test ! -e /etc/resolv.conf"]'
  ok build t.yaml
  steps_for t <<< 'run: [{shell: "ip -o link > /dev/null; cat /etc/resolv.conf > /dev/null; readlink /proc/self/ns/net", network: true}]'
  ok build t.yaml
  has "$err" "| $(readlink /proc/self/ns/net)"
  ok ls t-1.oci.tar
  lacks "$out" resolv.conf
}

@test "Ctrl-C ends a step, and leaves nothing" {
  steps_for t <<< 'run: ["echo begun; sleep 1000"]'
  "$ASHLAR" build t.yaml > log 2>&1 &
  pid=$!
  until grep -q 'begun' log; do sleep 0.05; done
  kill -INT $pid
  status=0
  wait $pid || status=$?
  [ "$status" = 130 ]
  nothing_left
  [ ! -e t-1.oci.tar ]
}

@test "killing builder, warden, keeper or runtime leaves no process, folder or control group" {
  # no other run of these tests has processes of that name
  nap=98765$BASHPID
  for victim in builder warden keeper runtime step; do
    steps_for t <<< "run: ['echo begun $victim; sleep $nap']"
    "$ASHLAR" build t.yaml > log 2>&1 &
    builder=$!
    until grep -q 'begun' log; do sleep 0.05; done
    warden=$(pgrep -P $builder -f ashlar-sandbox)
    keeper=$(pgrep -P "$warden")
    runtime=$(pgrep -P "$keeper" | head -1)
    kill -KILL "$(case $victim in builder) echo $builder ;; warden) echo "$warden" ;; keeper) echo "$keeper" ;; runtime) echo "$runtime" ;; step) pgrep -f "[s]leep $nap" | head -1 ;; esac)"
    status=0
    wait $builder || status=$?
    [ "$status" != 0 ]
    # what the warden does it does when the builder is dead already
    for _ in $(seq 200); do
      { ! pgrep -f "[s]leep $nap" > /dev/null && ! pgrep -f "ashlar-sandbox .*$ASHLAR_STORE" > /dev/null; } && break
      sleep 0.05
    done
    if pgrep -f "[s]leep $nap"; then echo "left: a process, after the death of $victim"; false; fi
    nothing_left
  done
  # of both at once, the folder goes with the next build
  steps_for t <<< "run: ['echo begun both; sleep $nap']"
  "$ASHLAR" build t.yaml > log 2>&1 &
  builder=$!
  until grep -q 'begun' log; do sleep 0.05; done
  warden=$(pgrep -P $builder -f ashlar-sandbox)
  kill -KILL "$warden" $builder
  wait $builder || true
  [ -n "$(ls "$ASHLAR_STORE/sandboxes")" ]
  steps_for t <<< 'run: ["true"]'
  ok build t.yaml
  nothing_left
}

@test "a step cannot get out" {
  # who is root of namespaces of his own can do this much: that a step cannot is the sandbox's doing
  mkdir mine
  # shellcheck disable=SC2016 # for the inner shell
  unshare -U --map-root-user -m -u -p -f sh -c '"$1" mount -t tmpfs none mine && "$1" umount mine && "$1" hostname other &&
    "$1" unshare -m true && "$1" unshare -U true' sh "$(command -v busybox)"
  steps_for t <<'END'
run:
  - |
    try() { if "$@" > /dev/null 2>&1; then echo "succeeded: $*"; exit 1; fi; }
    mkdir /srv
    try mount -t tmpfs none /srv
    try mount -o remount,rw /proc/sys
    try umount /proc
    try mknod /zero c 1 5
    try mknod /disk b 8 0
    try hostname other
    try unshare -U true
    try unshare -m true
    try nsenter -t 1 -m true
    try dd if=/dev/mem of=/dev/null count=1
    try sh -c 'echo 1 > /proc/sys/kernel/hostname'
    try sh -c 'echo c > /proc/sysrq-trigger'
    try sh -c 'echo 0 > /sys/kernel/mm/ksm/run'
    date -s 2000-01-01 > /dev/null 2>&1; test "$(date +%Y)" -ge 2025
    try sh -c 'echo x > /proc/1/mem'
    try swapon /bin/busybox
    try insmod /bin/busybox
    try ping -c1 -W1 127.0.0.53
    # there is nobody else here
    test "$(ls -d /proc/[0-9]* | wc -l)" -lt 6
    test "$(cat /proc/1/comm)" = sh
END
  ok build t.yaml
}

@test "links that change under the comparison lead nowhere" {
  echo outside > "$T/precious"
  steps_for t <<END
run:
  - ln -s $T/precious /file; ln -s $T /folder; ln -s /../../../../../../etc/shadow /up; ln -s /proc/1/root /proclink
  - (while true; do rm -rf /race; mkdir /race; rm -rf /race; ln -s $T /race; done) > /dev/null 2>&1 &
    sleep 0.3
END
  sed -i 's/^  - (while/  - |\n    (while/' t.yaml
  ok build t.yaml
  ok ls t-1.oci.tar
  lacks "$out" precious.
  has "$out" "/file -> $T/precious"
  [ "$(cat "$T/precious")" = outside ]
  if tar -xOf t-1.oci.tar | grep -aq outside; then false; fi
}

@test "a fork bomb is bounded and ends with its step" {
  steps_for t <<< 'run: [{shell: "bomb() { bomb | bomb & }; bomb; sleep 100", timeout: 1s}]'
  fails 1 build t.yaml
  has "$err" "the step"
  nothing_left
}

@test "odd files that a step leaves" {
  step t 'printf "a\nb" > "$(printf "/new\nline")"; touch "/$(printf "\377\376")"; mkdir -m 000 /closed; touch /closed/in; chmod 000 /closed/in
mkfifo /fifo; truncate -s 30M /sparse; i=0; d=/d; while [ $i -lt 200 ]; do d=$d/d; i=$((i+1)); done; mkdir -p $d; touch $d/deep'
  ok ls t-1.oci.tar
  has "$out" '/new\012line'
  has "$out" /closed/in
  has "$out" /fifo
  steps_for t <<< 'run: ["i=0; d=; while [ $i -lt 300 ]; do mkdir d; cd d; i=$((i+1)); done; touch x"]'
  fails 1 build t.yaml
  has "$err" "deep"
}

@test "what is removed is still there for steps, and gone in the image" {
  steps_for t <<'END'
remove: [/opt/tool, /bin/vi]
run: ["mkdir /opt; echo x > /opt/tool", "cat /opt/tool > /srv"]
END
  ok build t.yaml
  ok ls t-1.oci.tar
  has "$out" /srv
  lacks "$out" /opt/tool
}

@test "--explain tells which step ran, and why" {
  steps_for t <<'END'
run:
  - {name: one, shell: "echo 1 > /srv"}
  - {name: two, shell: "cat /srv > /opt"}
END
  ok build t.yaml
  sed -i 's/name: two, shell: "cat/name: two, shell: "cat -v/' t.yaml
  ok build t.yaml --explain
  grep -qE '^step +one \(amd64\) +reused' <<< "$out"
  grep -qE '^step +two \(amd64\) +made +because: recipe: run\[1\].* \(t.yaml:[0-9]+\)' <<< "$out" || told "why two ran"
  echo other > bin/new
  ok build t.yaml --explain
  grep -qE '^step +one \(amd64\) +made +because: the files that it is run on changed' <<< "$out" || told "why one ran"
}

@test "an image with steps is reproducible" {
  steps_for t <<< 'run: ["mkdir /srv; echo a > /srv/a; ln /srv/a /srv/b; chown 5:5 /srv; date -r /bin/busybox"]'
  ok build t.yaml --check
  has "$out" "reproducible: 2 builds, same bytes"
  steps_for u <<< 'run: ["cat /proc/uptime > /up"]'
  fails 1 build u.yaml --check
  has "$err" "/up"
}

@test "tests run commands as a container of the image would" {
  steps_for t <<'END'
users: [{name: app, uid: 1234}]
config: {user: app, env: {GREETING: hi}, workdir: /srv}
run: ["mkdir /srv; echo content > /srv/file"]
tests:
  - {command: [cat, file], stdout: content}
  - {name: environment, command: [sh, -c, 'id -u; pwd; echo $GREETING; echo err >&2'], stdout: {matches: "^1234\n/srv\nhi\n$"}, stderr: {matches: "^err\n$"}}
  - {command: ["false"], status: 1}
  - {command: [sh, -c, "echo x > /tmp/kept; ip -o link | grep -v lo:"], status: 1, stdout: {matches: "^$"}}
END
  ok build t.yaml --json --junit report.xml
  jq -e '.tests | length == 4 and all(.passed)' <<< "$out"
  has "$err" "test     2/4 environment"
  has "$err" "files for the tests"
  grep -q 'tests="4"' report.xml
}

@test "commands that fail their tests are told together, and nothing is written" {
  steps_for t <<'END'
tests:
  - {command: [sh, -c, "echo oops >&2; exit 3"]}
  - {command: [echo, one], stdout: two}
  - {command: [nosuchprogram]}
  - {command: [sh, -c, "kill -9 $$; exit 1 & wait"]}
END
  fails 1 build t.yaml
  has "$err" "t.yaml:8:5: error: 'sh' ended with status 3, not 0, and said: oops"
  has "$err" "t.yaml:9:5: error: its stdout does not contain 'two'"
  has "$err" "t.yaml:10:5: error: 'nosuchprogram' cannot be run"
  has "$err" "of 4 tests failed"
  [ ! -e t-1.oci.tar ]
}

@test "programs of an architecture that the machine cannot run are refused before all work" {
  foreign=s390x
  [ "$(uname -m)" != s390x ] || foreign=amd64
  [ ! -e /proc/sys/fs/binfmt_misc/qemu-$foreign ] || skip "this machine emulates $foreign"
  steps_for t <<< "arch: [$foreign]
run: [\"true\"]"
  fails 1 build t.yaml
  has "$err" "this machine cannot run programs of $foreign"
  has "$err" "qemu-user-static"
  [ ! -e "$ASHLAR_STORE/sandboxes" ]
  # what needs no program to run is built
  sed -i '/^run/d' t.yaml
  ok build t.yaml
}

@test "where namespaces are forbidden, that and the step that needs them are told" {
  need_root
  steps_for t <<< 'run: [{name: needs one, shell: "true"}]'
  chmod 755 "$T"
  status=0
  unshare -U --map-root-user sh -c 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"' sh "$ASHLAR" build t.yaml > log 2>&1 || status=$?
  err=$(< log)
  [ "$status" = 1 ]
  has "$err" "t.yaml:7:7: error: the step 'needs one' cannot be run: this system does not allow user namespaces"
  has "$err" "hint: steps and tests that run programs need them"
  nothing_left
}

@test "--keep-on-error leaves what a step left, until gc" {
  steps_for t <<< 'run: [{name: bad, shell: "echo here > /evidence; exit 1"}]'
  fails 1 build t.yaml --keep-on-error
  kept=$(sed -n "s/^hint: what it left is in '\(.*\)'; .*/\1/p" <<< "$err")
  [ "$(cat "$kept/evidence")" = here ]
  [ -e "$kept/evidence" ]
  ok store gc --max-size 10G
  [ ! -e "$kept" ]
}

@test "Ctrl-C while files are laid out ends it, and leaves nothing" {
  mkdir many
  (cd many && seq 30000 | split -l 1 -a 4 -)
  steps_for t <<< 'run: ["true"]'
  sed -i 's|^files: \[|files: [{path: /many, from: many}, |' t.yaml
  sed 's/^run.*//' t.yaml > warm.yaml
  ok build warm.yaml
  # on the disk, where it takes its time
  "$ASHLAR" build t.yaml --keep-on-error > log 2>&1 &
  pid=$!
  until [ -n "$(ls "$ASHLAR_STORE"/sandboxes/*/root/many 2> /dev/null | head -1)" ]; do kill -0 $pid || break; done
  kill -INT $pid
  status=0
  wait $pid || status=$?
  [ "$status" = 130 ] || { cat log; false; }
  if grep -q error: log; then cat log; false; fi
  nothing_left
}

# with_memory BYTES COMMAND...: in a control group that has so much
with_memory() {
  local own group status=0
  own=$(awk -F: '$2 == "memory" {print "/memory" $3} $1 == 0 && $2 == "" {print $3}' /proc/self/cgroup | sort -r | head -n 1)
  group=/sys/fs/cgroup$own/stones-$BASHPID
  { mkdir "$group" && { echo "$1" > "$group/memory.limit_in_bytes" || echo "$1" > "$group/memory.max"; }; } 2> /dev/null ||
    { rmdir "$group" 2> /dev/null; skip "no control group with a bound of memory can be made"; }
  shift
  # shellcheck disable=SC2016 # for the inner shell
  GROUP=$group sh -c 'echo $$ > "$GROUP/cgroup.procs" && exec "$@"' sh "$@" || status=$?
  rmdir "$group"
  return $status
}

@test "what does not fit into memory begins again on the disk, a step and a test" {
  need_root
  need_plain "takes so much memory itself"
  steps_for t <<'END'
run: ["echo begun; dd if=/dev/zero of=/large bs=1M count=40"]
tests:
  - {file: /large, size: {least: 40M}}
  - {command: [sh, -c, "dd if=/dev/zero of=/more bs=1M count=40 && echo done"], stdout: {contains: done}}
END
  with_memory 72000000 "$ASHLAR" build t.yaml > log 2>&1 || { cat log; false; }
  [ "$(grep -c 'lay .*files for the steps' log)" = 2 ]
  [ "$(grep -c '| begun$' log)" = 2 ]
  [ "$(grep -c 'lay .*files for the tests' log)" -ge 1 ]
  # with memory enough it is there at once, and the same
  mv t-1.oci.tar small.oci.tar
  own_store "$T/other"
  ok build t.yaml
  [ "$(grep -c 'lay .*files for the steps' <<< "$err")" = 1 ]
  same small.oci.tar t-1.oci.tar
  nothing_left
}
