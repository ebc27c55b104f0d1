# SPDX-License-Identifier: Apache-2.0
#
# Images that start from others, before other people's programs: bases that those made, and what comes out of them
load ../lib/common
load ../lib/image
load ../lib/store
load ../lib/system
load ../lib/sandbox
load lib
load demo

setup() {
  setup_test
  own_store
  need jq skopeo umoci
}

teardown() { judges_end; }

RELEASE=$(. /etc/os-release && echo "$VERSION_CODENAME")

# made: a base that umoci made, layer by layer, as its own layout 'made:v1': files, a hardlink, and what a later layer took away
made() {
  need_root
  need busybox
  umoci init --layout made
  umoci new --image made:v1
  umoci --log=error unpack --image made:v1 b
  mkdir -p b/rootfs/bin b/rootfs/etc b/rootfs/data/deep b/rootfs/tmp
  chmod 1777 b/rootfs/tmp
  cp "$(command -v busybox)" b/rootfs/bin/busybox
  ln b/rootfs/bin/busybox b/rootfs/bin/sh
  ln -s busybox b/rootfs/bin/cat
  echo one > b/rootfs/data/one
  echo two > b/rootfs/data/deep/two
  echo "root:x:0:0:root:/root:/bin/sh" > b/rootfs/etc/passwd
  echo "root:x:0:" > b/rootfs/etc/group
  umoci --log=error repack --image made:v1 b
  rm -rf b/rootfs/data/one
  echo three > b/rootfs/data/three
  umoci --log=error repack --image made:v1 b
  umoci config --image made:v1 --config.env FROM=base --config.entrypoint /bin/cat --config.cmd /data/three
}

# listing FOLDER: every name with its type, mode, owner, target and content's sum, names of one file together
listing() {
  (cd "$1" && find . -printf '%P %y %m %U:%G %l\n' | sort
    find . -type f -printf '%P\0' | sort -z | xargs -0 sha256sum
    find . -type f -links +1 -printf '%i %P\n' | sort -k2 | awk '{n[$1] = n[$1] " " $2} END {for (i in n) print n[i]}' | sort)
}

recipe_on() {
  cat > demo.yaml <<END
name: demo
version: "1"
from: $1
files: [{path: /data/four, content: "four\n"}, {path: /data/deep/five, content: "five\n"}]
remove: [/data/deep/two, /bin/sh]
config: {cmd: [/data/four]}
END
}

@test "a base that umoci made: its blobs stay, and umoci lays out the base and what is ours" {
  made
  recipe_on oci:made:v1
  ok build demo.yaml
  manifest=$(skopeo inspect --raw oci:made:v1)
  skopeo copy -q --preserve-digests oci-archive:demo-1.oci.tar oci:result:1
  wanted=$(jq -c '[.layers[] | [.mediaType, .digest, .size]]' <<< "$manifest")
  [ "$(skopeo inspect --raw oci:result:1 | jq -c "[.layers[:$(jq length <<< "$wanted")][] | [.mediaType, .digest, .size]]")" = "$wanted" ]
  umoci --log=error unpack --image made:v1 before
  umoci --log=error unpack --image result:1 after
  printf 'four\n' > before/rootfs/data/four
  printf 'five\n' > before/rootfs/data/deep/five
  rm before/rootfs/data/deep/two before/rootfs/bin/sh
  diff <(listing before/rootfs) <(listing after/rootfs)
  # and what umoci says of the whole
  umoci stat --image result:1 --json | jq -e '.history | length >= 3'
}

@test "podman, containerd's rules, crun and runc run it" {
  made
  recipe_on oci:made:v1
  ok build demo.yaml
  podman_here load -q -i demo-1.oci.tar
  [ "$(podman_here run "${PODMAN_RUN[@]}" --pull never demo:1)" = four ]
  [ "$(podman_here run "${PODMAN_RUN[@]}" --pull never --entrypoint /bin/busybox demo:1 find /data /bin | sort | tr '\n' ' ')" = \
    "/bin /bin/busybox /bin/cat /data /data/deep /data/deep/five /data/four /data/three " ]
  [ "$(podman_here run "${PODMAN_RUN[@]}" --pull never --entrypoint /bin/busybox demo:1 stat -c %a /tmp)" = 1777 ]
  podman_here rmi -f demo:1
  unpack_bundle demo-1.oci.tar bundle
  [ "$(runc_bundle bundle)" = four ]
  [ "$(crun_bundle bundle)" = four ]
}

