# SPDX-License-Identifier: Apache-2.0
load ../lib/common
load ../lib/archive
load ../lib/store

setup() {
  setup_test
  own_store
  need dpkg-deb apt-ftparchive gpg jq openssl
  archive_new "$T/archive"
  deb hello 1.0
  archive_publish
  recipe_for demo hello
}

teardown() { archive_end; }

@test "keygen makes a private key for its owner only, and never overwrites" {
  ok keygen k
  [ "$(stat -c %a k)" = 600 ]
  openssl pkey -in k -noout
  openssl pkey -pubin -in k.pub -noout
  cp k before
  run_ashlar keygen k
  [ "$status" != 0 ]
  has "$err" "k"
  same k before
}

@test "build --sign, then verify" {
  ok keygen k
  ok build demo.yaml --sign k
  ok verify demo-1.oci.tar --key k.pub
  ok verify oci-archive:demo-1.oci.tar --key k.pub
}

@test "signing later gives the same bytes as signing at once" {
  ok keygen k
  ok build demo.yaml --sign k
  mv demo-1.oci.tar at-once.tar
  ok build demo.yaml
  ok sign demo-1.oci.tar --key k
  same demo-1.oci.tar at-once.tar
  ok sign demo-1.oci.tar --key k
  same demo-1.oci.tar at-once.tar
}

@test "an image without a signature is refused" {
  ok keygen k
  ok build demo.yaml
  fails 3 verify demo-1.oci.tar --key k.pub
}

@test "another key is refused" {
  ok keygen k
  ok keygen other
  ok build demo.yaml --sign k
  fails 3 verify demo-1.oci.tar --key other.pub
}

@test "a changed blob is refused and named" {
  ok keygen k
  ok build demo.yaml --sign k
  mkdir x
  tar -xf demo-1.oci.tar -C x
  layer=$(jq -r '.layers[0].digest' "x/blobs/$(jq -r '.manifests[0].digest' x/index.json | tr : /)")
  chmod u+w "x/blobs/${layer/://}"
  printf x >> "x/blobs/${layer/://}"
  tar -cf changed.tar -C x .
  fails 3 verify changed.tar --key k.pub
  has "$err" "${layer#sha256:}"
}

@test "every single byte of the tarball's blobs counts" {
  ok keygen k
  ok build demo.yaml --sign k
  size=$(stat -c %s demo-1.oci.tar)
  for ((i = 1; i < 20; i++)); do
    cp demo-1.oci.tar changed.tar
    at=$((size * i / 20 / 512 * 512 + 3))
    before=$(dd if=changed.tar bs=1 skip=$at count=1 status=none | od -An -tu1 | tr -d ' ')
    # shellcheck disable=SC2059
    printf "\\$(printf %o $((before ^ 64)))" | dd of=changed.tar bs=1 seek=$at conv=notrunc status=none
    run_ashlar verify changed.tar --key k.pub
    if [ "$status" = 0 ]; then
      # a byte of padding, or one that tells nothing: every blob, and what is signed, must be the same all the same
      mkdir "a$i" "b$i"
      tar -xf demo-1.oci.tar -C "a$i"
      tar -xf changed.tar -C "b$i"
      diff -r "a$i/blobs" "b$i/blobs"
      [ "$(jq .manifests "a$i/index.json")" = "$(jq .manifests "b$i/index.json")" ]
    fi
  done
}

@test "docker's manifest.json may tell nothing else than what is signed" {
  ok keygen k
  ok build demo.yaml --sign k
  mkdir x
  tar -xf demo-1.oci.tar -C x
  other=blobs/sha256/$(printf 'other' | sha256sum | cut -d' ' -f1)
  printf 'other' > "x/$other"
  jq -c --arg other "$other" '.[0].Config = $other' x/manifest.json > m && mv m x/manifest.json
  tar -cf changed.tar -C x .
  fails 3 verify changed.tar --key k.pub
}

@test "keys that openssl made are taken: Ed25519, P-256, RSA, and with a password" {
  openssl genpkey -algorithm ed25519 -out ed25519 2> /dev/null
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out p256 2> /dev/null
  openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out rsa 2> /dev/null
  for key in ed25519 p256 rsa; do
    openssl pkey -in $key -pubout -out $key.pub
    ok build demo.yaml --sign $key
    ok verify demo-1.oci.tar --key $key.pub
  done
}

@test "what is no key is told, and nothing is written" {
  mkdir folder
  : > empty
  echo nonsense > nonsense
  printf -- '-----BEGIN PRIVATE \e[31mKEY-----\n' > control
  { echo '-----BEGIN PRIVATE KEY-----'; yes AAAA | head -n 5000; echo '-----END PRIVATE KEY-----'; } > as
  openssl genpkey -algorithm X25519 -out x25519 2> /dev/null
  openssl ecparam -name secp256k1 -genkey -noout -out koblitz 2> /dev/null
  openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:512 -out small 2> /dev/null
  for key in folder empty nonsense control as x25519 koblitz small /dev/zero; do
    fails 1 build demo.yaml --sign $key
    has "$err" "'$key'"
    lacks "$err" $'\e'
    [ ! -e demo-1.oci.tar ]
  done
}

@test "verify needs no network" {
  need_root
  ok keygen k
  ok build demo.yaml --sign k
  unshare -n "$ASHLAR" verify demo-1.oci.tar --key k.pub
}

@test "what is no image is told, not crashed on" {
  ok keygen k
  head -c 100000 /dev/urandom > random.tar
  run_ashlar verify random.tar --key k.pub
  [ "$status" = 1 ] || [ "$status" = 3 ]
  : > empty.tar
  run_ashlar verify empty.tar --key k.pub
  [ "$status" = 1 ] || [ "$status" = 3 ]
  tar -cf other.tar k
  run_ashlar verify other.tar --key k.pub
  [ "$status" = 1 ] || [ "$status" = 3 ]
  run_ashlar verify none.tar --key k.pub
  [ "$status" = 1 ]
  has "$err" none.tar
}
