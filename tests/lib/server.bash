# SPDX-License-Identifier: Apache-2.0
#
# A file server on loopback that misbehaves on demand (server.py): load ../lib/server
#
#   server_start ROOT      serves ROOT; sets SERVER, its URL; call server_stop in teardown
#   server_fault COUNT FAULT GLOB   the next COUNT requests for GLOB go wrong
#   server_requests        the requests so far, a line each: METHOD PATH RANGE STATUS
# shellcheck disable=SC2034 # what is set here is for the suites

server_start() {
  local waited
  SERVER_PORT_FILE=$BATS_TEST_TMPDIR/port
  rm -f "$SERVER_PORT_FILE"*
  python3 "$TOP/tests/lib/server.py" "$1" "$SERVER_PORT_FILE" 3>&- &
  SERVER_PID=$!
  for ((waited = 0; waited < 200; waited++)); do
    [ ! -e "$SERVER_PORT_FILE" ] || break
    sleep 0.05
  done
  SERVER=http://127.0.0.1:$(< "$SERVER_PORT_FILE")
}

server_fault() {
  echo "$1 $2 $3" >> "$SERVER_PORT_FILE.faults"
}

server_requests() {
  cat "$SERVER_PORT_FILE.log" 2> /dev/null || true
}

server_stop() {
  [ -z "${SERVER_PID:-}" ] || kill "$SERVER_PID" 2> /dev/null || true
  SERVER_PID=
}
