# SPDX-License-Identifier: Apache-2.0
#
# What the benches share. Whoever sources it has set $TOP, $bench (a folder), $sizes and $packages, the sets that are measured.
#
#   begin_bench          makes $bench; what is only of this run is removed at the end
#   make_mirror          a mirror on this machine with all packages of the sets
#   buildah_here ...     buildah, with a storage of its own
#   timed FILE COMMAND   adds the seconds that it takes to FILE; what others wrote is on the disk before it begins
#   median FILE
# shellcheck source=tests/lib/archive.bash
. "$TOP/tests/lib/archive.bash"

say() { printf '%s\n' "$*" >&2; }

driver=overlay
begin_bench() {
  mkdir -p "$bench"
  trap end_bench EXIT
}

end_bench() {
  umount -l "$bench/buildah/overlay" 2> /dev/null || true
  rm -rf "$bench/buildah" "$bench/buildah-run" "$bench/turns"
}

# The packages of a set, with all that they need, as files from the host's own mirror
fetch_set() {
  local state=$bench/apt
  mkdir -p "$state/lists/partial" "$bench/debs"
  : > "$state/status"
  # shellcheck disable=SC2086 # a list of packages
  (cd "$bench/debs" && apt-get -qq -y -o Dir::State::status="$state/status" -o APT::Install-Recommends=false \
    -o APT::Sandbox::User=root -o Dir::Cache::archives="$bench/debs" -o Debug::NoLocking=true --download-only \
    install $1 > /dev/null 2>&1)
}

make_mirror() {
  local size
  mkdir -p "$bench/debs/partial"
  for size in "${sizes[@]}"; do
    fetch_set "${packages[$size]}"
  done
  rm -rf "$bench/archive"
  SUITE=bench ARCHS=$(dpkg --print-architecture)
  archive_new "$bench/archive"
  ln "$bench"/debs/*.deb "$ARCHIVE/www/pool/"
  archive_publish
  archive_end
}

buildah_here() {
  buildah --root "$bench/buildah" --runroot "$bench/buildah-run" --storage-driver "$driver" "$@"
}

# timed FILE COMMAND...: adds the seconds to FILE
timed() {
  local file=$1 from to
  shift
  sync
  from=${EPOCHREALTIME/./}
  "$@"
  to=${EPOCHREALTIME/./}
  awk -v us=$((to - from)) 'BEGIN {printf "%.4f\n", us / 1e6}' >> "$file"
}

median() {
  sort -n "$1" | awk '{v[NR] = $1} END {print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'
}
