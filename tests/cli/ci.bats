# SPDX-License-Identifier: Apache-2.0
#
# scripts/ci: the build step, and the GitHub action and the GitLab job around it, each with nothing in its environment but what
# that CI system puts there
load ../lib/common
load ../lib/archive

setup() {
  need dpkg-deb apt-ftparchive gpg jq openssl
  # bats' own folders are for root only, and one test is an ordinary user's
  T=$(mktemp -d)
  chmod 755 "$T"
  cd "$T" || return
  mkdir tmp bin project home checkout
  cp "$ASHLAR" bin/ashlar
  cp -R --parents "$TOP/scripts/ci" checkout
  CI_FOLDER=$T/checkout$TOP/scripts/ci
  ln -s "$CI_FOLDER/ashlar-ci" bin/ashlar-ci
  archive_new "$T/archive"
  deb hello 1.0
  deb other 1.0
  archive_publish
  "$ASHLAR" keygen release.key > /dev/null
  cd project || return
  recipe_for demo hello
  ashlar_quietly lock demo.yaml
  cp ../release.key.pub .
}

teardown() {
  archive_end
  [ -z "${T:-}" ] || rm -rf "$T"
}

ashlar_quietly() { "$ASHLAR" "$@" --store "$T/first-store" > /dev/null 2>&1; }

# clean VARIABLE=VALUE... -- COMMAND...: with these variables alone, as a runner starts it; stdout and stderr as one go to $log
clean() {
  local -a env=("PATH=$T/bin:$PATH" "HOME=$T/home" "TMPDIR=$T/tmp")
  while [ "$1" != -- ]; do
    env+=("$1")
    shift
  done
  shift
  status=0
  env -i "${env[@]}" "${AS[@]}" "$@" > "$T/log" 2>&1 < /dev/null || status=$?
  log=$(< "$T/log")
  [ -z "$(ls -A "$T/tmp")" ] || { echo "left behind: $(ls -A "$T/tmp")"; return 1; }
}

# it_ends_with STATUS
it_ends_with() {
  [ "$status" = "$1" ] || { echo "status $status, expected $1"; echo "$log"; return 1; }
}

new_release() {
  sed -i 's/^version: .*/version: "2"/; s/\[hello\]/[hello, other]/' demo.yaml
  ashlar_quietly lock demo.yaml
}

@test "--help tells every variable that the step reads" {
  clean -- ashlar-ci --help
  it_ends_with 0
  while read -r name; do
    has "$log" "$name"
  done < <(grep -oE '\$\{ASHLAR_[A-Z_]+' "$TOP/scripts/ci/ashlar-ci" | sort -u | sed 's/..//')
  run ! grep -E '^.{140}' <<< "$log"
}

@test "a build without key and without an earlier release" {
  clean CI=true -- ashlar-ci demo.yaml
  it_ends_with 0
  has "$log" "no earlier release"
  ok inspect dist/demo-1.oci.tar
  has "$out" "not signed"
  jq -e '.[0] | .name == "demo" and .changed and (.signed | not)' dist/ashlar-result.json
  has "$(< dist/ashlar-summary.md)" "no key was given"
}

@test "--junit gives the results of each recipe's tests, of a build that fails too" {
  mkdir images
  cp keyring.gpg images
  echo 'tests: [{absent: /usr/share/nothing}]' >> demo.yaml
  sed 's/^name: .*/name: bad/; s/absent/file/' demo.yaml > images/bad.yaml
  ashlar_quietly lock images/bad.yaml
  clean CI=true -- ashlar-ci demo.yaml images/bad.yaml --junit results
  it_ends_with 1
  has "$(< results/demo.junit.xml)" 'tests="1" failures="0"'
  has "$(< results/images-bad.junit.xml)" 'tests="1" failures="1"'
  clean CI=true ASHLAR_JUNIT=again -- ashlar-ci demo.yaml
  it_ends_with 0
  [ -e again/demo.junit.xml ]
  rm -r results again
  clean CI=true -- ashlar-ci demo.yaml
  [ -z "$(find . -name '*.junit.xml')" ]
}

@test "signed, verified, compared and copied; the same again is unchanged" {
  clean CI=true ASHLAR_RECIPE=demo.yaml -- ashlar-ci --key ../release.key --upload-to releases
  it_ends_with 0
  same dist/demo-1.oci.tar releases/demo-1.oci.tar
  ok verify releases/demo-1.oci.tar --key ../release.key.pub
  clean CI=true -- ashlar-ci demo.yaml --key=../release.key --previous releases -o again
  it_ends_with 0
  has "$log" "unchanged"
  jq -e '.[0].changed == false' again/ashlar-result.json
}

