#!/bin/sh
# Usage: show.sh SOCKET PORT FOLDER, while `sluice -f haproxy.cfg` runs; FOLDER has what ../make-certificates.sh made.
set -eu
cd "$(dirname "$0")"
socket=$1 port=$2 folder=$3
send() { printf "%s\n\n" "$1" | socat -t5 - "$socket" | sed "/^$/d"; }
ask() {
  answer=$(curl -s --cacert "$folder/ca.crt" --resolve "www.example.net:$port:127.0.0.1" $2 "https://www.example.net:$port/" || echo refused)
  echo "$1: $answer"
}
ask_as() { ask "$1" "--cert $folder/$2.pem"; }

ask "nobody" ""
ask_as "alice" alice
ask_as "bob" bob
(cd "$folder" && openssl ca -config ca.cnf -revoke bob.crt 2>/dev/null && openssl ca -gencrl -config ca.cnf -out clients.crl 2>/dev/null)
send "set ssl crl-file $folder/clients.crl <<
$(cat "$folder/clients.crl")"
send "commit ssl crl-file $folder/clients.crl"
ask_as "alice, from now on" alice
ask_as "bob, from now on" bob
