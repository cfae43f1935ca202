#!/bin/sh
# Usage: show.sh SOCKET PORT FOLDER, while `sluice -f haproxy.cfg` runs; FOLDER has what ../make-certificates.sh made.
set -eu
cd "$(dirname "$0")"
socket=$1 port=$2 folder=$3
send() { printf "%s\n\n" "$1" | socat -t5 - "$socket" | sed "/^$/d"; }
# What a new client is told by the response that comes with the certificate.
told() {
  openssl s_client -connect "127.0.0.1:$port" -servername www.example.net -status </dev/null 2>/dev/null |
    sed -n "s/^ *Cert Status: /$1: /p"
}

told "before"
# One about another certificate.
sh "$folder/answer.sh" shop.crt other.ocsp
send "set ssl ocsp-response $(openssl base64 -A -in "$folder/other.ocsp")"
told "refused, and so"
(cd "$folder" && openssl ca -config ca.cnf -revoke site.crt 2>/dev/null)
sh "$folder/answer.sh" site.crt site.pem.ocsp
send "set ssl ocsp-response $(openssl base64 -A -in "$folder/site.pem.ocsp")"
told "after"
