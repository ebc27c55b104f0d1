# SPDX-License-Identifier: Apache-2.0
#
# ashlar shell: a program of the user's choice in an image, or in a recipe's tree
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

an_image() {
  steps_for t <<'END'
users: [{name: app, uid: 1234, home: /srv}]
config: {env: {GREETING: hello}, user: app, workdir: /srv}
run: ["mkdir -p /srv && echo content > /srv/file", "rm /srv/file; echo second > /srv/other"]
END
  ok build t.yaml
}

# on_terminal COMMAND...: runs it on a terminal of its own of 33 lines and 44 columns. Lines of stdin are typed, one for each prompt
# ("# " or "... "); RESIZE makes the terminal 55 by 66, ^C is that key. Its output; its status is ours
on_terminal() {
  need python3
  cat > type.py <<'END'
import fcntl, os, pty, select, struct, sys, termios, time
lines = sys.stdin.read().splitlines()
pid, master = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 33, 44, 0, 0))
    os.execvp(sys.argv[1], sys.argv[1:])
said, fresh = b'', b''
while True:
    ready, _, _ = select.select([master], [], [], 0.2)
    if ready:
        try:
            data = os.read(master, 4096)
        except OSError:
            break
        if not data:
            break
        said, fresh = said + data, fresh + data
    elif lines and fresh.replace(b'\x1b[6n', b'').endswith((b'# ', b'... ')):
        line, fresh = lines.pop(0), b''
        if line == 'RESIZE':
            fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack('HHHH', 55, 66, 0, 0))
            time.sleep(0.5)
            line = ''
        os.write(master, b'\x03' if line == '^C' else line.encode() + b'\n')
sys.stdout.buffer.write(said)
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status))
END
  python3 type.py "$@"
}

