#!/usr/bin/env bash
# restore.sh BACKUP: restores a backup of backup.sh (its path without ending) into the empty database that libpq's variables name, whose roles
# `portcullis migrate prepare` has created. All or nothing. Prints the command that records it in the audit log. docs/backup.md explains it.
set -euo pipefail
umask 077
fail() {
  echo "restore.sh: $*" >&2
  exit 1
}
[ $# = 1 ] || fail "usage: restore.sh BACKUP"
for program in psql pg_restore sha256sum diff; do
  command -v "$program" >/dev/null || fail "$program is not installed"
done
export PGDATABASE="${PGDATABASE:-portcullis}"
here="$(cd "$(dirname "$0")" && pwd)"
folder="$(cd "$(dirname "$1")" && pwd)" || fail "no folder of $1"
name="$(basename "$1")"
for ending in dump inventory sha256; do
  [ -r "$folder/$name.$ending" ] || fail "cannot read $folder/$name.$ending"
done
(cd "$folder" && sha256sum --check --strict --quiet "$name.sha256") || fail "the backup is damaged: restore another one. Nothing was changed"
query() {
  psql --no-psqlrc --quiet --no-align --tuples-only --set=ON_ERROR_STOP=on --command="$1"
}
entry() {
  sed --quiet "s/^$1 //p" "$folder/$name.inventory"
}
major="$(query "SELECT current_setting('server_version_num')::integer / 10000")" || fail "cannot connect. Nothing was changed"
[ "$major" -ge "$(entry postgres)" ] ||
  fail "the backup is of PostgreSQL $(entry postgres), the server is $major: restore into the same major version or a later one. Nothing was changed"
[ "$(query "SELECT count(*) FROM pg_roles WHERE rolname = 'portcullis_owner'")" = 1 ] ||
  fail "the roles are missing: run \`portcullis migrate prepare\`. Nothing was changed"
objects="$(query "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
  WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'vault_api', 'pgaudit') AND relkind IN ('r', 'p', 'v', 'S')")"
[ "$objects" = 0 ] || fail "the database $PGDATABASE is not empty: it has $objects tables, views and sequences. Nothing was changed"

work="$(mktemp --directory)"
trap 'rm -rf "$work"' EXIT
# `migrate prepare` has created these, and revoked PUBLIC's privileges on functions of PostgreSQL, which have other signatures in a later version.
prepared=' (SCHEMA - (portcullis|pgaudit)|EXTENSION - [^ ]+|COMMENT - EXTENSION [^ ]+|ACL pg_catalog) '
# Any login can set default privileges for what it creates. An issued login is not restored, and owns nothing.
of_issued_logins=' DEFAULT ACL .* v-[a-zA-Z0-9_-]+$'
pg_restore --list "$folder/$name.dump" | grep --invert-match --extended-regexp "$prepared|$of_issued_logins" >"$work/list" ||
  fail "pg_restore cannot read the dump. Nothing was changed"
PGOPTIONS="${PGOPTIONS:-} -c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0" \
  pg_restore --single-transaction --exit-on-error --dbname="$PGDATABASE" --use-list="$work/list" "$folder/$name.dump" ||
  fail "the restore failed and was rolled back. The database is still empty"
query "ANALYZE"

psql --no-psqlrc --quiet --file="$here/inventory.sql" >"$work/inventory" || fail "the restored database cannot be read: do not use it"
# A later major version is no difference.
differs=false
diff --unified=0 <(grep --invert-match '^postgres ' "$folder/$name.inventory") <(grep --invert-match '^postgres ' "$work/inventory") >&2 || differs=true
if [ "$differs" = true ]; then
  echo "restored, but different: see the errors. If the difference is explained and accepted, record the restore before the service starts:"
else
  echo "restored and compared: $(grep --count '^table ' "$work/inventory") tables, $(wc --lines <"$work/inventory") lines of the inventory. Record it before the service starts:"
fi
echo "portcullis audit record-restore --backup $name --sha256 $(sha256sum "$folder/$name.dump" | cut --delimiter=' ' --fields=1) --head $(entry head | cut --delimiter=' ' --fields=2)"
[ "$differs" = false ] || fail "the restored database differs from the backup, see above: do not use it before you know why"
