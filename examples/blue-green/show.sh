#!/bin/sh
# Usage: show.sh SOCKET PORT, while `sluice -f haproxy.cfg` runs in this folder.
set -eu
cd "$(dirname "$0")"
socket=$1 port=$2
send() { printf '%s\n' "$1" | socat -t5 - "$socket"; }
ask() { echo "$1: $(curl -s -H "Host: $1" "http://127.0.0.1:$port/")"; }

ask shop.example.net
ask beta.example.net
send "set map sides.map shop.example.net be_green"
ask shop.example.net
send "set map sides.map shop.example.net be_blue"
ask shop.example.net
