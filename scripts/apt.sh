#!/bin/sh
# Installs the Debian packages whose programs the tests drive, when they are missing and this is root on a Debian system.
# Elsewhere it says what is missing; the tests that need it are skipped with that reason.

missing=
# program:package
for pair in socat:socat hatop:hatop jq:jq curl:curl nc:netcat-openbsd tmux:tmux h2load:nghttp2-client haproxy:haproxy \
  prometheus-haproxy-exporter:prometheus-haproxy-exporter python3:python3 dpkg-deb:dpkg openssl:openssl sudo:sudo \
  zsh:zsh fish:fish mandoc:mandoc; do
  command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair#*:}"
done
[ -z "$missing" ] && exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "some tests are skipped; they need these Debian packages:$missing"
  exit 0
fi
# Services are not to be started by their installation.
if [ ! -e /usr/sbin/policy-rc.d ]; then
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
fi
echo "installing$missing"
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >/dev/null 2>&1 || {
  apt-get update -q >/dev/null 2>&1
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >/dev/null 2>&1 ||
    echo "could not install:$missing"
}
