#!/usr/bin/env bash
# try.sh BASE PROGRAM: installs the unit as README.md says under a real systemd, with a PostgreSQL of its own, and checks that the
# service is ready, isolated, started again after a crash and not after a wrong setting, and stops with success.
# BASE is an image of Debian 12 or a system like it. The container is privileged, as systemd needs to mount.
set -euo pipefail
base="$1"
program="$(realpath "$2")"
here="$(cd "$(dirname "$0")" && pwd)"
engine="${ENGINE:-podman}"
name="portcullis-systemd-$$"
trap '"$engine" rm --force "$name" >/dev/null 2>&1 || true' EXIT

"$engine" build --tag localhost/portcullis-systemd - <<END
FROM $base
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      ca-certificates curl dbus openssl postgresql-15 procps systemd systemd-sysv >/dev/null
CMD ["/sbin/init"]
END
"$engine" run --detach --name "$name" --hostname db.example.org --privileged --systemd=always --stop-signal SIGRTMIN+3 \
  --volume "$here:/unit:ro" --volume "$program:/program:ro" localhost/portcullis-systemd >/dev/null

"$engine" exec --interactive "$name" bash -s <<'END'
set -euo pipefail
fail() {
  echo "FAILED: $*" >&2
  journalctl --no-pager --unit portcullis | tail -20 >&2
  exit 1
}
# until SECONDS COMMAND…
until_success() {
  local tries=$((10 * $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((tries -= 1)) || fail "$*"
    sleep 0.1
  done
}
until_success 30 systemctl is-system-running
# systemd hands credentials over from a mount namespace of its own. On a machine it makes its mounts shared, in a container it does not.
mount --make-rshared /

# A server with a certificate of an authority that this system trusts.
cd /etc/postgresql/15/main
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=try -keyout ca.key -out /usr/local/share/ca-certificates/try.crt 2>/dev/null
openssl req -newkey rsa:2048 -nodes -subj /CN=db.example.org -addext subjectAltName=DNS:db.example.org -keyout db.key -out db.csr 2>/dev/null
openssl x509 -req -in db.csr -CA /usr/local/share/ca-certificates/try.crt -CAkey ca.key -CAcreateserial -days 2 \
  -copy_extensions copy -out db.crt 2>/dev/null
update-ca-certificates >/dev/null 2>&1
chown postgres db.key db.crt
printf '%s\n' "listen_addresses = '*'" "ssl = on" "ssl_cert_file = '$PWD/db.crt'" "ssl_key_file = '$PWD/db.key'" >>postgresql.conf
echo "hostssl all all samenet scram-sha-256" >>pg_hba.conf
systemctl restart postgresql@15-main

# README.md, with generated passwords.
umask 077
install -m 755 /program /usr/local/bin/portcullis
install -d -m 755 /etc/portcullis
install -d -m 700 /etc/portcullis/secrets
install -m 644 /unit/portcullis.env /etc/portcullis/
install -m 644 /unit/portcullis.service /etc/systemd/system/
portcullis keys generate /etc/portcullis/secrets/token-keys >/dev/null
portcullis keys generate --data /etc/portcullis/secrets/data-key >/dev/null
for login in rates accounts wishes mail; do openssl rand -hex 24 >"/etc/portcullis/secrets/$login-password"; done
for login in admin ingest migrator; do openssl rand -hex 24 >"$HOME/$login-password"; done
# `printf` is no process, so no list of processes shows the password.
printf "ALTER ROLE postgres PASSWORD '%s'" "$(cat "$HOME/admin-password")" | runuser -u postgres -- psql --quiet
(
  set -a
  # shellcheck source=/dev/null
  . <(grep -v -e MAIL_FROM -e '^#' /etc/portcullis/portcullis.env)
  for login in rates accounts wishes mail; do
    declare -x "PORTCULLIS_DATABASE_${login^^}_PASSWORD_FILE=/etc/portcullis/secrets/$login-password"
  done
  for login in admin ingest migrator; do
    declare -x "PORTCULLIS_DATABASE_${login^^}_PASSWORD_FILE=$HOME/$login-password"
  done
  unset PORTCULLIS_TOKEN_KEYS_FILE PORTCULLIS_DATA_KEY_FILE
  portcullis migrate prepare
  portcullis migrate up >/dev/null
)
systemctl daemon-reload

systemctl enable --quiet --now portcullis
get() { curl --silent --fail --header "Host: rates.example.org" --output /dev/null "http://127.0.0.1:3000$1"; }
until_success 30 get /health/ready
echo "ready: $(systemctl is-active portcullis)"

pid="$(systemctl show --property MainPID --value portcullis)"
status() { awk -v field="$1:" '$1 == field { print $2 }' "/proc/$pid/status"; }
user="$(status Uid)"
for expected in CapEff=0000000000000000 CapBnd=0000000000000000 NoNewPrivs=1 Seccomp=2; do
  [ "${expected%=*}=$(status "${expected%=*}")" = "$expected" ] || fail "$expected"
done
[ "$user" -ge 61184 ] || fail "not a dynamic user: $user"
inside() { nsenter --target "$pid" --mount setpriv --reuid "$user" --regid "$user" --clear-groups "$@" >/dev/null 2>&1; }
inside touch /var/lib/portcullis/written || fail "the state cannot be written"
inside cat /run/credentials/portcullis.service/secrets_data-key || fail "the credentials cannot be read"
for command in "touch /usr/written" "touch /etc/portcullis/written" "ls /home" "ls /root" "ls /dev/kmsg" "ls /proc/1" "ls /proc/sys" \
  "cat /etc/portcullis/secrets/data-key"; do
  # shellcheck disable=SC2086
  if inside $command; then fail "the service can: $command"; fi
done
echo "isolated: user $user, no capabilities, read-only, other processes hidden"

kill -KILL "$pid"
until_success 30 get /health/ready
[ "$(systemctl show --property NRestarts --value portcullis)" = 1 ] || fail "not started again"
echo "started again after SIGKILL"

started="$(date +%s%N)"
systemctl stop portcullis
[ "$(systemctl show --property Result --property ExecMainStatus --property ActiveState --value portcullis | sort | xargs)" = "0 inactive success" ] ||
  fail "the service did not stop with success"
echo "stopped after $((($(date +%s%N) - started) / 1000000)) ms with exit code 0"

echo PORTCULLIS_RATE_LIMIT=0 >>/etc/portcullis/portcullis.env
systemctl start portcullis
until_success 10 systemctl is-failed portcullis
sleep 3
[ "$(systemctl show --property ExecMainStatus --property NRestarts --value portcullis | sort -n | xargs)" = "0 78" ] ||
  fail "a wrong setting does not end it"
echo "a wrong setting: exit code 78, not started again"
END
