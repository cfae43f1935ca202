#!/bin/sh
# Usage: show.sh SOCKET PORT, while `sluice -f haproxy.cfg` runs in this folder.
set -eu
cd "$(dirname "$0")"
socket=$1 port=$2
send() { printf '%s\n' "$1" | socat -t5 - "$socket"; }
# How many of 110 requests each version answers.
ask() {
  answers=$(for _ in $(seq 110); do curl -s -w '\n' "http://127.0.0.1:$port/"; done)
  echo "$1: old $(echo "$answers" | grep -c old), new $(echo "$answers" | grep -c new)"
}

ask "before"
send "set weight app/new 10"
ask "weight 10"
send "set weight app/new 100"
ask "weight 100"
send "set weight app/new 0"
ask "taken back"
