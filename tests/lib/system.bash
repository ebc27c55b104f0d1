# SPDX-License-Identifier: Apache-2.0
#
# Images as Debian systems, in folders: load ../lib/system (after common, image and store). All lies in $SYSTEMS.
#
#   laid_out NAME                      lays $SYSTEMS/NAME-1.oci.tar out in $SYSTEMS/NAME.root
#   mmdebstrap_of LOCK ROOT PACKAGE... makes $ROOT.root with mmdebstrap: minbase and these, out of the very packages that the lock
#                                      names; SOURCE_DATE_EPOCH is heard
#   lock_epoch LOCK                    its date, which is the default epoch
#   same_system THEIRS OURS TABLE      file by file, save what the table tells the reason of (see same-system.py)
#   silent COMMAND...                  succeeds and prints nothing

laid_out() {
  image_open "$SYSTEMS/$1-1.oci.tar" "$SYSTEMS/$1"
  image_unpack "$SYSTEMS/$1"
  mv "$SYSTEMS/$1/rootfs" "$SYSTEMS/$1.root"
  rm -rf "${SYSTEMS:?}/$1"
}

mmdebstrap_of() {
  local lock=$1 root=$2 archive
  shift 2
  archive=$(mktemp -d -p "$SYSTEMS")
  debs_of "$lock" "$archive"
  (cd "$archive" && apt-ftparchive packages . > Packages &&
    apt-ftparchive -o APT::FTPArchive::Release::Codename="$RELEASE" release . > "$root.release" && mv "$root.release" Release)
  # apt's sandbox reads the packages as another user
  chmod 755 "$BATS_RUN_TMPDIR" "$SYSTEMS" "$archive"
  mmdebstrap --mode=root --variant=minbase --include="$(IFS=,; echo "$*")" "$RELEASE" \
    "$root" "deb [trusted=yes] copy:$archive ./" > "$root.log" 2>&1 || { tail "$root.log"; return 1; }
  mv "$root" "$root.root"
}

lock_epoch() {
  date -u -d "$(jq -r .date "$1")" +%s
}

same_system() {
  python3 "$TOP/tests/interop/same-system.py" "$1" "$2" "$TOP/tests/interop/$3" > differences || { head -n 60 differences; return 1; }
}

silent() {
  local told
  told=$("$@" 2>&1) || { echo "$* ended with $?: $told"; return 1; }
  [ -z "$told" ] || { echo "$* says: $told"; return 1; }
}
