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
  local cache=${ASHLAR_TEST_DEBS:-$TOP/build/test-debs} name version arch sha256 file
  mkdir -p "$cache" "$2"
  jq -r '.packages[] | .[] | [.name, .version, .arch, .sha256] | @tsv' "$1" | while IFS=$'\t' read -r name version arch sha256; do
    file=$cache/$sha256.deb
    if [ ! -e "$file" ]; then
      (mkdir -p "$cache/get.$$" && cd "$cache/get.$$" && apt-get -qq -o APT::Sandbox::User=root download "$name=$version" > /dev/null &&
        mv -- *.deb "$file")
    fi
    [ "$(sha256sum "$file" | cut -d' ' -f1)" = "$sha256" ] || { echo "$name $version ($arch) from apt is another file than the lock names"; return 1; }
    ln -sf "$file" "$2/${name}_${version//:/%3a}_$arch.deb"
  done
}
