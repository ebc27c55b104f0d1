# SPDX-License-Identifier: Apache-2.0
#
# Maintainer scripts done natively (scripts: auto) against dpkg, which runs them (scripts: run, which install.bats holds against
# mmdebstrap): the same packages, file by file
load ../lib/common
load ../lib/image
load ../lib/store
load ../lib/system
load ../lib/sandbox

setup() {
  setup_test
  shared_store
  need jq
  SYSTEMS=$T
}

RELEASE=$(. /etc/os-release && echo "$VERSION_CODENAME")

# system HOW PACKAGES [OPTION]: $HOW.root is an image of minbase and PACKAGES, whose scripts HOW did
system() {
  local scripts=$1
  [ "$scripts" = run ] || scripts=auto
  cat > "$1.yaml" <<END
name: $1
version: "1"
debian: {suite: $RELEASE, variant: minbase, packages: [$2], scripts: $scripts}
END
  ok build "$1.yaml" --json ${3+"$3"}
  [ "$(jq -r '.scripts[].how' <<< "$out" | sort -u)" = "$1" ]
  laid_out "$1"
}

# services, sockets and timers; alternatives; the loader's cache; users and groups, one that owns a file; an override of a mode; a
# capability; links of modules; certificates
@test "what is done natively is file by file what dpkg makes, save what the table tells the reason of" {
  need_root
  need_sandbox
  need python3
  [ "$RELEASE" = bookworm ] || skip "native-differences.txt is bookworm's table"
  packages=cron,logrotate,nano,dbus,iputils-ping,nginx-light,ca-certificates,openssh-client
  # no runtime: nothing is run in secret
  system native "$packages" --runtime="$T/none"
  system run "$packages"
  same_system run.root native.root native-differences.txt
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
