#!/bin/sh
# Usage: show.sh SOCKET PORT, while `sluice -f haproxy.cfg` runs in this folder.
set -eu
socket=$1 port=$2
send() { printf '%s\n' "$1" | socat -t5 - "$socket"; }
ask() { echo "$1: $(curl -s -H "X-Client: $1" "http://127.0.0.1:$port/")"; }

ask 192.0.2.200
ask 2001:db8::1
file=$(send "show mmdb" | sed -n 's/ .*//; 2p')
# After a new edition has been put in the place of the file:
send "reload mmdb $file"
send "show mmdb" | sed -n 's/^[^ ]* //p'
ask 192.0.2.200
