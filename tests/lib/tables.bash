# SPDX-License-Identifier: Apache-2.0
#
# The commands and options that ashlar has, as its --help tells them: load ../lib/tables
#
#   commands             the commands, a line each ("store gc" is one)
#   options_of COMMAND   its options, those that every command has among them, a line each: -o, --output

commands() {
  "$ASHLAR" --help | awk '/^commands:/ {on = 1; next} on && !NF {exit} on {name = substr($0, 3, 14); sub(/ +$/, "", name); print name}'
}

options_of() {
  { "$ASHLAR" "$@" --help; "$ASHLAR" --help | sed -n '/^options of every/,/^$/p'; } |
    sed -nE 's/^  (-(.), |    )(--[a-z-]+).*/\3\n-\2/p' | sed '/^-$/d'
}