@test "what changed since the last release is told" {
  clean CI=true -- ashlar-ci demo.yaml --upload-to releases
  new_release
  for previous in releases releases/demo-1.oci.tar "file"; do
    [ "$previous" != file ] || { mkdir layout && tar -xf releases/demo-1.oci.tar -C layout && previous=layout; }
    clean CI=true -- ashlar-ci demo.yaml --previous "$previous"
    it_ends_with 0
    jq -e '.[0] | .changed and .version == "2"' dist/ashlar-result.json
    has "$(< dist/ashlar-summary.md)" "other"
    has "$(< dist/ashlar-summary.md)" "changed from"
  done
}

@test "a last release at a URL, or none there yet" {
  need python3 curl
  load ../lib/server
  clean CI=true -- ashlar-ci demo.yaml --upload-to releases
  server_start "$PWD/releases"
  clean CI=true -- ashlar-ci demo.yaml --previous "$SERVER/demo-1.oci.tar"
  first="$status $log"
  clean CI=true -- ashlar-ci demo.yaml --previous "$SERVER/none.oci.tar"
  server_stop
  has "$first" "unchanged since"
  it_ends_with 0
  has "$log" "no earlier release"
  clean CI=true -- ashlar-ci demo.yaml --previous "$SERVER/none.oci.tar"
  it_ends_with 1
  has "$log" "cannot be fetched"
}

@test "an upload command gets the image, and no secret" {
  # shellcheck disable=SC2016 # expanded by the step
  upload='env > env.txt; cp "$1" "up-$ASHLAR_IMAGE_VERSION.tar"; echo "$ASHLAR_IMAGE_DIGEST" > digest'
  clean CI=true "ASHLAR_KEY=$(< ../release.key)" ASHLAR_KEY_PASSPHRASE=open-sesame "ASHLAR_UPLOAD=$upload" -- ashlar-ci demo.yaml
  it_ends_with 0
  same up-1.tar dist/demo-1.oci.tar
  [ "$(< digest)" = "$(jq -r '.[0].outputs[0].digest' dist/ashlar-result.json)" ]
  run ! grep -E 'PRIVATE|open-sesame' env.txt
  clean CI=true -- ashlar-ci demo.yaml --upload 'exit 7'
  it_ends_with 1
  has "$log" "ended with 7"
}

@test "a key in a variable, sealed or not, signs and stays out of files and log" {
  ASHLAR_KEY_PASSPHRASE=open-sesame "$ASHLAR" keygen ../sealed.key --encrypt > /dev/null
  for name in release sealed; do
    clean CI=true "ASHLAR_KEY=$(< ../$name.key)" ASHLAR_KEY_PASSPHRASE=open-sesame -- ashlar-ci demo.yaml -o $name
    it_ends_with 0
    ok verify $name/demo-1.oci.tar --key ../$name.key.pub
    secret=$(sed -n 2p ../$name.key)
    run ! grep -rF -e "$secret" -e open-sesame "$T/log" "$T/project" "$T/tmp" "$T/home"
  done
}

@test "an image that another key should have signed is not uploaded" {
  "$ASHLAR" keygen ../other.key > /dev/null
  clean CI=true -- ashlar-ci demo.yaml --key ../release.key --public-key ../other.key.pub --upload-to releases
  it_ends_with 3
  [ ! -e releases ]
}

@test "the lock is held to, and a recipe's errors end with 2" {
  sed -i 's/\[hello\]/[hello, other]/' demo.yaml
  clean -- ashlar-ci demo.yaml
  [ "$status" != 0 ]
  has "$log" "lock"
  printf '%s\n' 'name: demo' 'debain: {}' > demo.yaml
  clean -- ashlar-ci demo.yaml
  it_ends_with 2
  has "$log" "demo.yaml:2:1: error: unknown key 'debain'"
  lacks "$log" "::error"
  for argument in "" --no-such "--key"; do
    # shellcheck disable=SC2086 # none, or one
    clean -- ashlar-ci $argument
    it_ends_with 2
  done
}

@test "several recipes, values with spaces" {
  sed 's/^name: demo/name: second/' demo.yaml > 'second one.yaml'
  cp demo.lock 'second one.lock'
  ashlar_quietly lock 'second one.yaml'
  clean CI=true "ASHLAR_RECIPE=demo.yaml
second one.yaml" -- ashlar-ci -o 'out put' -- --label 'org.example.note=a b'
  it_ends_with 0
  [ "$(jq -r '.[].name' 'out put/ashlar-result.json' | paste -sd' ')" = "demo second" ]
  ok inspect 'out put/second-1.oci.tar'
  has "$out" "a b"
}

