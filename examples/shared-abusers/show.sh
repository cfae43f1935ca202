#!/bin/sh
# Usage: show.sh SOCKET PORT OTHER-SOCKET OTHER-PORT, while two nodes run on haproxy.cfg.
set -eu
cd "$(dirname "$0")"
socket=$1 port=$2 other_socket=$3 other_port=$4
send() { printf '%s\n' "$2" | socat -t5 - "$1"; }
ask() { echo "$1: $(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$2")"; }
# Waits until a node has heard that the tag of 127.0.0.1 is $2.
heard() {
  for _ in $(seq 100); do
    send "$1" "show table abusers key 127.0.0.1" | grep -q "gpt0=$2" && return
    sleep 0.1
  done
  echo "nothing was heard in 10 seconds" >&2
  exit 1
}

ask "the other node, before" "$other_port/"
ask "a probe" "$port/.env"
ask "this node" "$port/"
heard "$other_socket" 1
ask "the other node, too" "$other_port/"
send "$other_socket" "set table abusers key 127.0.0.1 data.gpt0 0"
heard "$socket" 0
ask "forgiven there, let in here" "$port/"
