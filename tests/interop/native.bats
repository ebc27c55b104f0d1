# SPDX-License-Identifier: Apache-2.0
#
# Maintainer scripts done natively (scripts: auto) against dpkg, which runs them: the same packages, file by file
load ../lib/common
load ../lib/image
load ../lib/store

setup() {
  setup_test
  shared_store
  need jq dpkg-query mmdebstrap apt-ftparchive
  need_root
  [ "$RELEASE" = bookworm ] || skip "native-differences.txt is bookworm's table"
}

RELEASE=$(. /etc/os-release && echo "$VERSION_CODENAME")

# native PACKAGE...: an image of minbase and these in $T/ours, all its scripts done natively
native() {
  cat > native.yaml <<END
name: native
version: "1"
debian:
  suite: $RELEASE
  variant: minbase
  packages: [$(IFS=,; echo "$*")]
  scripts: auto
outputs: [{oci: {compression: zstd}}]
END
  ok build native.yaml
  image_open native-1.oci.tar "$T/image"
  image_unpack "$T/image"
  mv "$T/image/rootfs" "$T/ours"
}

# reference PACKAGE...: what mmdebstrap makes of the very packages of native.lock, in $T/theirs
reference() {
  debs_of native.lock "$T/archive"
  (cd archive && apt-ftparchive packages . > Packages &&
    apt-ftparchive -o APT::FTPArchive::Release::Codename="$RELEASE" release . > ../Release && mv ../Release .)
  # apt's sandbox reads the packages as another user
  chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$T"
  mmdebstrap --mode=root --variant=minbase --include="$(IFS=,; echo "apt $*" | tr ' ' ,)" "$RELEASE" "$T/theirs" \
    "deb [trusted=yes] copy:$T/archive ./" > mmdebstrap.log 2>&1 || { tail mmdebstrap.log; return 1; }
}

# same PACKAGE...: the two are the same, save what the table tells the reason of
same() {
  native "$@"
  reference "$@"
  for root in ours theirs; do dpkg-query --root="$T/$root" -W > $root.list; done
  diff ours.list theirs.list
  python3 "$TOP/tests/interop/same-system.py" --some theirs ours "$TOP/tests/interop/native-differences.txt" > differences ||
    { head -n 60 differences; return 1; }
}

@test "minbase: the same as by its scripts" {
  same
}

@test "users, services and the loader's cache: dbus, openssh-client, cron" {
  same dbus openssh-client cron
}

@test "alternatives, links of modules and certificates: nginx-light, ca-certificates, less, nano" {
  same nginx-light ca-certificates less nano
}
