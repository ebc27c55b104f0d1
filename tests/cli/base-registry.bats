# SPDX-License-Identifier: Apache-2.0
#
# Bases from a registry: one of the tests' own, which can be made to misbehave
load ../lib/common
load ../lib/image

setup() {
  setup_test
  export ASHLAR_STORE=$T/store HOME=$T/home XDG_RUNTIME_DIR=$T/run
  unset REGISTRY_AUTH_FILE DOCKER_CONFIG XDG_CONFIG_HOME
  need jq zstd python3
  python3 -B "$TOP/tests/lib/base_image.py" base "${KIND:-mixed}"
}

teardown() {
  [ -z "$SERVER" ] || kill "$SERVER" 2> /dev/null || true
}

# serve MODE: starts it; sets HOST
serve() {
  python3 -B "$TOP/tests/lib/registry.py" base "$1" "$T/log" > port 3>&- &
  SERVER=$!
  until [ -s port ]; do sleep 0.05; done
  HOST=localhost:$(< port)
  printf 'name: demo\nversion: "1"\nfrom: docker://%s/team/base:v1\nfiles: [{path: /x, content: x}]\n' "$HOST" > demo.yaml
}

same_layers() {
  rm -rf i
  image_open demo-1.oci.tar i
  [ "$(image_manifest i | jq -c '.layers[:3]')" = "$(jq -c .layers "base/blobs/sha256/$(jq -r '.manifests[0].digest' base/index.json | cut -d: -f2)")" ]
}

# credentials FILE: user:secret for the registry
credentials() {
  mkdir -p "$(dirname "$1")"
  jq -n --arg host "$HOST" '{auths: {($host): {auth: ("user:secret" | @base64)}}}' > "$1"
}

@test "a registry that asks for nothing; the lock names the digest, and the store then needs no network" {
  serve open
  ok build demo.yaml
  same_layers
  [ "$(jq -r .base.manifests.amd64 demo.lock)" = "$(jq -r '.manifests[0].digest' base/index.json)" ]
  has "$err" "layer 1 of docker://"
  kill "$SERVER"
  rm demo-1.oci.tar
  ok build --offline --locked demo.yaml
  same_layers
  rm -rf store
  fails 1 build --offline demo.yaml
  has "$err" "demo.yaml:3:7"
  has "$err" "the network may not be used"
}

@test "a tag that moved is not looked at until the lock is moved" {
  serve open
  ok build demo.yaml
  rm -rf base
  python3 -B "$TOP/tests/lib/base_image.py" base other
  rm demo-1.oci.tar
  ok build demo.yaml
  has "$(jq -r .base.manifests.amd64 demo.lock)" sha256:
  ok lock --update demo.yaml
  [ "$(jq -r .base.manifests.amd64 demo.lock)" = "$(jq -r '.manifests[0].digest' base/index.json)" ]
  ok build demo.yaml
}

@test "by digest, and of several architectures" {
  rm -rf base
  python3 -B "$TOP/tests/lib/base_image.py" base two
  serve open
  sed -i "s|:v1|@$(jq -r '.manifests[0].digest' base/index.json)|; 1a arch: [amd64, arm64]" demo.yaml
  ok build demo.yaml
  [ "$(jq -r '.base.manifests | keys | join(" ")' demo.lock)" = "amd64 arm64" ]
  sed -i 's/arm64/s390x/' demo.yaml
  fails 2 build demo.yaml
  has "$err" "it has nothing for the architecture s390x, only for: amd64, arm64"
}

@test "an anonymous token" {
  serve token
  ok build demo.yaml
  same_layers
  grep -q "GET 127.0.0.1 /token unknown" log
}

@test "a token for a user: from each of the files, and in words where there are none" {
  serve login
  fails 1 build demo.yaml
  has "$err" "demo.yaml:3:7"
  for file in "$T/run/containers/auth.json" "$T/home/.config/containers/auth.json" "$T/home/.docker/config.json" "$T/named.json"; do
    [ "$file" != "$T/named.json" ] || export REGISTRY_AUTH_FILE=$file
    credentials "$file"
    rm -rf store demo.lock
    ok build demo.yaml
    same_layers
    rm "$file"
  done
}

@test "Basic, wrong credentials, and a helper that is not run" {
  serve basic
  fails 1 build demo.yaml
  has "$err" "the registry $HOST wants credentials for team/base"
  credentials "$T/home/.docker/config.json"
  ok build demo.yaml
  same_layers
  rm -rf store demo.lock
  jq -n --arg host "$HOST" '{auths: {($host): {auth: ("user:wrong" | @base64)}}}' > "$T/home/.docker/config.json"
  fails 1 build demo.yaml
  has "$err" "wants other credentials"
  lacks "$err" wrong
  jq -n --arg host "$HOST" '{credHelpers: {($host): "secret-keeper"}}' > "$T/home/.docker/config.json"
  fails 1 build demo.yaml
  has "$err" "docker-credential-secret-keeper"
}

@test "credentials do not follow a redirect to another host" {
  serve basic,redirect
  credentials "$T/home/.docker/config.json"
  ok build demo.yaml
  same_layers
  grep -q "GET 127.0.0.1 /elsewhere/.* unknown" log
  run ! grep "/elsewhere/.* known" log
  kill "$SERVER"
  rm -rf port log store demo.lock
  serve login,redirect
  credentials "$T/home/.docker/config.json"
  ok build demo.yaml
  grep -q "/v2/team/base/blobs/.* known" log
  grep -q "/elsewhere/.* unknown" log
  run ! grep "/elsewhere/.* known" log
}

@test "a transfer that is cut goes on where it ended" {
  serve cut
  ok build demo.yaml
  same_layers
}

@test "documents and blobs that are others than asked for are refused" {
  serve open
  ok lock demo.yaml
  kill "$SERVER"
  rm port
  serve lie
  cp demo.lock other.lock
  sed "s|localhost:[0-9]*|$HOST|" other.lock > demo.lock
  fails 3 build demo.yaml
  has "$err" "the registry gives sha256:"
  kill "$SERVER"
  rm port
  serve large
  sed "s|localhost:[0-9]*|$HOST|" other.lock > demo.lock
  fails 3 build demo.yaml
  has "$err" "more than the"
  [ ! -e demo-1.oci.tar ]
}

@test "no such repository, and no registry at all" {
  serve open
  sed -i 's|team/base|team/none|' demo.yaml
  fails 2 build demo.yaml
  has "$err" "404"
  kill "$SERVER"
  fails 1 build demo.yaml
}