@test "zstd:chunked above a base: podman takes it from a registry, whiteouts and all" {
  registry_start
  made
  recipe_on oci:made:v1
  echo 'outputs: [{oci: {compression: "zstd:chunked"}}]' >> demo.yaml
  ok build demo.yaml
  skopeo copy -q --preserve-digests --dest-tls-verify=false oci-archive:demo-1.oci.tar "docker://$REGISTRY/demo:1"
  podman_here pull -q --tls-verify=false "$REGISTRY/demo:1"
  [ "$(podman_here run "${PODMAN_RUN[@]}" --pull never --entrypoint /bin/busybox "$REGISTRY/demo:1" find /data /bin | sort | tr '\n' ' ')" = \
    "/bin /bin/busybox /bin/cat /data /data/deep /data/deep/five /data/four /data/three " ]
}

@test "from a real registry, pushed by skopeo as OCI's and as docker's: the layers are the same blobs" {
  registry_start
  made
  for format in oci v2s2; do
    skopeo copy -q --format $format --dest-tls-verify=false oci:made:v1 "docker://$REGISTRY/team/$format:v1"
    rm -f demo.lock
    recipe_on "docker://$REGISTRY/team/$format:v1"
    ok build demo.yaml
    skopeo inspect --raw --tls-verify=false "docker://$REGISTRY/team/$format:v1" > pushed
    wanted=$(jq -c '[.layers[].digest]' pushed)
    [ "$(skopeo inspect --raw oci-archive:demo-1.oci.tar | jq -c "[.layers[:$(jq length <<< "$wanted")][].digest]")" = "$wanted" ]
    [ "$(jq -r .base.manifests.amd64 demo.lock)" = "sha256:$(sha256sum < pushed | cut -d' ' -f1)" ]
    unpack_bundle demo-1.oci.tar "bundle-$format"
    [ "$(cat "bundle-$format/rootfs/data/four")" = four ]
    [ ! -e "bundle-$format/rootfs/data/one" ]
  done
}

@test "OCI's JSON schemas: an image on a base keeps to them" {
  made
  recipe_on oci:made:v1
  ok build demo.yaml
  mkdir layout
  tar -xf demo-1.oci.tar -C layout
  oci_schemas_ok layout
}

@test "Debian on Debian: only what is missing is installed, and dpkg finds nothing amiss" {
  need_root
  need dpkg-query
  shared_store
  cat > base.yaml <<END
name: base
version: "1"
debian: {suite: $RELEASE, variant: minbase, scripts: skip}
outputs: [{oci: {layout: true}}]
END
  ok build base.yaml
  cat > demo.yaml <<END
name: demo
version: "1"
from: oci:base-1.oci
debian: {suite: $RELEASE, packages: [nginx-light, ca-certificates], scripts: skip}
END
  cat > whole.yaml <<END
name: whole
version: "1"
debian: {suite: $RELEASE, variant: minbase, packages: [nginx-light, ca-certificates], scripts: skip}
outputs: [{oci: {layout: true}}]
END
  ok build demo.yaml
  ok build whole.yaml
  names() { jq -r '.packages.amd64[] | .name + "=" + .version' "$@" | sort; }
  # what the base has and what came make up the whole, and nothing is in both
  diff <(names base.lock demo.lock) <(names whole.lock)
  mkdir layout
  tar -xf demo-1.oci.tar -C layout
  umoci --log=error unpack --image layout:1 bundle
  umoci --log=error unpack --image whole-1.oci:1 whole
  root=$PWD/bundle/rootfs
  [ -z "$(dpkg --root="$root" --audit)" ]
  [ -z "$(dpkg --root="$root" -C)" ]
  # and it is the system that is built in one go
  diff <(dpkg-query --admindir="$root/var/lib/dpkg" -W) <(dpkg-query --admindir=whole/rootfs/var/lib/dpkg -W)
  diff -r --no-dereference "$root" whole/rootfs > differences || true
  cat differences
  [ ! -s differences ]
  chroot "$root" apt-get -qq -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts=/dev/null check
  chroot "$root" /usr/sbin/nginx -t 2>&1 | grep -q 'test is successful'
}

