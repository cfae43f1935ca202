#!/bin/sh
# Usage: show.sh SOCKET PORT FOLDER, while `sluice -f haproxy.cfg` runs; FOLDER has what ../make-certificates.sh made.
set -eu
cd "$(dirname "$0")"
socket=$1 port=$2 folder=$3
send() { printf "%s\n\n" "$1" | socat -t5 - "$socket" | sed "/^$/d"; }
# What a new client of shop.example.net is shown.
shown() {
  openssl s_client -connect "127.0.0.1:$port" -servername shop.example.net </dev/null 2>/dev/null |
    openssl x509 -noout -subject -nameopt RFC2253 | sed "s/^subject=/$1: /"
}

shown "before"
send "new ssl cert $folder/shop.pem"
send "set ssl cert $folder/shop.pem <<
$(cat "$folder/shop.pem")"
send "commit ssl cert $folder/shop.pem"
send "add ssl crt-list $folder/certs.list <<
$folder/shop.pem [ssl-min-ver TLSv1.2] shop.example.net"
shown "added"
send "show ssl crt-list -n $folder/certs.list"
send "del ssl cert $folder/shop.pem"
send "del ssl crt-list $folder/certs.list $folder/shop.pem"
shown "deleted"
