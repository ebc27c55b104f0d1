#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The solver against apt: the same Packages files, an empty system, the sets of solver-sets.txt. Asked for with an empty status
# file, apt installs no Essential package that nothing needs, so `variant: none` takes no more than that; only
# ForceEssential is cleared (as mmdebstrap does), or apt would prefer itself among providers. The variants are compared
# with all that mmdebstrap would install.

# private_apt ARGUMENT...: apt-get with the host's sources, but its own lists, cache and empty system
private_apt() {
  apt-get -q -o "Dir::State=$APT_DIR/state" -o "Dir::State::status=$APT_DIR/status" -o "Dir::Cache=$APT_DIR/cache" \
    -o Dir::Cache::pkgcache=pkgcache.bin -o Dir::Cache::srcpkgcache=srcpkgcache.bin -o Acquire::GzipIndexes=false \
    -o Acquire::Languages=none -o Debug::NoLocking=true -o APT::Sandbox::User=root -o pkgCacheGen::ForceEssential=, "$@"
}

# apt_set NAME VARIANT RECOMMENDS PACKAGE...: what apt would install, one "NAME name=version" a line
apt_set() {
  local name=$1 recommends=--no-install-recommends
  [ "$3" = no ] || recommends=--install-recommends
  shift 3
  if private_apt "$recommends" --simulate install "$@" >"$APT_DIR/out/$name.log" 2>&1; then
    sed -n "s/^Inst \([^ ]*\) (\([^ ]*\) .*/$name \1=\2/p" "$APT_DIR/out/$name.log"
  else
    echo "$name error"
  fi >"$APT_DIR/out/$name"
}

link_driver() {
  # shellcheck disable=SC2016 # make's variables, not the shell's
  env -u MAKEFLAGS -u MAKELEVEL make -s SAN= --eval \
    'build/tests/interop/solve-sets: %: %.o build/libashlar.a ; $(CC) $(LINK) -o $@ $^ $(PKG_L)' \
    build/tests/interop/solve-sets
}

setup_file() {
  cd "$BATS_TEST_DIRNAME/../.." || return 1
  export APT_DIR=$BATS_FILE_TMPDIR/apt LC_ALL=C
  link_driver >&2 || return 1
  mkdir -p "$APT_DIR"/state/lists/partial "$APT_DIR"/cache/archives/partial "$APT_DIR"/out
  : >"$APT_DIR/status"
  private_apt update >&2 || return 1
  private_apt --simulate install hello >/dev/null # makes apt's own cache, which the others share
}

# solve: sets on standard input, what the solver makes of them on standard output, times on standard error
solve() {
  local files
  # shellcheck disable=SC2016 # apt's variables, not the shell's
  mapfile -t files < <(private_apt indextargets --format '$(FILENAME)' 'Created-By: Packages')
  build/tests/interop/solve-sets "$APT_DIR/store" "$(dpkg --print-architecture)" "${files[@]}"
}

setup() {
  cd "$BATS_TEST_DIRNAME/../.." || return 1
}

@test "name=version lists equal apt's on an empty system" {
  export -f apt_set private_apt
  grep -v '^#' "$BATS_TEST_DIRNAME/solver-sets.txt" >"$APT_DIR/sets"
  [ "$(wc -l <"$APT_DIR/sets")" -ge 60 ]
  xargs -P2 -L1 bash -c 'apt_set "$@"' _ <"$APT_DIR/sets"
  solve <"$APT_DIR/sets" 2>"$APT_DIR/times" | sort >"$APT_DIR/ours"
  while read -r name _; do cat "$APT_DIR/out/$name"; done <"$APT_DIR/sets" | sort >"$APT_DIR/theirs"
  # a solver that answers nothing, and an apt that cannot run, agree: more than this many packages must come out
  [ "$(wc -l <"$APT_DIR/theirs")" -gt 5000 ]
  diff "$APT_DIR/ours" "$APT_DIR/theirs"
  awk 'NF == 2 { print $2 / 1000 }' "$APT_DIR/times" | sort -n |
    awk '{ ms[NR] = $1 } END { printf "# solved in ms: median %.1f, slowest %.1f\n", ms[int((NR + 1) / 2)], ms[NR] }' >&3
}

@test "variants equal what mmdebstrap would install" {
  # shellcheck disable=SC2016 # apt's variables, not the shell's
  private_apt indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' >"$APT_DIR/sources"
  for variant in essential minbase standard; do
    mmdebstrap --simulate --debug --variant="$variant" "$(awk 'NR == 1 { print $3 }' "$APT_DIR/sources")" \
      "$APT_DIR/unused.tar" "$APT_DIR/sources" >"$APT_DIR/$variant.log" 2>&1
    sed -n 's/^Inst \([^ ]*\) (\([^ ]*\) .*/set \1=\2/p' "$APT_DIR/$variant.log" | sort -u >"$APT_DIR/theirs"
    [ "$(wc -l <"$APT_DIR/theirs")" -gt 50 ]
    echo "set $variant no" | solve 2>/dev/null | sort | diff - "$APT_DIR/theirs"
  done
}
