#!/bin/sh
# Usage: show.sh SOCKET PORT, while `sluice -f haproxy.cfg` runs in this folder.
set -eu
cd "$(dirname "$0")"
socket=$1 port=$2
send() { printf '%s\n' "$1" | socat -t5 - "$socket"; }
ask() { echo "$1: $(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/")"; }

ask "not listed"
send "add acl allowed.acl 127.0.0.1"
ask "added"
send "get acl allowed.acl 127.0.0.1"
send "del acl allowed.acl 127.0.0.1"
ask "deleted"