# shellcheck disable=SC2030 # each test is a subshell
@test "other shells take the step for what it is" {
  for shell in dash "busybox sh" "bash --posix"; do
    command -v "${shell%% *}" > /dev/null || continue
    # shellcheck disable=SC2086 # with its option
    clean CI=true -- $shell "$CI_FOLDER/ashlar-ci" demo.yaml --key ../release.key
    it_ends_with 0
  done
}

# ---- GitHub ----

# github INPUT=VALUE...: runs the action's steps as a runner would; $status and $log are the last one's, outputs in $T/runner
github() {
  need python3
  python3 -c 'import yaml' 2> /dev/null || skip "python3-yaml is not installed (scripts/bootstrap --judges)"
  local step file
  rm -rf "$T/runner"
  mkdir -p "$T/runner/temp"
  python3 "$TOP/tests/lib/ci-steps.py" "$TOP/scripts/ci/github/action.yml" "$T/runner" "$@"
  : > "$T/runner/summary"
  if [ -n "${AS[*]}" ]; then
    chown -R 65534:65534 "$T/runner" "$T/project" "$T/home" "$T/tmp"
  fi
  for file in "$T/runner"/*.sh; do
    # shellcheck disable=SC1090 # it was just made
    source "${file%.sh}.env"
    : > "$T/runner/outputs.$step_id"
    [ -z "${AS[*]}" ] || chown 65534:65534 "$T/runner/outputs.$step_id"
    step=(CI=true GITHUB_ACTIONS=true "GITHUB_WORKSPACE=$T/project" "GITHUB_ACTION_PATH=$CI_FOLDER/github"
      "GITHUB_OUTPUT=$T/runner/outputs.$step_id" "GITHUB_STEP_SUMMARY=$T/runner/summary" "RUNNER_TEMP=$T/runner/temp"
      GITHUB_REPOSITORY=example/images GITHUB_SHA=0123456789abcdef GITHUB_REF=refs/heads/main RUNNER_OS=Linux)
    cd "$T/project/$step_folder" || return
    # how the runner starts "shell: bash"
    clean "${step[@]}" "${step_env[@]}" -- bash --noprofile --norc -eo pipefail "$file"
    cd "$T/project" || return
    # shellcheck disable=SC2031 # of this very shell
    [ "$status" = 0 ] || return 0
  done
}

output_of() { sed -n "s/^$2=//p" "$T/runner/outputs.$1" | tail -n 1; }

AS=()

@test "GitHub: outputs, summary, and groups in the log" {
  github recipe=demo.yaml "key=$(< ../release.key)" public-key=release.key.pub upload-to=releases
  it_ends_with 0
  [ "$(output_of build name) $(output_of build version) $(output_of build changed)" = "demo 1 true" ]
  path=$(output_of build path)
  ok verify "$path" --key release.key.pub --digest "$(output_of build digest)"
  [ "$(output_of build size)" = "$(stat -c %s "$path")" ]
  output_of build images | jq -e '.[0].signed'
  has "$(< "$T/runner/summary")" "$(output_of build digest)"
  [ "$(grep -c '^::group::' <<< "$log")" = "$(grep -c '^::endgroup::' <<< "$log")" ]
  # every line of the key is masked, and told in no other way
  while read -r line; do
    has "$log" "::add-mask::$line"
    run ! grep -F "$line" <(grep -v '^::add-mask::' <<< "$log")
  done < <(grep -v -- ----- ../release.key)
  run ! grep -rlF "$(sed -n 2p ../release.key)" "$T/project" "$T/runner/temp" "$T/runner/outputs.build" "$T/runner/summary"
  # what the action hands on are the outputs of its steps
  while read -r name value; do
    [[ $value == "\${{ steps.build.outputs.$name }}" ]]
    [ -n "$(output_of build "$name")" ]
  done < "$T/runner/all.outputs"
}

@test "GitHub: the cache's key follows the locks, and a warm store fetches nothing" {
  github recipe=demo.yaml "store=$T/cached"
  it_ends_with 0
  first=$(output_of program locks)
  [ "$(output_of program prefix)" = "ashlar-store-$("$ASHLAR" --version | cut -d' ' -f2)-" ]
  [ "$(output_of program store)" = "$T/cached" ]
  mv "$T/archive/www" "$T/archive/gone"
  rm -r dist
  github recipe=demo.yaml "store=$T/cached"
  it_ends_with 0
  [ "$(output_of program locks)" = "$first" ]
  mv "$T/archive/gone" "$T/archive/www"
  new_release
  github recipe=demo.yaml "store=$T/cached" previous=
  it_ends_with 0
  [ "$(output_of program locks)" != "$first" ]
}

@test "GitHub: the summary tells what changed since the last release" {
  clean CI=true -- ashlar-ci demo.yaml -o releases
  new_release
  github recipe=demo.yaml previous=releases
  it_ends_with 0
  [ "$(output_of build changed)" = true ]
  has "$(< "$T/runner/summary")" "changed from"
  has "$(< "$T/runner/summary")" "other"
}

@test "GitHub: all errors of a recipe are annotations with their places" {
  mkdir images
  printf '%s\n' 'name: demo' 'debain: {}' 'version: "1"' 'fils: []' > images/demo.yaml
  github recipe=demo.yaml working-directory=images
  it_ends_with 2
  grep -qxF "::error file=images/demo.yaml,line=2,col=1::unknown key 'debain'%0Ahint: did you mean 'debian'?" <<< "$log"
  grep -qxF "::error file=images/demo.yaml,line=4,col=1::unknown key 'fils'%0Ahint: did you mean 'files'?" <<< "$log"
  rm -r images
  # and what is found later, with the archive at hand
  sed -i 's/\[hello\]/[hello, othr]/' demo.yaml
  github recipe=demo.yaml
  [ "$status" != 0 ]
  grep -q '^::error ' <<< "$log"
}

@test "GitHub: an ordinary user does as well" {
  need_root
  AS=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --)
  github recipe=demo.yaml "key=$(< ../release.key)" upload-to=releases
  it_ends_with 0
  ok verify releases/demo-1.oci.tar --key release.key.pub
}

# ---- GitLab ----

# gitlab VARIABLE=VALUE...: runs the template's job as a runner would
gitlab() {
  need python3
  python3 -c 'import yaml' 2> /dev/null || skip "python3-yaml is not installed (scripts/bootstrap --judges)"
  mkdir -p "$T/runner"
  python3 "$TOP/tests/lib/ci-steps.py" "$TOP/scripts/ci/gitlab/ashlar.gitlab-ci.yml" .ashlar-build "$T/runner"
  cat "$T/runner/job.env" "$T/runner/job.sh" > "$T/runner/job"
  clean CI=true GITLAB_CI=true "CI_PROJECT_DIR=$PWD" CI_JOB_ID=42 CI_PIPELINE_ID=7 CI_COMMIT_REF_SLUG=main \
    CI_JOB_TOKEN=token-of-the-job "$@" -- bash "$T/runner/job"
}

@test "GitLab: sections, reports and the cache's folder" {
  gitlab ASHLAR_RECIPE=demo.yaml ASHLAR_KEY_FILE=../release.key ASHLAR_PUBLIC_KEY_FILE=release.key.pub
  it_ends_with 0
  started=$(grep -oE $'\033\\[0Ksection_start:[0-9]+:[a-z_]+\r\033\\[0K' <<< "$log" | sed 's/.*://' | wc -l)
  [ "$started" -ge 3 ]
  [ "$started" = "$(grep -cE $'\033\\[0Ksection_end:[0-9]+:[a-z_]+\r\033\\[0K' <<< "$log")" ]
  jq -e '. == []' dist/ashlar-code-quality.json
  (
    # shellcheck disable=SC1091 # it was just made
    source dist/ashlar.env
    "$ASHLAR" verify "$ASHLAR_IMAGE_PATH" --key release.key.pub --digest "$ASHLAR_IMAGE_DIGEST" --version "$ASHLAR_IMAGE_VERSION" > /dev/null
  )
  [ -d "$(< "$T/runner/job.cache")/blobs" ]
  while read -r path; do
    compgen -G "${path/\$ASHLAR_OUTPUT/dist}"
  done < "$T/runner/job.reports"
  # the cache is warm: no package is fetched again
  mv "$T/archive/www" "$T/archive/gone"
  rm -r dist
  gitlab ASHLAR_RECIPE=demo.yaml
  it_ends_with 0
}

@test "GitLab: errors of a recipe are a code quality report" {
  mkdir images
  printf '%s\n' 'name: demo' 'debain: {}' 'version: "1"' > images/demo.yaml
  gitlab ASHLAR_RECIPE=images/demo.yaml
  it_ends_with 2
  jq -e '.[0] | .location == {path: "images/demo.yaml", lines: {begin: 2}} and .severity == "major" and .check_name == "ashlar"
    and (.description | test("debain.*did you mean")) and (.fingerprint | length > 0)' dist/ashlar-code-quality.json
  jq -e '[.[].fingerprint] | length == (unique | length)' dist/ashlar-code-quality.json
  [ ! -e dist/ashlar.env ]
}
