#!/bin/sh
# Usage: show.sh SOCKET PORT, while `sluice -f haproxy.cfg` runs in this folder.
set -eu
cd "$(dirname "$0")"
socket=$1 port=$2
send() { printf '%s\n' "$1" | socat -t5 - "$socket"; }
url=http://127.0.0.1:$port
# Where four requests go.
ask() {
  title=$1
  shift
  echo "$title:" $(for _ in 1 2 3 4; do curl -s -w '\n' "$@"; done)
}
remembered() { send "show table by-table" | sed -n 's/.*key=\([^ ]*\) .*server_key=\([^ ]*\).*/table: \1 is on \2/p'; }

ask "no cookie" "$url/"
cookie=$(curl -s -o /dev/null -D - "$url/" | sed -n 's/^set-cookie: \(SERVER=[a-z]*\);.*/\1/ip' | tr -d '\r')
ask "with $cookie" -b "$cookie" "$url/"
send "set server by-cookie/${cookie#SERVER=} state maint"
ask "its server is out" -b "$cookie" "$url/"
send "set server by-cookie/${cookie#SERVER=} state ready"
ask "its server is back" -b "$cookie" "$url/"

ask "session alice" -b session=alice "$url/table"
ask "session bob" -b session=bob "$url/table"
remembered
send "set server by-table/red state maint"
ask "alice, red is out" -b session=alice "$url/table"
send "set server by-table/red state ready"
remembered
send "clear table by-table key alice"
remembered
