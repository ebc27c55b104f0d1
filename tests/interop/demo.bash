# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2034 # what is set here is for the suites
#
# An image to hand to other people's programs: load demo (after ../lib/common)
#
#   demo COMPRESSION ARCH...   builds demo-1.oci.tar, an image of a static busybox and a few files that prints $MESSAGE;
#                              sets DIGEST, its manifest's or index's

MESSAGE="cut to exact dimensions"

demo() {
  local compression=$1
  shift
  need busybox
  if ldd "$(command -v busybox)" > /dev/null 2>&1; then
    skip "busybox is not linked statically (busybox-static)"
  fi
  cp "$(command -v busybox)" busybox
  cat > demo.yaml <<END
name: demo
version: "1"
epoch: 1700000000
arch: [$(IFS=,; echo "$*")]
files:
  - {path: /bin/busybox, from: busybox, mode: "0755"}
  - {path: /app/msg, content: "$MESSAGE\n"}
links:
  - {path: /bin/cat, to: busybox}
  - {path: /bin/sh, to: busybox}
config: {cmd: [/bin/cat, /app/msg]}
outputs:
  - {oci: {compression: "$compression"}}
END
  ok build demo.yaml
  DIGEST=$(ashlar_digest demo-1.oci.tar)
}

ashlar_digest() {
  "$ASHLAR" inspect --json "$1" | jq -r .digest
}
