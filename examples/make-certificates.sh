#!/bin/sh
# Usage: make-certificates.sh FOLDER. An authority, and certificates by it for the examples about TLS. For trying out only.
set -eu
folder=$1
umask 077
mkdir -p "$folder"
cd "$folder"

# The authority, with the register that it answers from.
cat >ca.cnf <<END
[ca]
default_ca = here
[here]
database = register.txt
serial = serial
crlnumber = crlnumber
new_certs_dir = .
certificate = ca.crt
private_key = ca.key
default_md = sha256
default_days = 90
default_crl_days = 30
policy = any
unique_subject = no
copy_extensions = copy
[any]
organizationName = optional
commonName = supplied
[req]
distinguished_name = empty
[empty]
END
: >register.txt
echo 1000 >serial
echo 01 >crlnumber
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -config ca.cnf -days 900 -subj "/CN=Example CA" \
  -addext basicConstraints=critical,CA:TRUE -keyout ca.key -out ca.crt 2>/dev/null

# issue FILE SUBJECT [NAMES]: FILE.pem has certificate, chain and key.
issue() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -config ca.cnf -subj "$2" \
    -addext "subjectAltName=${3:-DNS:client.invalid}" -keyout "$1.key" -out "$1.csr" 2>/dev/null
  openssl ca -batch -notext -config ca.cnf -in "$1.csr" -out "$1.crt" 2>/dev/null
  cat "$1.crt" ca.crt "$1.key" >"$1.pem"
}
issue site "/O=first/CN=www.example.net" DNS:www.example.net
issue renewed "/O=renewed/CN=www.example.net" DNS:www.example.net
issue shop "/CN=shop.example.net" DNS:shop.example.net
issue alice "/CN=alice"
issue bob "/CN=bob"
# What must not be put in force: a certificate with somebody else's key.
cat renewed.crt ca.crt site.key >mixed.pem

# answer CERTIFICATE FILE: what the authority says of a certificate now (OCSP).
cat >answer.sh <<'END'
cd "$(dirname "$0")"
openssl ocsp -no_nonce -issuer ca.crt -cert "$1" -reqout request.der
openssl ocsp -index register.txt -CA ca.crt -rsigner ca.crt -rkey ca.key -reqin request.der -ndays 7 -respout "$2" >/dev/null 2>&1
END
sh answer.sh site.crt site.pem.ocsp
openssl ca -gencrl -config ca.cnf -out clients.crl 2>/dev/null
echo site.pem >certs.list
for _ in 1 2 3; do openssl rand -base64 48; done >tickets.keys
