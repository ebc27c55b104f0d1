# SPDX-License-Identifier: Apache-2.0
#
# Our signatures before cosign and openssl
load ../lib/common
load ../lib/store
load lib
load trixie

setup() {
  setup_test
  own_store
  need jq
}

teardown() { judges_end; }

# demo ARCH...: demo-1.oci.tar, of a few files
demo() {
  cat > demo.yaml <<END
name: demo
version: "1"
epoch: 1700000000
arch: [$(IFS=,; echo "$*")]
files:
  - {path: /app/msg, content: "cut to exact dimensions\n"}
END
  ok build demo.yaml
}

layout_of() {
  rm -rf "$2"
  mkdir "$2"
  tar -xf "$1" -C "$2"
}

blob() {
  echo "$1/blobs/${2/://}"
}

# signature_manifests LAYOUT: their digests
signature_manifests() {
  jq -r '.manifests[].digest' "$(blob "$1" "$(jq -r '.annotations["dev.ashlar.referrers"]' "$1/index.json")")"
}

put_blob() {
  local place
  place=$(curl -sf -D- -o /dev/null -X POST "http://$REGISTRY/v2/$1/blobs/uploads/" | tr -d '\r' | awk 'tolower($1) == "location:" {print $2}')
  curl -sf -o /dev/null -X PUT -H 'Content-Type: application/octet-stream' --data-binary "@$(blob "$2" "$3")" "$place&digest=$3"
}

# publish LAYOUT REPOSITORY: the image under :1, each signature under the tag where cosign looks for it
publish() {
  local manifest subject digest
  need oras curl
  oras cp --no-tty --from-oci-layout "$1:1" --to-plain-http "$REGISTRY/$2:1" > /dev/null
  for digest in $(signature_manifests "$1"); do
    manifest=$(blob "$1" "$digest")
    for part in $(jq -r '.config.digest, .layers[].digest' "$manifest"); do
      put_blob "$2" "$1" "$part"
    done
    subject=$(jq -r .subject.digest "$manifest")
    curl -sf -o /dev/null -X PUT -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' --data-binary "@$manifest" \
      "http://$REGISTRY/v2/$2/manifests/${subject/:/-}.sig"
  done
}

cosign_verify() {
  need cosign
  HOME=$T cosign verify --insecure-ignore-tlog=true "$@" 2> cosign.err
}

@test "cosign verifies an image in a registry: Ed25519, ECDSA, RSA" {
  registry_start
  demo amd64
  for type in ed25519 ecdsa rsa; do
    ok keygen $type --type $type
    ok sign demo-1.oci.tar --key $type --reference "$REGISTRY/$type" --annotation team=stone -o $type.tar
    layout_of $type.tar layout
    publish layout $type
    digest=$(jq -r '.manifests[0].digest' layout/index.json)
    cosign_verify --key $type.pub -a team=stone "$REGISTRY/$type@$digest" > told
    [ "$(jq -r '.[0].critical.image["docker-manifest-digest"]' told)" = "$digest" ]
    [ "$(jq -r '.[0].critical.identity["docker-reference"]' told)" = "$REGISTRY/$type" ]
    run ! cosign_verify --key $type.pub -a team=wood "$REGISTRY/$type@$digest"
  done
  run ! cosign_verify --key ecdsa.pub "$REGISTRY/rsa@$digest"
}

@test "cosign verifies two signatures of one image" {
  registry_start
  demo amd64
  for key in one two; do
    ok keygen $key
    ok sign demo-1.oci.tar --key $key
    ok verify demo-1.oci.tar --key $key.pub
  done
  layout_of demo-1.oci.tar layout
  publish layout demo
  for key in one two; do
    cosign_verify --key $key.pub "$REGISTRY/demo:1"
  done
}

@test "cosign verifies an index and each image in it" {
  registry_start
  demo amd64 arm64
  ok keygen k
  ok sign demo-1.oci.tar --key k
  layout_of demo-1.oci.tar layout
  publish layout demo
  top=$(jq -r '.manifests[0].digest' layout/index.json)
  for digest in "$top" $(jq -r '.manifests[].digest' "$(blob layout "$top")"); do
    cosign_verify --key k.pub "$REGISTRY/demo@$digest"
  done
}

@test "cosign verifies a folder that its own index.json describes, without any registry" {
  demo amd64
  ok keygen k
  ok sign demo-1.oci.tar --key k
  layout_of demo-1.oci.tar layout
  signature=$(signature_manifests layout)
  jq -c --arg digest "$signature" --argjson size "$(stat -c %s "$(blob layout "$signature")")" '
    .manifests[0].annotations.kind = "dev.cosignproject.cosign/image"
    | .manifests += [{mediaType: "application/vnd.oci.image.manifest.v1+json", $digest, $size, annotations: {kind: "dev.cosignproject.cosign/sigs"}}]' \
    layout/index.json > index.json
  mv index.json layout/index.json
  cosign_verify --key k.pub --local-image layout
}

