#!/bin/sh
# Usage: show.sh SOCKET1 PORT1 SOCKET2 PORT2 FOLDER, while two `sluice -f haproxy.cfg` run with other PORTs, sockets and the same keys.
set -eu
cd "$(dirname "$0")"
socket1=$1 port1=$2 socket2=$3 port2=$4 folder=$5
session=$(mktemp)
trap 'rm -f "$session"' EXIT
# connect TEXT PORT -sess_out|-sess_in FILE: whether the session is a new one.
connect() {
  printf 'GET / HTTP/1.1\r\nHost: www.example.net\r\nConnection: close\r\n\r\n' |
    openssl s_client -connect "127.0.0.1:$2" -servername www.example.net -ign_eof "$3" "$session" 2>/dev/null |
    sed -nE "s/^(New|Reused), (TLS[^,]*), Cipher.*/$1: \1/p"
}
# The same new key for both nodes, first as one that they know, then as the one that they use.
rotate() {
  key=$(openssl rand -base64 48 | tr -d '\n')
  for socket in "$socket1" "$socket2"; do
    printf 'set ssl tls-key %s %s\n' "$folder/tickets.keys" "$key" | socat -t5 - "$socket" | sed '/^$/d'
  done
}

connect "node 1" "$port1" -sess_out
connect "the same session on node 2" "$port2" -sess_in
rotate
connect "after a rotation, on node 2" "$port2" -sess_in
connect "a new session on node 1" "$port1" -sess_out
connect "the same on node 2" "$port2" -sess_in
rotate
rotate
rotate
connect "when its key is gone, on node 2" "$port2" -sess_in
