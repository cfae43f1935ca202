#!/bin/sh
# Usage: show.sh SOCKET PORT, while `sluice -f haproxy.cfg` runs in this folder.
set -eu
cd "$(dirname "$0")"
socket=$1 port=$2
send() { printf '%s\n' "$1" | socat -t5 - "$socket"; }
ask() { echo "$1: $(curl -s -o /dev/null -D - -H "X-Client: $1" "http://127.0.0.1:$port/" | tr -d '\r' | sed -n 's/^x-country: //p')"; }

ask 192.0.2.200
ask 198.51.100.7
# A few networks more: one command each.
while read -r network country; do
    send "add map countries.map $network $country" </dev/null
done <more.map
ask 198.51.100.7
# Many at once: one command with all of them behind it.
{ echo "add map countries.map <<"; cat many.map; echo; } | socat -t5 - "$socket"
ask 203.0.113.9
version=$(send "prepare map countries.map" | sed -n 's/^New version created: //p')
# Nobody sees the new edition while it is being filled.
{ echo "add map @$version countries.map <<"; cat next-edition.map; echo; } | socat -t5 - "$socket"
ask 192.0.2.200
send "commit map @$version countries.map"
ask 192.0.2.200
ask 203.0.113.9
