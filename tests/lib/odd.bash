# SPDX-License-Identifier: Apache-2.0
#
# Odd archives and what becomes of them: load ../lib/odd (after common and archive)
#
#   odd_make KIND        writes those of odd.py KIND into $T/KIND, and their table into $T/KIND.table
#   publish_as PACKAGE...    an index that calls packages as their files are called, whatever their control files say; demo.yaml is
#                        a recipe of PACKAGEs
#   outcome NAME WANTED TEXT...   fails, telling NAME, unless $status and $err (of run_ashlar) are what WANTED says: words of a
#                        refusal, or "ok WORD..." where each WORD must be in TEXT in that order; control characters never are
# shellcheck disable=SC2154 # common.bash sets $status and $err

odd_make() {
  mkdir -p "$T/$1"
  python3 -B "$TOP/tests/lib/odd.py" "$1" "$T/$1" > "$T/$1.table"
}

publish_as() {
  mkdir -p "$T/bin"
  cat > "$T/bin/apt-ftparchive" << 'END'
#!/bin/sh
sha256sum pool/*.deb | while read -r sum file; do
  name=${file#pool/}
  printf 'Package: %s\nVersion: 1.0\nArchitecture: all\nFilename: %s\nSize: %s\nSHA256: %s\n\n' \
    "${name%%_*}" "$file" "$(stat -c %s "$file")" "$sum"
done
END
  chmod +x "$T/bin/apt-ftparchive"
  ARCHS=amd64 PATH=$T/bin:$PATH archive_publish
  recipe_for demo "$@"
}

outcome() {
  local name=$1 wanted=$2 text=$3 word at
  if [[ $text$err == *[$'\001'-$'\010'$'\013'-$'\037'$'\177']* ]]; then
    told "$name: a control character is printed"
  fi
  if [[ $wanted != ok* ]]; then
    case $status in 1 | 2 | 3) ;; *) told "$name: ended with $status, and should be refused: $wanted" ;; esac
    [[ $err == *"$wanted"* ]] || told "$name: is not refused in the words '$wanted'"
    return
  fi
  [ "$status" = 0 ] || told "$name: is refused ($status), and should not be"
  at=$text
  for word in ${wanted#ok}; do
    [[ $at == *"$word"* ]] || told "$name: $word is not there, or not in its place"
    at=${at#*"$word"}
  done
}
