#!/usr/bin/env bash
# play.sh BASE IMAGE: starts the overlay staging with `podman kube play` and a PostgreSQL beside it, and checks that the migration ends,
# both replicas become ready and have no privileges, and a replica that gets SIGTERM goes on serving, is not ready, and ends with exit
# code 0. BASE is an image of Debian 12 or a system like it, IMAGE the service's. It needs podman as root, and kustomize.
set -euo pipefail
cd "$(dirname "$0")"
base="$1"
image="$2"
network="portcullis-play-$$"
# podman names volumes after ConfigMaps, and takes those that exist.
volumes=(portcullis portcullis-migrator)
for volume in "${volumes[@]}"; do
  if podman volume exists "$volume"; then
    echo "play.sh: there is a volume $volume already, which is not its own" >&2
    exit 1
  fi
done
folder="$(mktemp -d)"
stop() {
  podman kube down "$folder/manifest.yaml" >/dev/null 2>&1 || true
  podman rm --force "$network-db" >/dev/null 2>&1 || true
  podman volume rm "${volumes[@]}" >/dev/null 2>&1 || true
  podman network rm --force "$network" >/dev/null 2>&1 || true
  for tag in localhost/portcullis:play localhost/portcullis-postgres:latest; do podman untag "$tag" "$tag" >/dev/null 2>&1 || true; done
  rm -rf "$folder"
}
trap stop EXIT
fail() {
  echo "FAILED: $*" >&2
  for container in portcullis-migrate-portcullis portcullis-pod-{0,1}-portcullis; do podman logs --tail 5 "$container" >&2 || true; done
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

podman tag "$image" localhost/portcullis:play
podman build --tag localhost/portcullis-postgres - <<END
FROM $base
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends openssl postgresql-15 >/dev/null
END
podman network create "$network" >/dev/null
podman run --detach --name "$network-db" --network "$network" --network-alias db.staging.example.org localhost/portcullis-postgres \
  sleep infinity >/dev/null

umask 077
for login in admin ingest migrator rates accounts wishes mail; do openssl rand -hex 24 >"$folder/$login-password"; done
podman exec --interactive "$network-db" bash -c 'umask 077 && cat >/run/admin-password' <"$folder/admin-password"
podman exec --interactive "$network-db" bash -s >"$folder/ca" <<'END'
set -euo pipefail
cd /etc/postgresql/15/main
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=play -keyout ca.key -out ca.crt 2>/dev/null
openssl req -newkey rsa:2048 -nodes -subj /CN=db.staging.example.org -addext subjectAltName=DNS:db.staging.example.org \
  -keyout db.key -out db.csr 2>/dev/null
openssl x509 -req -in db.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -copy_extensions copy -out db.crt 2>/dev/null
chown postgres db.key db.crt
printf '%s\n' "listen_addresses = '*'" "ssl = on" "ssl_cert_file = '$PWD/db.crt'" "ssl_key_file = '$PWD/db.key'" >>postgresql.conf
echo "hostssl all all samenet scram-sha-256" >>pg_hba.conf
pg_ctlcluster 15 main start
cd /
# `printf` is no process, so no list of processes shows the password.
printf "ALTER ROLE postgres PASSWORD '%s'" "$(cat /run/admin-password)" | runuser -u postgres -- psql --quiet
cat /etc/postgresql/15/main/ca.crt
END

# The commands of an administrator.
portcullis() {
  local settings=(--env PORTCULLIS_DATABASE_HOST=db.staging.example.org --env PORTCULLIS_DATABASE_CA_FILE=/s/ca)
  for login in admin ingest migrator rates accounts wishes mail; do
    settings+=(--env "PORTCULLIS_DATABASE_${login^^}_PASSWORD_FILE=/s/$login-password")
  done
  podman run --rm --user 0 --network "$network" --volume "$folder:/s" "${settings[@]}" localhost/portcullis:play "$@"
}
portcullis keys generate /s/token-keys >/dev/null
portcullis keys generate --data /s/data-key >/dev/null
portcullis migrate prepare

# config_map NAME FILE…: podman's secrets hold no files.
config_map() {
  printf 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: %s\ndata:\n' "$1"
  for file in "${@:2}"; do
    printf '  %s: |\n' "$file"
    sed 's/^/    /' "$folder/$file"
  done
  echo ---
}
{
  config_map portcullis token-keys data-key rates-password accounts-password wishes-password mail-password ca
  config_map portcullis-migrator migrator-password ca
  "${KUSTOMIZE:-kustomize}" build podman
} >"$folder/manifest.yaml"
podman kube play --network "$network" "$folder/manifest.yaml" >/dev/null

[ "$(podman wait portcullis-migrate-portcullis)" = 0 ] || fail "the migration"
echo "migrated"
for replica in 0 1; do
  pod="portcullis-pod-$replica"
  address="$(podman inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' \
    "$(podman pod inspect --format '{{.InfraContainerID}}' "$pod")")"
  ready() { curl --silent --max-time 2 --output /dev/null --write-out '%{http_code}' "http://$address:9464/health/ready"; }
  serves() {
    curl --silent --fail --max-time 2 --output /dev/null --header "Host: rates.staging.example.org" "http://$address:3000/ports"
  }
  until_success 60 curl --silent --fail "http://$address:9464/health/ready"
  serves || fail "replica $replica does not serve"
  pid="$(podman inspect --format '{{.State.Pid}}' "$pod-portcullis")"
  for expected in Uid:65532 CapEff:0000000000000000 CapBnd:0000000000000000 NoNewPrivs:1 Seccomp:2; do
    awk -v expected="$expected" '$1 $2 == expected { found = 1 } END { exit !found }' "/proc/$pid/status" || fail "not $expected"
  done
  [ "$(podman inspect --format '{{.HostConfig.ReadonlyRootfs}}' "$pod-portcullis")" = true ] || fail "a writable file system"
  echo "replica $replica is ready: user 65532, read-only, no capabilities"
done

# The last replica. PORTCULLIS_SHUTDOWN_DELAY is 10 seconds.
kill -TERM "$pid"
served=0
for _ in {1..40}; do
  sleep 0.1
  serves || fail "a request is lost after SIGTERM"
  [ "$(ready)" = 503 ] || fail "ready after SIGTERM"
  served=$((served + 1))
done
code="$(podman wait "$pod-portcullis")"
[ "$code" = 0 ] || fail "exit code $code"
echo "after SIGTERM: not ready, $served requests served, exit code 0"
