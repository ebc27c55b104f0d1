# SPDX-License-Identifier: Apache-2.0
#
# Maintainer scripts done natively (scripts: auto) against dpkg, which runs them: the same packages, file by file
load ../lib/common
load ../lib/image
load ../lib/store
load ../lib/system

setup() {
  setup_test
  shared_store
  need jq dpkg-query mmdebstrap apt-ftparchive
  need_root
  [ "$RELEASE" = bookworm ] || skip "native-differences.txt is bookworm's table"
}

RELEASE=$(. /etc/os-release && echo "$VERSION_CODENAME")

# as_installed PACKAGE...: an image of minbase and these, all its scripts done natively, is what mmdebstrap makes of the same packages,
# save what the table tells the reason of
as_installed() {
  SYSTEMS=$T
  cat > native.yaml <<END
name: native
version: "1"
debian: {suite: $RELEASE, variant: minbase, packages: [$(IFS=,; echo "$*")], scripts: auto}
END
  # no runtime: nothing is run in secret
  ok build native.yaml --runtime "$T/none" --json
  [ "$(jq -r '.scripts[].how' <<< "$out" | sort -u)" = native ]
  laid_out native
  mmdebstrap_of native.lock "$T/reference" apt "$@"
  for root in native reference; do dpkg-query --root="$T/$root.root" -W > $root.list; done
  diff native.list reference.list
  diff <(sort native.root/var/lib/dpkg/triggers/File) <(sort reference.root/var/lib/dpkg/triggers/File)
  python3 "$TOP/tests/interop/same-system.py" --some reference.root native.root "$TOP/tests/interop/native-differences.txt" \
    > differences || { head -n 60 differences; return 1; }
}

# no two of one set make users or groups: their numbers are by dpkg's order, which mmdebstrap leaves to apt

@test "services, a group, alternatives and the loader's cache: cron, logrotate, nano" {
  as_installed cron logrotate nano
}

@test "a user, an override of a mode, and a capability: dbus, iputils-ping" {
  as_installed dbus iputils-ping
}

@test "links of modules, certificates, a group that owns a file: nginx-light, ca-certificates, openssh-client" {
  as_installed nginx-light ca-certificates openssh-client
}

@test "what is not known natively is told, with its line, and run" {
  cat > unknown.yaml <<END
name: unknown
version: "1"
debian: {suite: $RELEASE, variant: minbase, packages: [python3-minimal], scripts: auto}
END
  fails 1 build unknown.yaml --runtime "$T/none"
  has "$err" "python3-minimal postinst: line 5: runs 'py3compile"
  has "$err" "there is no container runtime"
}