@test "scripts run on a base: dpkg finds nothing amiss, and the image is file by file the one that is built in one go" {
  need_root
  need dpkg-query python3
  need_sandbox
  shared_store
  recipe() { # NAME FROM DEBIAN
    printf 'name: %s\nversion: "1"\n%s\ndebian: {suite: %s, %s, scripts: run}\n' "$1" "$2" "$RELEASE" "$3" > "$1.yaml"
  }
  recipe base "" "variant: minbase"
  recipe above "from: oci-archive:base-1.oci.tar" "packages: [nginx-light, openssh-server]"
  recipe whole "" "variant: minbase, packages: [nginx-light, openssh-server]"
  ok build base.yaml
  ok build above.yaml
  ok build whole.yaml
  layers() { skopeo inspect --raw "oci-archive:$1-1.oci.tar" | jq -r '.layers[].digest'; }
  n=$(layers base | wc -l)
  diff <(layers base) <(layers above | head -n "$n")
  [ "$(layers above | wc -l)" -gt "$n" ]
  # shellcheck disable=SC2034 # for laid_out
  SYSTEMS=$T
  laid_out above
  laid_out whole
  touch nothing
  python3 "$TOP/tests/interop/same-system.py" whole.root above.root nothing
  grep -q ^sshd: above.root/etc/passwd
  grep -q ^www-data: above.root/etc/passwd
  silent dpkg --root="$T/above.root" --audit
  silent dpkg --root="$T/above.root" --verify
  silent chroot above.root dpkg -C
  silent chroot above.root dpkg --configure --pending
  [ "$(dpkg-query --root="$T/above.root" -W -f '${db:Status-Abbrev}\n' | sort -u)" = "ii " ]
  # what dpkg made is little beside the packages
  [ "$(skopeo inspect --raw oci-archive:above-1.oci.tar | jq '[.layers[-2:][].size] | add')" -lt 2000000 ]
}

@test "upon a stage that starts from a registry's image: skopeo and umoci take it, with all that the stages made" {
  registry_start
  made
  skopeo copy -q --dest-tls-verify=false oci:made:v1 "docker://$REGISTRY/team/made:v1"
  cat > demo.yaml <<END2
name: demo
version: "1"
from: stage:upper
stages:
  lower:
    from: docker://$REGISTRY/team/made:v1
    files: [{path: /data/four, content: "four\n"}]
    remove: [/data/deep/two]
  upper:
    from: stage:lower
    files: [{path: /data/deep/five, content: "five\n"}, {path: /taken, stage: lower, from: /data/three}]
    remove: [/bin/sh]
config: {cmd: [/data/four]}
END2
  ok build demo.yaml
  skopeo inspect --raw --tls-verify=false "docker://$REGISTRY/team/made:v1" > pushed
  skopeo copy -q --preserve-digests oci-archive:demo-1.oci.tar oci:result:1
  skopeo inspect --raw oci:result:1 > told
  wanted=$(jq -c '[.layers[].digest]' pushed)
  [ "$(jq -c "[.layers[:$(jq length <<< "$wanted")][].digest]" told)" = "$wanted" ]
  # the base that others can have
  [ "$(jq -r '.annotations["org.opencontainers.image.base.digest"]' told)" = "sha256:$(sha256sum < pushed | cut -d' ' -f1)" ]
  umoci --log=error unpack --image made:v1 before
  umoci --log=error unpack --image result:1 after
  printf 'four\n' > before/rootfs/data/four
  printf 'five\n' > before/rootfs/data/deep/five
  cp before/rootfs/data/three before/rootfs/taken
  rm before/rootfs/data/deep/two before/rootfs/bin/sh
  diff <(listing before/rootfs) <(listing after/rootfs)
  mkdir layout
  tar -xf demo-1.oci.tar -C layout
  oci_schemas_ok layout
  unpack_bundle demo-1.oci.tar bundle
  [ "$(runc_bundle bundle)" = four ]
}
