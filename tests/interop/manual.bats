# SPDX-License-Identifier: Apache-2.0
#
# The manual before groff, mandoc and man-db
load ../lib/common
load ../lib/tables

setup() {
  setup_test
  ok manual --output pages
}

# page COMMAND: its file
page() { echo "pages/ashlar-${*// /-}.1"; }

@test "there is a page for the program, each command and the recipes" {
  [ -s pages/ashlar.1 ]
  [ -s pages/ashlar-recipe.5 ]
  while read -r command; do
    [ -s "$(page "$command")" ]
  done < <(commands)
  [ "$(find pages -name '*.1' | wc -l)" = "$(($(commands | wc -l) + 1))" ]
}

@test "mandoc finds no fault" {
  need mandoc
  for file in pages/*; do
    mandoc -T lint -W warning "$file"
  done
}

@test "groff finds no fault" {
  need man groff
  for file in pages/*; do
    faults=$(man --warnings -E UTF-8 -l -Tutf8 "$file" 2>&1 > /dev/null) || true
    faults+=$(groff -man -Tutf8 -ww -z "$file" 2>&1) || true
    [ -z "$faults" ] || { echo "$file: $faults"; return 1; }
  done
}

@test "man-db finds names and summaries" {
  need lexgrog
  while read -r command; do
    summary=$("$ASHLAR" --help | sed -n "s/^  $command  *//p" | head -n 1)
    [ "$(lexgrog "$(page "$command")")" = "$(page "$command"): \"ashlar-${command// /-} - $summary\"" ]
  done < <(commands)
}

@test "every option of every command is in its page" {
  need mandoc
  while read -r command; do
    text=$(mandoc -T ascii -O width=200 "$(page "$command")" | col -b)
    # shellcheck disable=SC2046,SC2086 # words
    for option in $(options_of $command); do
      grep -qE -- "^ +(-., )?$option( |,|\$)" <<< "$text" || { echo "not in the page of $command: $option"; return 1; }
    done
  done < <(commands)
}

@test "pages that are named are there" {
  for file in pages/*; do
    sed 's/\\f.//g; s/\\-/-/g; s/^\.BR \(.*\) (/\1(/' "$file" | grep -oE 'ashlar[a-z-]*\([0-9]\)' | tr '()' '. ' | while read -r name; do
      [ -e "pages/$name" ] || { echo "$file names $name"; return 1; }
    done
  done
}

@test "the same program makes the same pages" {
  ok manual --output again
  diff -r pages again
  for command in "" build "store gc" recipe; do
    # shellcheck disable=SC2086 # words
    ok manual $command
    file=$(page "$command")
    [ -n "$command" ] || file=pages/ashlar.1
    [ "$command" != recipe ] || file=pages/ashlar-recipe.5
    diff <(printf '%s\n' "$out") "$file"
  done
  fails 2 manual no-such
}

@test "make install puts program, pages and completions where they are looked for, and uninstall takes them away" {
  need make
  [ -w "$TOP/build" ] || skip "the build folder is not this user's"
  [[ $ASHLAR == "$TOP/build/ashlar" ]] || skip "not the program of a plain make"
  make -s -C "$TOP" install DESTDIR="$T/root" PREFIX=/usr > log 2>&1 || { cat log; return 1; }
  for file in bin/ashlar bin/ashlar-ci share/man/man1/ashlar.1 share/man/man1/ashlar-store-gc.1 share/man/man5/ashlar-recipe.5 \
    share/bash-completion/completions/ashlar share/zsh/site-functions/_ashlar share/fish/vendor_completions.d/ashlar.fish; do
    [ -s "$T/root/usr/$file" ] || { echo "missing: $file"; return 1; }
  done
  if command -v man > /dev/null; then
    MANPATH=$T/root/usr/share/man man -w ashlar-build
  fi
  make -s -C "$TOP" uninstall DESTDIR="$T/root" PREFIX=/usr
  [ -z "$(find root ! -type d)" ]
}