@test "a program of an image runs as its containers would" {
  an_image
  # shellcheck disable=SC2016 # for the inner shell
  ok shell t-1.oci.tar -- sh -c 'id -u; pwd; echo $GREETING; echo $HOME; cat other; ls file 2>&1; tty; true'
  [ "$(head -5 <<< "$out")" = "1234
/srv
hello
/srv
second" ]
  has "$out" "No such file"
  has "$out" "not a tty"
  ok shell t-1.oci.tar --user root -- id -u
  [ "$out" = 0 ]
  ok shell t-1.oci.tar --user 5:6 -- sh -c 'id -u; id -g'
  [ "$out" = "5
6" ]
  fails 2 shell t-1.oci.tar --user nobody-here -- id
  has "$err" "there is no user 'nobody-here'"
}

@test "what is changed is forgotten" {
  an_image
  ok shell t-1.oci.tar -u root -- sh -c 'rm -r /srv; touch /new; ls -d /new'
  [ "$out" = /new ]
  ok shell t-1.oci.tar -- ls /srv
  [ "$out" = other ]
  fails 1 shell t-1.oci.tar -- ls /new
}

@test "standard input is the program's, output and messages are apart, and the status is passed on" {
  an_image
  status=0
  printf 'echo out\necho err >&2\nexit 42\n' | "$ASHLAR" shell t-1.oci.tar > o 2> e || status=$?
  [ "$status" = 42 ]
  [ "$(cat o)" = out ]
  has "$(cat e)" err
  lacks "$(cat e)" forgotten
  status=0
  # shellcheck disable=SC2016 # for the inner shell
  "$ASHLAR" shell t-1.oci.tar -- sh -c 'sh -c "kill -TERM \$\$"; exit $?' < /dev/null 2> /dev/null || status=$?
  [ "$status" = 143 ]
  # much, and in both directions at once
  head -c 3000000 /dev/urandom > big
  cp big same
  "$ASHLAR" shell t-1.oci.tar -- cat < big 2> /dev/null | cmp - same
  # a reader that has enough ends the program
  "$ASHLAR" shell t-1.oci.tar -- yes 2> /dev/null < /dev/null | head -1 > o
  [ "$(cat o)" = y ]
  fails 1 shell t-1.oci.tar -- nosuchprogram
  has "$err" "executable file"
}

@test "a recipe is entered as a step finds it, or as all leave it" {
  echo bound > f
  export KEY=much-too-secret
  steps_for t <<'END'
secrets: {key: {env: KEY}}
users: [{name: app, uid: 1234}]
remove: [/first]
run:
  - "echo 1 > /first"
  - name: middle
    shell: "exit 9"
    env: {COLOUR: red}
    workdir: /bin
    user: app
    secrets: [key]
    cache: [/c]
    bind: [{path: /b, from: f}]
  - "echo 3 > /third"
END
  for step in 2 middle; do
    # shellcheck disable=SC2016 # for the inner shell
    ok shell "t.yaml:$step" -- sh -c 'cat /first /b /run/secrets/key; echo; echo $COLOUR; pwd; id -u; echo $SOURCE_DATE_EPOCH; echo x >> /c/n; wc -l < /c/n; ls /third 2>&1; true'
    for line in 1 bound much-too-secret red /bin 1234 1000000000; do has "$out" "$line"; done
    has "$out" "/third: No such"
  done
  grep -qx 2 <<< "$out"
  fails 2 shell t.yaml:nosuch
  has "$err" "the recipe has no step 'nosuch'"
  has "$err" "it has 3"
  fails 2 shell t.yaml:4
  sed -i 's/exit 9/true/' t.yaml
  ok shell t.yaml -- sh -c 'cat /third; ls /first 2>&1; true'
  has "$out" 3
  has "$out" "/first: No such"
}

@test "Ctrl-C is the shell's, and another window size is seen" {
  an_image
  status=0
  # shellcheck disable=SC2016 # for the inner shell
  said=$(printf 'RESIZE\n^C\n' | on_terminal "$ASHLAR" shell t-1.oci.tar -u root -- sh -c 'trap "echo caught; exit 7" INT; stty size; tty; printf "... "; read x; stty size; printf "... "; sleep 1000; sleep 1000') || status=$?
  has "$said" "forgotten at the end"
  has "$said" "33 44"
  has "$said" /dev/pts/0
  has "$said" "55 66"
  has "$said" caught
  [ "$status" = 7 ]
}

@test "job control works, and the terminal is as it was afterwards" {
  an_image
  for runtime in crun runc; do
    command -v $runtime > /dev/null || continue
    status=0
    # shellcheck disable=SC2016 # for the inner shell
    said=$(printf '%s\n' 'sleep 1000 &' 'kill %1; wait; echo a$((1+1))b' 'exit 5' 'exit 3' |
      on_terminal sh -c "'$ASHLAR' shell t-1.oci.tar -u root --runtime $runtime -- sh; echo was \$?; stty -a; printf '# '; read x; exit \${x#exit }") || status=$?
    has "$said" a2b
    lacks "$said" "job control turned off"
    has "$said" "was 5"
    has "$said" "isig icanon"
    lacks "$said" "-isig"
    [ "$status" = 3 ]
  done
}

@test "a shell that is killed leaves nothing" {
  an_image
  nap=98765$BASHPID
  for signal in TERM INT KILL HUP; do
    "$ASHLAR" shell t-1.oci.tar -- sh -c "echo begun; sleep $nap" > log 2>&1 < /dev/null &
    pid=$!
    until grep -q begun log; do kill -0 $pid; sleep 0.05; done
    kill -$signal $pid
    wait $pid || true
    for _ in $(seq 100); do
      pgrep -f "[s]leep $nap" > /dev/null || [ -n "$(ls "$ASHLAR_STORE/sandboxes")" ] || break
      sleep 0.05
    done
    if pgrep -f "[s]leep $nap"; then false; fi
  done
}

@test "what --keep-on-error kept is entered, and stays as it is left" {
  steps_for t <<< 'run: [{name: bad, shell: "echo here > /evidence; chown 7 /evidence; chmod 600 /evidence; exit 1"}]'
  fails 1 build t.yaml --keep-on-error
  kept=$(sed -n "s/.*'ashlar shell --kept \([^']*\)'.*/\1/p" <<< "$err")
  ok shell --kept "$kept" -- sh -c 'cat /evidence; stat -c %u /evidence; echo more > /more'
  [ "$out" = "here
7" ]
  ok shell --kept "$kept" cat /more
  [ "$out" = more ]
  fails 2 shell --kept "$T"
  has "$err" "nothing that a build kept"
  ok store gc --max-size 10G
  [ ! -e "$kept" ]
}

@test "an ordinary user enters what a failed step kept" {
  need_root
  need setpriv
  P=$(mktemp -d)
  chmod 755 "$P"
  steps_for t <<< 'run: [{name: bad, shell: "echo here > /evidence; chmod 0 /evidence; exit 1"}]'
  cp -r "$ASHLAR" t.yaml bin "$P"
  chown -R 54321:54321 "$P"
  cd "$P"
  as() { setpriv --reuid 54321 --regid 54321 --clear-groups --inh-caps=-all env -u ASHLAR_STORE HOME="$P" "$@"; }
  as ./ashlar build t.yaml --keep-on-error > log 2>&1 || true
  kept=$(sed -n "s/.*'ashlar shell --kept \([^']*\)'.*/\1/p" log)
  [ "$(as ./ashlar shell --kept "$kept" -- cat /evidence 2> /dev/null < /dev/null)" = here ]
  as ./ashlar store gc --max-size 0 > /dev/null
  [ ! -e "$kept" ]
  cd "$T"
  rm -rf "$P"
}

@test "hostile images, and what is no image, are refused" {
  echo hi > plain
  tar -cf plain.tar plain
  fails 2 shell plain.tar
  has "$err" "only images and recipes"
  fails 2 shell
  has "$err" "an image or a recipe is missing"
  an_image
  mkdir x && tar -xf t-1.oci.tar -C x
  # a layer whose bytes are others than the configuration says
  layer=$(jq -r '.layers | max_by(.size).digest' "x/blobs/sha256/$(jq -r '.manifests[0].digest' x/index.json | cut -d: -f2)" | cut -d: -f2)
  size=$(stat -c %s "x/blobs/sha256/$layer")
  mkdir other && head -c 100 /dev/zero > other/evil && tar -C other -cf other.tar evil
  truncate -s "$size" other.tar
  chmod u+w "x/blobs/sha256/$layer"
  cp other.tar "x/blobs/sha256/$layer"
  own_store "$T/fresh"
  fails 3 shell oci:x -- true
  has "$err" "was tampered with or damaged"
}
