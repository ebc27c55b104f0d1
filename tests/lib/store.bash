# SPDX-License-Identifier: Apache-2.0
#
# The store that suites working with real packages share, so that those are fetched once: load ../lib/store
#
#   shared_store        points ASHLAR_STORE at it ($ASHLAR_TEST_STORE, else build/test-store)
#   own_store [DIR]     an empty one instead (default: $BATS_TEST_TMPDIR/store)
#   debs_of LOCK DIR    the packages that a lock names, as files in DIR, from apt or from the shared cache of earlier runs

shared_store() {
  export ASHLAR_STORE=${ASHLAR_TEST_STORE:-$TOP/build/test-store}
  mkdir -p "$ASHLAR_STORE"
}

own_store() {
  export ASHLAR_STORE=${1:-$BATS_TEST_TMPDIR/store}
}

debs_of() {
  local cache=${ASHLAR_TEST_DEBS:-$TOP/build/test-debs} name version arch sha256 missing=()
  mkdir -p "$cache" "$2"
  jq -r '.packages[] | .[] | [.name, .version, .arch, .sha256] | @tsv' "$1" > "$2/list"
  while IFS=$'\t' read -r name version arch sha256; do
    [ -e "$cache/$sha256.deb" ] || missing+=("$name=$version")
  done < "$2/list"
  [ ${#missing[@]} = 0 ] || download_debs "$cache" "${missing[@]}"
  while IFS=$'\t' read -r name version arch sha256; do
    [ -e "$cache/$sha256.deb" ] || { echo "$name $version ($arch) from apt is another file than the lock names"; return 1; }
    ln -sf "$cache/$sha256.deb" "$2/${name}_${version//:/%3a}_$arch.deb"
  done < "$2/list"
  rm "$2/list"
}

# download_debs CACHE PACKAGE=VERSION...: by apt, all at once, into CACHE under their digests
download_debs() {
  local cache=$1 place file
  shift
  place=$(mktemp -d -p "$cache")
  (cd "$place" && apt-get -qq -o APT::Sandbox::User=root download "$@" > /dev/null)
  for file in "$place"/*.deb; do
    mv "$file" "$cache/$(sha256sum "$file" | cut -d' ' -f1).deb"
  done
  rmdir "$place"
}
