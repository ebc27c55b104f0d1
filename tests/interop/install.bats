# SPDX-License-Identifier: Apache-2.0
#
# scripts: run — what dpkg makes of packages in the sandbox, and how it compares with what mmdebstrap makes of the same packages
load ../lib/common
load ../lib/image
load ../lib/store
load ../lib/system
load ../lib/sandbox

setup() {
  setup_test
  shared_store
  need jq dpkg-query
  need_sandbox
  need_root
}

RELEASE=$(. /etc/os-release && echo "$VERSION_CODENAME")
SERVER="systemd openssh-server nginx postgresql"

# installed NAME PACKAGE...: an image of minbase and these is built and laid out in $SYSTEMS/NAME.root, once for the whole file
installed() {
  local name=$1
  shift
  SYSTEMS=$BATS_FILE_TMPDIR
  [ ! -e "$SYSTEMS/$name.root" ] || return 0
  cat > "$SYSTEMS/$name.yaml" <<END
name: $name
version: "1"
debian: {suite: $RELEASE, variant: minbase, packages: [$(IFS=,; echo "$*")], scripts: run}
END
  ok build "$SYSTEMS/$name.yaml" -o "$SYSTEMS"
  laid_out "$name"
}

least() { installed least; }
# shellcheck disable=SC2086
server() { installed server $SERVER; }

@test "dpkg finds all packages configured, and nothing missing or changed" {
  least
  server
  for name in least server; do
    # it leaves logs behind
    cp -a "$SYSTEMS/$name.root" root
    silent dpkg --root="$T/root" --audit
    silent dpkg --root="$T/root" --verify
    silent chroot root dpkg -C
    silent chroot root dpkg --configure --pending
    [ "$(dpkg-query --root="$T/root" -W -f '${db:Status-Abbrev}\n' | sort -u)" = "ii " ]
    rm -rf root
  done
}

@test "minbase is file by file what mmdebstrap makes, save what the table tells the reason of" {
  need mmdebstrap apt-ftparchive python3
  [ "$RELEASE" = bookworm ] || skip "install-differences.txt is bookworm's table"
  least
  SOURCE_DATE_EPOCH=$(lock_epoch "$SYSTEMS/least.lock") mmdebstrap_of "$SYSTEMS/least.lock" "$SYSTEMS/least-reference" apt
  same_system "$SYSTEMS/least-reference.root" "$SYSTEMS/least.root" install-differences.txt
}

@test "so is a system with systemd, openssh-server, nginx and postgresql" {
  need mmdebstrap apt-ftparchive python3
  [ "$RELEASE" = bookworm ] || skip "install-server-differences.txt is bookworm's table"
  server
  # shellcheck disable=SC2086
  SOURCE_DATE_EPOCH=$(lock_epoch "$SYSTEMS/server.lock") mmdebstrap_of "$SYSTEMS/server.lock" "$SYSTEMS/server-reference" apt $SERVER
  same_system "$SYSTEMS/server-reference.root" "$SYSTEMS/server.root" install-server-differences.txt
}

# names ROOT: all accounts and shells, without numbers
names() {
  (cd "$1/etc" && cut -d: -f1 passwd | sort && cut -d: -f1,4 group | sort && cut -d: -f1,2,4- shadow | sort && cut -d: -f1,2,4 gshadow | sort &&
    sort shells) 2> /dev/null
}

@test "both have the same users, groups, passwords and shells" {
  need mmdebstrap apt-ftparchive
  for name in least server; do
    [ -e "$BATS_FILE_TMPDIR/$name-reference.root" ] || skip "there is no reference to compare with"
    names "$BATS_FILE_TMPDIR/$name-reference.root" > theirs
    names "$BATS_FILE_TMPDIR/$name.root" > ours
    [ "$(wc -l < ours)" -gt 30 ]
    diff theirs ours
  done
}

# The packages' files of a lock, copied from the store of all tests to another one
seed_store() {
  "$ASHLAR" store info --store "$2" > /dev/null
  jq -r '.packages[] | .[] | .sha256' "$1" | while read -r digest; do
    cp "$ASHLAR_STORE/blobs/sha256/$digest" "$2/blobs/sha256/"
  done
}

@test "an ordinary user in other surroundings gets the same bytes from nothing, with the other runtime" {
  need newuidmap
  # with FULL=1 the server, which takes minutes more
  name=${FULL:+server}
  name=${name:-least}
  $name
  place=$(mktemp -d /tmp/ashlar-install.XXXXXX)
  cp "$ASHLAR" "$place/ashlar"
  cp "$SYSTEMS/$name.yaml" "$SYSTEMS/$name.lock" "$place"
  seed_store "$SYSTEMS/$name.lock" "$place/store"
  chown -R 54321:54321 "$place"
  runtime=$(command -v runc || command -v crun)
  # shellcheck disable=SC2016 # for the inner shell
  as_subordinate env TZ=Asia/Tokyo LC_ALL=C HOME="$place" ASHLAR_STORE="$place/store" \
    sh -c 'umask 077 && cd "$1" && exec taskset -c 0 ./ashlar build "$2.yaml" --offline --runtime "$3"' sh "$place" "$name" "$runtime" > log 2>&1 ||
    { cat log; rm -rf "$place"; false; }
  cmp "$SYSTEMS/$name-1.oci.tar" "$place/$name-1.oci.tar"
  [ -z "$(find "$place/store/sandboxes" -mindepth 1)" ]
  rm -rf "$place"
}
