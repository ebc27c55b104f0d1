# SPDX-License-Identifier: Apache-2.0
#
# The completion scripts in the shells that they are for
load ../lib/common
load ../lib/tables

setup() {
  setup_test
  mkdir -p scripts files
  for shell in bash zsh fish; do
    ok completion $shell
    printf '%s\n' "$out" > scripts/$shell
  done
  cp scripts/zsh scripts/_ashlar
  cd files || return
  mkdir folder 'a folder'
  touch web.yaml base.yml notes.txt web-1.oci.tar release.key.pub
}

# bash_offers WORD...: what bash offers for the last word, which may be empty
bash_offers() {
  # shellcheck disable=SC2016 # expanded by the inner shell
  bash --norc -c 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ashlar; printf "%s\n" "${COMPREPLY[@]}"' ../scripts/bash "$@"
}

fish_offers() {
  fish --no-config -c "source ../scripts/fish; complete -C '$*'" | cut -f1
}

# zsh_types LINE...: has zsh complete them; zsh_offers LINE: what it offered
zsh_types() {
  "$TOP/tests/interop/zsh-complete" "$T/scripts" "$@" > "$T/typed"
}

zsh_offers() {
  sed -n "s/^$*|//p" "$T/typed"
}

# offers TEXT WORD...: each stands in a line of its own
offers() {
  local found=$1 word
  shift
  for word; do
    grep -qxF -- "$word" <<< "$found" || { echo "not offered: $word"; echo "$found"; return 1; }
  done
}

offers_not() {
  local found=$1 word
  shift
  for word; do
    run ! grep -qxF -- "$word" <<< "$found"
  done
}

@test "the scripts are sound" {
  need shellcheck zsh fish
  shellcheck -s bash ../scripts/bash
  bash -n ../scripts/bash
  zsh -n ../scripts/zsh
  fish --no-execute ../scripts/fish
}

@test "bash: the script registers itself, and bash-completion finds it" {
  # shellcheck disable=SC2016 # expanded by the inner shell
  registered=$(bash --norc -c 'source "$0"; complete -p ashlar' ../scripts/bash)
  [ "$registered" = "complete -F _ashlar ashlar" ]
  [ -e /usr/share/bash-completion/bash_completion ] || skip "bash-completion is not installed (scripts/bootstrap --judges)"
  mkdir -p data/bash-completion/completions
  cp ../scripts/bash data/bash-completion/completions/ashlar
  # shellcheck disable=SC2016
  loaded=$(XDG_DATA_HOME=$PWD/data bash --norc -c 'source /usr/share/bash-completion/bash_completion; _completion_loader ashlar; complete -p ashlar')
  [ "$loaded" = "complete -F _ashlar ashlar" ]
}

@test "bash: every option of every command is offered" {
  while read -r command; do
    # shellcheck disable=SC2046,SC2086 # words
    offers "$(bash_offers ashlar $command -)" $(options_of $command)
  done < <(commands)
}

@test "bash: commands, their second words, and the commands of 'help'" {
  # shellcheck disable=SC2046 # words
  offers "$(bash_offers ashlar "")" $(commands | cut -d' ' -f1) --help --version
  [ "$(bash_offers ashlar bui)" = build ]
  [ "$(bash_offers ashlar store g)" = gc ]
  offers "$(bash_offers ashlar help "")" build store
  [ "$(bash_offers ashlar no-such "")" = "" ]
}

@test "bash: what an option takes, in both spellings" {
  [ "$(bash_offers ashlar build --progress pl)" = plain ]
  [ "$(bash_offers ashlar build --progress = pl)" = plain ]
  [ "$(bash_offers ashlar build --progress =)" = "$(printf '%s\n' auto live plain json quiet)" ]
  [ "$(bash_offers ashlar keygen -t r)" = rsa ]
  [ "$(bash_offers ashlar build -o "")" = "$(printf '%s\n' 'a folder' folder)" ]
  offers "$(bash_offers ashlar build --arch "")" amd64 arm64
  offers "$(bash_offers ashlar verify --key rel)" release.key.pub
  [ "$(bash_offers ashlar build --label "")" = "" ]
}

@test "bash: arguments by what they are" {
  found=$(bash_offers ashlar build --offline --progress plain "")
  offers "$found" web.yaml base.yml folder 'a folder'
  offers_not "$found" notes.txt web-1.oci.tar
  offers "$(bash_offers ashlar build web.yaml ba)" base.yml
  found=$(bash_offers ashlar verify --key release.key.pub "")
  offers "$found" web-1.oci.tar folder
  offers_not "$found" notes.txt
  [ "$(bash_offers ashlar ls web-1.oci.tar "")" = "" ]
  [ "$(bash_offers ashlar completion z)" = zsh ]
  offers "$(bash_offers ashlar build -- w)" web.yaml
}

@test "bash: at a terminal, Tab completes" {
  need python3
  python3 "$TOP/tests/interop/tab.py" "bash --norc -i" "source $T/scripts/bash" $'ashlar sto\tgc --max\t' "ashlar store gc --max-size "
}

@test "zsh: every option of every command is offered" {
  need zsh
  mapfile -t lines < <(commands | sed 's/.*/ashlar & -/')
  zsh_types "${lines[@]}"
  while read -r command; do
    # shellcheck disable=SC2046,SC2086 # words
    offers "$(zsh_offers "ashlar $command -")" $(options_of $command)
  done < <(commands)
}

@test "zsh: commands, choices and arguments" {
  need zsh
  zsh_types "ashlar " "ashlar store " "ashlar build --progress " "ashlar build --progress=" "ashlar build --offline " \
    "ashlar verify " "ashlar completion " "ashlar help " "ashlar build --arch "
  offers "$(zsh_offers "ashlar build --arch ")" amd64 arm64
  # shellcheck disable=SC2046 # words
  offers "$(zsh_offers "ashlar ")" $(commands | cut -d' ' -f1)
  offers "$(zsh_offers "ashlar store ")" info verify gc
  offers "$(zsh_offers "ashlar build --progress ")" auto live plain json quiet
  offers "$(zsh_offers "ashlar build --progress=")" auto live plain json quiet
  found=$(zsh_offers "ashlar build --offline ")
  offers "$found" web.yaml base.yml folder
  offers_not "$found" notes.txt
  offers "$(zsh_offers "ashlar verify ")" web-1.oci.tar folder
  offers "$(zsh_offers "ashlar completion ")" bash zsh fish
  offers "$(zsh_offers "ashlar help ")" build store
}

@test "fish: every option of every command is offered" {
  need fish
  while read -r command; do
    # shellcheck disable=SC2046,SC2086 # words
    offers "$(fish_offers "ashlar $command -"; fish_offers "ashlar $command --")" $(options_of $command)
  done < <(commands)
}

@test "fish: commands, choices and arguments" {
  need fish
  # shellcheck disable=SC2046 # words
  offers "$(fish_offers "ashlar ")" $(commands | cut -d' ' -f1)
  offers "$(fish_offers "ashlar store ")" info verify gc
  offers_not "$(fish_offers "ashlar store ")" build
  offers "$(fish_offers "ashlar build --progress ")" auto live plain json quiet
  offers "$(fish_offers "ashlar build -o ")" folder/ 'a folder/'
  offers_not "$(fish_offers "ashlar build -o ")" notes.txt
  found=$(fish_offers "ashlar build --offline ")
  offers "$found" web.yaml base.yml folder/
  offers_not "$found" notes.txt web-1.oci.tar
  offers "$(fish_offers "ashlar verify ")" web-1.oci.tar folder/
  offers "$(fish_offers "ashlar completion ")" bash zsh fish
}
