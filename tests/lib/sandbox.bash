# SPDX-License-Identifier: Apache-2.0
#
# For suites whose recipes run commands: load ../lib/sandbox
#
#   need_sandbox         skips where there is no runtime, no static busybox, or no user namespace
#   steps_for NAME ...   writes NAME.yaml: an image that holds busybox alone, named like each of its applets, epoch 1000000000;
#                        what else it says comes from stdin
#   programs_for NAME PROGRAM ...   puts programs (or libraries, by path) of this machine, and the libraries that they need, into the
#                        image of NAME.yaml
#   as_subordinate COMMAND...   as an ordinary user who has subordinate ids, by accounts that only this command sees
#   nothing_left         no sandbox is left in the store, no control group, no process of one

need_sandbox() {
  need busybox unshare jq
  command -v crun > /dev/null || need runc
  unshare --user --map-root-user true 2> /dev/null || skip "this system allows no user namespaces"
}

steps_for() {
  mkdir -p bin
  cp "$(command -v busybox)" bin/busybox
  {
    printf 'name: %s\nversion: "1"\nepoch: "1000000000"\n' "$1"
    echo 'files: [{path: /bin, from: bin}]'
    printf 'links: ['
    "$(command -v busybox)" --list | grep -xE '\[|[a-z0-9_-]+' | grep -vx busybox | sed 's|.*|{path: "/bin/&", to: busybox}|' | paste -sd,
    echo ']'
    cat
  } > "$1.yaml"
}

programs_for() {
  local recipe=$1.yaml file folder
  shift
  for file; do
    file=$(command -v "$file" || echo "$file")
    echo "$file"
    ldd "$file" | grep -o '/[^ ]*'
  done | sort -u | while read -r file; do
    install -D "$file" "programs$file"
  done
  for folder in programs/*; do
    sed -i "s|^files: \[|&{path: /${folder#*/}, from: $folder}, |" "$recipe"
  done
}

empty_groups() {
  find /sys/fs/cgroup -maxdepth 6 -type d -name 'ashlar-*' 2> /dev/null | sort | while read -r group; do
    [ -n "$(cat "$group/cgroup.procs" 2> /dev/null)" ] || [ ! -d "$group" ] || echo "$group"
  done
}

# of sandboxes that nobody keeps any more; those of others who use the same store are locked
abandoned_folders() {
  local folder inode
  find "$ASHLAR_STORE/sandboxes" -mindepth 1 -maxdepth 1 2> /dev/null | sort | while read -r folder; do
    # not by taking it, which whoever makes one now would not bear
    inode=$(stat -c %i "$folder/lock" 2> /dev/null) && grep -q ":$inode " /proc/locks && continue
    [ ! -e "$folder" ] || echo "$folder"
  done
}

nothing_left() {
  local left
  left=$(abandoned_folders)
  [ -z "$left" ] || { sleep 1; left=$(comm -12 <(echo "$left") <(abandoned_folders)); }
  [ -z "$left" ] || { echo "left in the store: $left"; return 1; }
  # others' sandboxes have theirs at the same time: one that nobody is in, and that stays, is left
  left=$(empty_groups)
  [ -z "$left" ] || { sleep 1; left=$(comm -12 <(echo "$left") <(empty_groups)); }
  [ -z "$left" ] || { echo "left control group: $left"; return 1; }
}

as_subordinate() {
  sed '$a ashlar-test:x:54321:54321::/nonexistent:/bin/sh' /etc/passwd > passwd
  sed '$a ashlar-test:x:54321:' /etc/group > group
  echo ashlar-test:300000:65536 > subordinate
  # shellcheck disable=SC2016 # for the inner shell
  unshare -m sh -c 'mount --bind passwd /etc/passwd && mount --bind group /etc/group && mount --bind subordinate /etc/subuid &&
    mount --bind subordinate /etc/subgid && exec setpriv --reuid 54321 --regid 54321 --clear-groups --inh-caps=-all -- "$@"' sh "$@"
}
