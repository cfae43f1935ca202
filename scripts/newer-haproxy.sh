#!/bin/sh
# Unpacks a newer HAProxy of Debian with its libraries into a folder, beside the installed one, and prints how to call it:
# `scripts/newer-haproxy.sh FOLDER [SUITE]` (default experimental). Then `HAPROXY=FOLDER/run/haproxy npm run differential`, and
# `HAPROXY=... node test/expr/record.ts`. Nothing of the system is changed.
set -eu
folder=$(mkdir -p "$1" && cd "$1" && pwd)
suite=${2:-experimental}
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep '/debian/$' | head -n 1)
keys=/usr/share/keyrings/debian-archive-keyring.gpg

mkdir -p "$folder/apt/lists/partial" "$folder/apt/archives/partial" "$folder/run"
for one in "$suite" sid; do echo "deb [signed-by=$keys] $mirror $one main"; done | sort -u >"$folder/apt/sources.list"
cat >"$folder/apt/config" <<EOF
Dir::Etc::sourcelist "$folder/apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State::lists "$folder/apt/lists";
Dir::Cache "$folder/apt";
APT::Sandbox::User "root";
EOF
export APT_CONFIG="$folder/apt/config"
apt-get update -q >/dev/null
cd "$folder/apt/archives"
apt-get download -q "haproxy/$suite" >/dev/null
needed=$(dpkg-deb --field haproxy_*.deb Depends Pre-Depends | tr ',' '\n' | sed 's/^[A-Za-z-]*: //; s/|.*//; s/(.*//; s/ //g' | grep '^lib')
# Libraries of libraries.
# shellcheck disable=SC2086
for package in $(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
  --no-enhances $needed | grep '^lib\|^zlib' | sort -u); do
  apt-get download -q "$package/sid" >/dev/null 2>&1 || true
done
for package in *.deb; do dpkg-deb --extract "$package" "$folder"; done
cat >"$folder/run/haproxy" <<EOF
#!/bin/sh
exec "$folder/usr/lib64/ld-linux-x86-64.so.2" --library-path "$folder/usr/lib/x86_64-linux-gnu" --argv0 "$folder/run/haproxy" "$folder/usr/sbin/haproxy" "\$@"
EOF
chmod +x "$folder/run/haproxy"
"$folder/run/haproxy" -v | head -n 1
echo "$folder/run/haproxy"