@test "openssl verifies the payload that is in the tarball" {
  need openssl
  demo amd64
  ok keygen k
  ok sign demo-1.oci.tar --key k
  layout_of demo-1.oci.tar layout
  manifest=$(blob layout "$(signature_manifests layout)")
  jq -r '.layers[0].annotations["dev.cosignproject.cosign/signature"]' "$manifest" | base64 -d > signature
  payload=$(blob layout "$(jq -r '.layers[0].digest' "$manifest")")
  openssl pkeyutl -verify -rawin -pubin -inkey k.pub -in "$payload" -sigfile signature
  [ "$(jq -r '.critical.image["docker-manifest-digest"]' "$payload")" = "$(jq -r '.manifests[0].digest' layout/index.json)" ]
}

@test "a sealed key: made, opened with its passphrase by us and by openssl, refused without" {
  need openssl
  demo amd64
  ASHLAR_KEY_PASSPHRASE="open sesame" ok keygen k --encrypt
  grep -q 'BEGIN ENCRYPTED PRIVATE KEY' k
  openssl pkey -in k -passin 'pass:open sesame' -noout
  # no terminal to ask at
  run ! setsid -w "$ASHLAR" sign demo-1.oci.tar --key k
  has "$output" "there is no terminal to ask"
  ASHLAR_KEY_PASSPHRASE="open barley" fails 1 sign demo-1.oci.tar --key k
  has "$err" "does not open with this passphrase"
  fails 3 verify demo-1.oci.tar --key k.pub
  echo "open sesame" > passphrase
  "$ASHLAR" sign demo-1.oci.tar --key k --passphrase-fd 7 7< passphrase
  ok verify demo-1.oci.tar --key k.pub --name demo --version 1
  fails 3 verify demo-1.oci.tar --key k.pub --name other
  has "$err" "the image's name is 'demo', not 'other'"
  fails 3 verify demo-1.oci.tar --key k.pub --version 2
  fails 3 verify demo-1.oci.tar --key k.pub --digest "sha256:$(printf %064d 0)"
}

@test "the passphrase is asked for at the terminal and not shown; Ctrl-C leaves the terminal as it was" {
  need python3
  demo amd64
  ASHLAR_KEY_PASSPHRASE="open sesame" ok keygen k --encrypt
  cat > at-terminal.py <<'END'
import os, pty, sys, termios
answer, program = sys.argv[1].encode().decode("unicode_escape").encode(), sys.argv[2:]
child, tty = pty.fork()
if child == 0:
    os.execv(program[0], program)
seen = b""
while b"passphrase of" not in seen:
    seen += os.read(tty, 1000)
# the prompt is written before the echo goes off
while termios.tcgetattr(tty)[3] & termios.ECHO:
    pass
os.write(tty, answer)
try:
    while piece := os.read(tty, 1000):
        seen += piece
except OSError:
    pass
_, status = os.waitpid(child, 0)
print(seen.decode())
print("status", os.waitstatus_to_exitcode(status), "echo" if termios.tcgetattr(tty)[3] & termios.ECHO else "silent")
END
  python3 at-terminal.py 'open sesame\n' "$ASHLAR" sign demo-1.oci.tar --key k > told
  has "$(< told)" "status 0 echo"
  lacks "$(< told)" sesame
  ok verify demo-1.oci.tar --key k.pub
  python3 at-terminal.py 'open\x03' "$ASHLAR" sign demo-1.oci.tar --key k > told
  has "$(< told)" "status 130 echo"
  lacks "$(< told)" open
}

@test "skopeo's policy of sigstore signatures accepts the image and the index, and nothing else" {
  need_trixie
  registry_start
  ok keygen k
  ok keygen other
  mkdir places.d
  printf 'docker:\n  %s:\n    use-sigstore-attachments: true\n' "$REGISTRY" > places.d/here.yaml
  for key in k other; do
    jq -n --arg place "$REGISTRY" --arg key "$T/$key.pub" '{default: [{type: "reject"}], transports: {docker: {($place):
      [{type: "sigstoreSigned", keyPath: $key, signedIdentity: {type: "matchRepository"}}]}}}' > $key.json
  done
  # skopeo rewrites an index of zstd layers on the way, which it may not do where signatures go along
  copied() {
    rm -rf copy
    in_trixie skopeo --policy "$1.json" --registries.d places.d copy -q --all --remove-signatures --src-tls-verify=false "docker://$REGISTRY/$2" dir:copy
  }
  for arches in amd64 "amd64 arm64"; do
    # shellcheck disable=SC2086 # one word each
    demo $arches
    ok sign demo-1.oci.tar --key k --reference "$REGISTRY/demo"
    layout_of demo-1.oci.tar layout
    publish layout demo
    copied k demo:1
    [ -s copy/manifest.json ]
    run ! copied other demo:1
    has "$output" "cryptographic signature verification failed"
  done
  # an image that nobody signed, and one whose signature was given for another place
  oras cp --no-tty --from-oci-layout layout:1 --to-plain-http "$REGISTRY/unsigned:1" > /dev/null
  run ! copied k unsigned:1
  has "$output" "no signature exists"
  publish layout elsewhere
  run ! copied k elsewhere:1
  has "$output" "is not accepted"
}
