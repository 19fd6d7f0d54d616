#!/usr/bin/env bash
# backup.sh FOLDER: backs the database up that libpq's variables name (PGHOST, PGUSER, PGDATABASE, …). Prints the path of the backup without its
# endings: .dump, .inventory (what it contains) and .sha256. A backup that failed leaves none of them; one that was killed (SIGKILL, power loss)
# leaves a folder .partial-XXXXXX, which a later backup removes when it is a day old. docs/backup.md explains it.
set -euo pipefail
umask 077
fail() {
  echo "backup.sh: $*" >&2
  exit 1
}
[ $# = 1 ] || fail "usage: backup.sh FOLDER"
[ -d "$1" ] || fail "no folder $1"
for program in psql pg_dump pg_restore sha256sum; do
  command -v "$program" >/dev/null || fail "$program is not installed"
done
export PGDATABASE="${PGDATABASE:-portcullis}"
here="$(cd "$(dirname "$0")" && pwd)"
folder="$(cd "$1" && pwd)"
name="$PGDATABASE-$(date --utc +%Y-%m-%dT%H-%M-%SZ)"
# `audit record-restore` accepts no other name.
[[ "$name" =~ ^[A-Za-z0-9._-]{1,100}$ ]] ||
  fail "the name of the database may have letters, digits, dots, underscores and hyphens, at most 79: $PGDATABASE. Nothing was written"
for ending in dump inventory sha256; do
  [ ! -e "$folder/$name.$ending" ] || fail "$name.$ending exists; nothing was written"
done
# A backup that runs writes to its folder all the time.
for left in "$folder"/.partial-??????; do
  if [ -O "$left" ] && [ -z "$(find "$left" -mmin -1440 -print -quit)" ]; then
    rm --recursive --force "$left" || echo "backup.sh: cannot remove $left, which an interrupted backup left" >&2
  fi
done
# On the same file system, so that a backup appears when it is complete.
partial="$(mktemp --directory "$folder/.partial-XXXXXX")"
moved=()
trap 'rm -rf "$partial" "${moved[@]}"' EXIT
export DUMP="$partial/$name.dump"
psql --no-psqlrc --quiet --set=inventory="$partial/$name.inventory" --file="$here/backup.sql" ||
  fail "the backup failed; nothing was written"
[ -e "$DUMP" ] || fail "pg_dump failed; nothing was written"
# Reads the whole file, as a restore does.
pg_restore --file=/dev/null "$DUMP" || fail "the dump cannot be read; nothing was written"
grep --quiet '^head [0-9]* [0-9a-f]\{64\}$' "$partial/$name.inventory" || fail "the inventory lacks the end of the audit log"
(cd "$partial" && sha256sum "$name.dump" "$name.inventory" >"$name.sha256")
sync "$partial"/*
# The checksums last: without them there is no backup.
for ending in dump inventory sha256; do
  # `mv` may have succeeded without a move.
  mv --no-clobber --no-target-directory "$partial/$name.$ending" "$folder/$name.$ending"
  [ ! -e "$partial/$name.$ending" ] || fail "$name.$ending exists: another backup was made in the same second"
  moved+=("$folder/$name.$ending")
done
sync "$folder"
moved=()
echo "$folder/$name"
