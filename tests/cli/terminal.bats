# SPDX-License-Identifier: Apache-2.0
#
# The live display on real terminals of several sizes: what tmux shows of it while a build is held half-way.
load ../lib/common
load ../lib/archive
load ../lib/store

setup() {
  setup_test
  own_store
  need dpkg-deb apt-ftparchive gpg python3 tmux script
  export TMUX_TMPDIR=$T TERM=xterm-256color
  archive_new "$T/archive"
  for name in one two a-package-with-a-name-too-long-for-forty-columns; do
    root=$(deb_begin $name 1.0)
    mkdir -p "$root/usr/share/$name"
    head -c 200000 /dev/urandom > "$root/usr/share/$name/noise"
    deb_end $name
  done
  archive_publish
  recipe_for demo one two a-package-with-a-name-too-long-for-forty-columns
  ok lock demo.yaml
  python3 "$TOP/tests/lib/held-server.py" "$ARCHIVE/www" "$T/port" 3>&- &
  server=$!
  until [ -e "$T/port" ]; do sleep 0.05; done
  mirror=http://127.0.0.1:$(cat "$T/port")
}

teardown() {
  tmux -L t kill-server 2> /dev/null || true
  [ -z "$server" ] || kill "$server"
  archive_end
}

# terminal COLUMNS ROWS: a shell with job control on a terminal of that size
terminal() {
  tmux -f /dev/null -L t new-session -d -x "$1" -y "$2" "env PS1='ready> ' bash --norc --noprofile -i"
  seen 'ready>'
}

keys() { tmux -L t send-keys "$@"; }

# screen: what is on it, wrapped lines as the one line they are
screen() { tmux -L t capture-pane -pJ; }

# seen PATTERN: waits until the screen has a line like that
seen() {
  until screen | grep -qE -- "$1"; do
    tmux -L t has-session || { echo "the terminal is gone"; return 1; }
    sleep 0.05
  done
}

cursor() { tmux -L t display-message -p '#{cursor_flag}'; }

build() {
  keys "clear; '$ASHLAR' build demo.yaml --mirror $mirror; echo ended: \$?" Enter
  seen '^  .* 5[0-9]%'
}

# tidy COLUMNS: the block is there once, whole, and no line of it is wider than the terminal
tidy() {
  local text
  text=$(screen)
  [ "$(grep -cE '^fetch ' <<< "$text")" = 1 ] || { echo "not one line for the phase:"; echo "$text"; return 1; }
  [ "$(grep -cE 'demo\.yaml  [0-9]' <<< "$text")" = 1 ] || { echo "not one line for the build:"; echo "$text"; return 1; }
  [ "$(grep -cE '^ {1,2}(one|two|a-pack)' <<< "$text")" = 3 ] || { echo "not three packages:"; echo "$text"; return 1; }
  [ "$(grep -c . <<< "$text")" = 5 ] || { echo "more than the block:"; echo "$text"; return 1; }
  if grep -nE "^.{$1}" <<< "$text"; then
    echo "wider than the terminal"
    return 1
  fi
}

# clean: nothing of the block is left, and the cursor is back
clean() {
  local text
  text=$(screen)
  if grep -E '^(fetch|unpack|compress|merge|splice|hash|store|write) |  0:0|^ {1,2}(one|two|a-pack)' <<< "$text"; then
    echo "something is left:"
    echo "$text"
    return 1
  fi
  [ "$(cursor)" = 1 ]
}

@test "the display fits terminals of several sizes, and leaves the summary alone" {
  for size in 40x20 80x24 100x30; do
    rm -rf "$ASHLAR_STORE" demo-1.oci.tar "$T/port.go"
    terminal "${size%x*}" "${size#*x}"
    build
    tidy "${size%x*}"
    [ "$(cursor)" = 0 ]
    touch "$T/port.go"
    seen '^ended: 0'
    clean
    screen | grep -E '^built demo 1 in [0-9.]+ s: .* new, .* reused, .* fetched$'
    screen | grep -E '^image sha256:[0-9a-f]{12}, [0-9] layers: [0-9] new, [0-9] reused$'
    screen | grep -E '^oci  \./demo-1\.oci\.tar  sha256:[0-9a-f]{64}$'
    tmux -L t kill-server
  done
}

@test "a terminal that changes its size half-way shows no remains" {
  terminal 100 30
  build
  for size in 40x20 60x12 30x24 120x40; do
    tmux -L t resize-window -x "${size%x*}" -y "${size#*x}"
    sleep 0.5
    tidy "${size%x*}"
  done
  touch "$T/port.go"
  seen '^ended: 0'
  clean
}

@test "a small terminal shows no garbage" {
  terminal 20 5
  keys "clear; '$ASHLAR' build demo.yaml --mirror $mirror 2>&1; echo ended: \$?" Enter
  seen '^fetch 0/3'
  run ! grep -E '^.{20}' <<< "$(screen | grep -E '^ ?(fetch|one|two|a-p)')"
  [ "$(screen | grep -c '^fetch')" = 1 ]
  touch "$T/port.go"
  seen '^ended: 0'
  clean
}

@test "Ctrl-C leaves a clean screen" {
  terminal 80 24
  build
  keys C-c
  seen '^ended: 130'
  clean
  screen | grep 'interrupted'
}

@test "Ctrl-Z takes the display off, fg brings it back" {
  terminal 80 24
  build
  keys C-z
  seen 'Stopped'
  clean
  keys "clear" Enter
  seen '^ready> *$'
  keys "fg" Enter
  seen '^  .* 5[0-9]%'
  [ "$(screen | grep -cE '^fetch ')" = 1 ]
  [ "$(cursor)" = 0 ]
  touch "$T/port.go"
  seen '^built demo'
  clean
}

@test "frames are written over each other, and nothing is erased to be drawn again" {
  (sleep 2 && touch "$T/port.go") &
  script -qec "stty cols 70 rows 20; NO_COLOR=1 '$ASHLAR' build demo.yaml --mirror $mirror" "$T/raw" < /dev/null > /dev/null
  python3 - "$T/raw" << 'END'
import re
import sys

raw = open(sys.argv[1], "rb").read().decode()
frames = re.findall(r"\x1b\[\?2026h(.*?)\x1b\[\?2026l", raw, re.S)
assert len(frames) >= 5, f"{len(frames)} frames"
for frame in frames:
    assert not re.search(r"\x1b\[[0-9]*A\x1b\[[0-3]?J|\x1b\[2J", frame), f"erased first: {frame!r}"
    # what is erased below is erased last
    assert "\x1b[J" not in frame or frame.endswith("\x1b[J"), f"erased in between: {frame!r}"
    for line in re.sub(r"\x1b\[[?0-9]*[A-Za-z]", "", frame).splitlines():
        assert len(line) < 70, f"too wide: {line!r}"
assert not re.search(r"\x1b\[[0-9;]*m", raw), "colours, in spite of NO_COLOR"
assert raw.count("\x1b[?25l") == raw.count("\x1b[?25h") > 0, "the cursor is not shown as often as it is hidden"
assert raw.rfind("\x1b[?25h") > raw.rfind("\x1b[?25l")
END
}

@test "an unchanged build says that there is nothing to do" {
  touch "$T/port.go"
  ok build demo.yaml --mirror "$mirror"
  ok build demo.yaml --mirror "$mirror"
  has "$err" "nothing to do: ./demo-1.oci.tar is as it should be"
  [ "$(wc -l <<< "$err")" = 1 ]
}
