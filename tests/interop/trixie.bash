# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # T is set by ../lib/common
#
# Newer programs than the oldest machines have, in a root filesystem of Debian trixie that is made once, in half a minute,
# by the first test that wants it: load trixie (after lib)
#
#   need_trixie               makes $ASHLAR_JUDGES/trixie; skips, with the reason, where it cannot be made
#   in_trixie COMMAND...      runs COMMAND in it: the mounts are its own and end with it; processes, loopback, /tmp and the
#                             test's folder are the machine's
#   trixie_podman ARG...      podman with storage of its own that fetches parts of layers, where they allow it
#   listing DIR               a tree in all its parts, a line each: kinds, modes, owners, times, links, contents, attributes
#   trixie_podman_listing IMAGE   the same of an image, as that podman mounts it
#   trixie_dockerd_start [CONFIGURATION]   dockerd of its own, with a configuration in JSON; trixie_docker ARG... talks to it

TRIXIE_PACKAGES=mount,attr,podman,skopeo,docker.io,docker-cli,runc

need_trixie() {
  need_root
  need mmdebstrap unshare
  TRIXIE=$ASHLAR_JUDGES/trixie
  mkdir -p "$ASHLAR_JUDGES"
  # suites run side by side: one makes it, the others wait
  exec 8> "$ASHLAR_JUDGES/.trixie.lock"
  flock 8
  if [ "$(cat "$TRIXIE.packages" 2> /dev/null)" != "$TRIXIE_PACKAGES" ]; then
    make_trixie
  fi
  exec 8>&-
}

make_trixie() {
  local why=$ASHLAR_JUDGES/.trixie.failed mirror
  if [ -n "$(find "$why" -mmin -10 2> /dev/null)" ]; then
    skip "no trixie: $(tail -n 1 "$why")"
  fi
  rm -rf "$TRIXIE" "$TRIXIE.packages"
  if ! mirror=$("$TOP/scripts/debian-mirror" 2> "$why") ||
    ! mmdebstrap --mode=root --variant=essential --include="$TRIXIE_PACKAGES" --dpkgopt='path-exclude=/usr/share/doc/*' \
      --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
      trixie "$TRIXIE" "$mirror" > /dev/null 2> "$why" 8>&- 3>&-; then
    rm -rf "$TRIXIE"
    skip "no trixie: $(tail -n 1 "$why")"
  fi
  rm -f "$why"
  echo "$TRIXIE_PACKAGES" > "$TRIXIE.packages"
}

# The root is pivoted to, not merely changed to: container runtimes do the same below it. crun and runc refuse a
# half-unified cgroup hierarchy, so that it is hidden from them.
in_trixie() {
  (become_in_trixie "$@")
}

# in place of the shell that calls it: a daemon has the process id of the job that it is
become_in_trixie() {
  # shellcheck disable=SC2016 # expanded by the inner shell
  ROOT=$TRIXIE SHARED=$T exec unshare --mount --propagation private sh -ec '
    mount --bind "$ROOT" "$ROOT"
    cd "$ROOT"
    for folder in proc sys dev tmp; do
      mount --rbind "/$folder" "$folder"
    done
    umount sys/fs/cgroup/unified 2> /dev/null || true
    [ -d ".$SHARED" ] || { mkdir -p ".$SHARED"; mount --bind "$SHARED" ".$SHARED"; }
    mkdir -p .old
    pivot_root . .old
    umount -l /.old
    cd "$SHARED"
    export PATH=/usr/sbin:/usr/bin:/sbin:/bin
    exec "$@"' sh "$@"
}

trixie_podman() {
  judge_state
  cat > "$JUDGE_STATE/storage.conf" <<END
[storage]
driver = "overlay"
graphroot = "$JUDGE_STATE/podman"
runroot = "$JUDGE_STATE/podman-run"
[storage.options]
pull_options = {enable_partial_images = "true", convert_images = "false", use_hard_links = "false", ostree_repos = ""}
END
  CONTAINERS_STORAGE_CONF=$JUDGE_STATE/storage.conf in_trixie \
    podman --cgroup-manager cgroupfs --events-backend none --runtime runc "$@"
}

trixie_podman_listing() {
  # shellcheck disable=SC2016 # expanded by the inner shell
  CONTAINERS_STORAGE_CONF=$JUDGE_STATE/storage.conf in_trixie sh -ec 'root=$(podman image mount "$1"); sh -ec "$2" sh "$root"' \
    sh "$1" "$LISTING"
}

# Times are those of files: that podman does not set the others when it puts a layer together of parts
# shellcheck disable=SC2016 # expanded by the shell that is given it
LISTING='
  cd "$1"
  find . -mindepth 1 -type f -printf "%P f %m %U:%G %s %T@ %n\n" -o -type d -printf "%P d %m %U:%G\n" \
    -o -printf "%P %y %U:%G %l\n" | LC_ALL=C sort
  find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum
  find . -type f -links +1 -printf "%i %P\n" | LC_ALL=C sort -k2 | awk "{if (!(\$1 in first)) first[\$1] = \$2; print \$2, \"is\", first[\$1]}"
  find . -mindepth 1 -print0 | LC_ALL=C sort -z | xargs -0r getfattr -h -d -m - --absolute-names'

listing() {
  sh -ec "$LISTING" sh "$1"
}

trixie_dockerd_start() {
  judge_state
  echo "${1:-{\}}" > "$JUDGE_STATE/dockerd.json"
  become_in_trixie dockerd --config-file "$JUDGE_STATE/dockerd.json" --data-root "$JUDGE_STATE/docker" \
    --exec-root "$JUDGE_STATE/docker-exec" -p "$JUDGE_STATE/docker.pid" -H "unix://$JUDGE_STATE/d.sock" \
    --iptables=false --ip6tables=false --bridge=none > "$JUDGE_STATE/dockerd.log" 2>&1 3>&- &
  JUDGE_PIDS+=($!)
  await $! "$JUDGE_STATE/dockerd.log" trixie_docker version
}

trixie_docker() {
  in_trixie docker -H "unix://$JUDGE_STATE/d.sock" "$@"
}
