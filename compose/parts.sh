#!/usr/bin/env bash
# Installs Debian's programs, and copies each with the libraries that it loads to a folder of /parts. Versions are not pinned: a release
# of Debian changes a package only to repair it, and then has the former version no longer.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
apt-get update --quiet --quiet
# The libraries of the base, which are copied, too.
apt-get upgrade --yes --quiet --quiet
apt-get install --yes --quiet --quiet --no-install-recommends \
  ca-certificates curl nginx-light openjdk-17-jre-headless postgresql-15 postgresql-15-pgaudit prometheus tzdata

# part NAME PATH…: copies files and folders, and the libraries of all programs among them.
part() {
  local root="/parts/$1" path file library
  shift
  mkdir -p "$root"
  for path in "$@"; do
    cp --archive --parents "$path" "$root"
  done
  find "$@" -type f | while read -r file; do
    # A file that is no program has none.
    { ldd "$file" 2>/dev/null || true; } | grep -o '/[^ ]*' | while read -r library; do
      [ -e "$root$library" ] || [ "$library" = "$file:" ] || cp --dereference --parents "$library" "$root"
    done || true
  done
}

# volume NAME FOLDER: a folder in which the program may write. Engines give its owner to a new volume.
volume() {
  install -d -o 65532 -g 65532 -m 0700 "/parts/$1$2"
}

# For the just-in-time compiler, which is larger than all the rest.
rm -f /usr/lib/postgresql/15/lib/llvmjit.so

part nginx /usr/sbin/nginx
volume nginx /var/lib/nginx
volume nginx /var/log/nginx
part postgresql /bin/dash /bin/cat /bin/mv /bin/rm /usr/lib/postgresql/15 /usr/share/postgresql/15 /usr/share/zoneinfo \
  /usr/lib/locale/C.utf8
ln -s dash /parts/postgresql/bin/sh
volume postgresql /var/lib/postgresql
part prometheus /usr/bin/prometheus /usr/bin/promtool /usr/share/prometheus
volume prometheus /data
part java /usr/lib/jvm/java-17-openjdk-amd64 /etc/java-17-openjdk
volume data /data

# Zipkin is published for Java only.
cacert="$(readlink -e /run/secrets/ca-bundle || echo /etc/ssl/certs/ca-certificates.crt)"
curl --silent --show-error --fail --retry 3 --cacert "$cacert" --output /parts/java/zipkin.jar \
  https://repo1.maven.org/maven2/io/zipkin/zipkin-server/3.6.1/zipkin-server-3.6.1-exec.jar
echo "d8326e0ed4f43855dba81228f688554706e52578a7c782d9a90b73f8680654a1  /parts/java/zipkin.jar" | sha256sum --check --quiet
chmod 0644 /parts/java/zipkin.jar
