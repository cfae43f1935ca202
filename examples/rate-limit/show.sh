#!/bin/sh
# Usage: show.sh SOCKET PORT, while `sluice -f haproxy.cfg` runs in this folder.
set -eu
cd "$(dirname "$0")"
socket=$1 port=$2
send() { printf '%s\n' "$1" | socat -t5 - "$socket"; }
# How many of $2 requests come through.
ask() {
  passed=0
  for _ in $(seq "$2"); do
    [ "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/")" = 429 ] || passed=$((passed + 1))
  done
  echo "$1: $passed of $2 pass"
}
tagged() { send "show table clients data.gpt0 eq 1" | sed -n 's/.*key=\([^ ]*\) .*gpt0=\([0-9]*\) .*/tagged: \1/p'; }

ask "limit of 20" 30
tagged
send "clear table clients key 127.0.0.1"
ask "entry removed" 5

send "set table clients key 127.0.0.1 data.gpt0 1"
ask "tagged by hand" 5
tagged
send "set table clients key 127.0.0.1 data.gpt0 0"
ask "tag cleared" 5

send "show acl limit.acl" | sed 's/^0x[0-9a-f]* /limit: /'
# First the new one: at no time is there no limit.
send "add acl limit.acl 6:"
send "del acl limit.acl 21:"
send "show acl limit.acl" | sed 's/^0x[0-9a-f]* /limit: /'
send "clear table clients"
ask "limit of 5" 10

send "add acl friends.acl 127.0.0.1"
ask "friend" 10
send "del acl friends.acl 127.0.0.1"
ask "no friend any more" 5
