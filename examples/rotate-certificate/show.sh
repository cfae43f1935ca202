#!/bin/sh
# Usage: show.sh SOCKET PORT FOLDER, while `sluice -f haproxy.cfg` runs; FOLDER has what ../make-certificates.sh made.
set -eu
cd "$(dirname "$0")"
socket=$1 port=$2 folder=$3
send() { printf "%s\n\n" "$1" | socat -t5 - "$socket" | sed "/^$/d"; }
# What a new client is shown.
shown() {
  openssl s_client -connect "127.0.0.1:$port" -servername www.example.net </dev/null 2>/dev/null |
    openssl x509 -noout -subject -nameopt RFC2253 | sed "s/^subject=/$1: /"
}
replace() {
  send "set ssl cert $folder/site.pem <<
$(cat "$1")"
  send "commit ssl cert $folder/site.pem"
}

shown "before"
replace "$folder/mixed.pem"
send "abort ssl cert $folder/site.pem"
shown "refused, and so"
replace "$folder/renewed.pem"
shown "after"
