#!/bin/sh
# Creates the cluster at the first start, then becomes the server. The image has this shell, `cat`, `mv`, `rm` and PostgreSQL's programs.
set -eu
umask 077
# PostgreSQL refuses a key that others can read, and a mounted file may have any owner.
cat /run/secrets/postgresql_key >/tmp/server.key
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  # Under another name until it is complete: a container that is killed meanwhile leaves no cluster that would be started.
  rm -rf "$PGDATA.new"
  initdb --pgdata="$PGDATA.new" --username=postgres --pwfile=/run/secrets/admin --auth=scram-sha-256 --data-checksums --encoding=UTF8 \
    --locale=C.UTF-8
  mv --no-target-directory "$PGDATA.new" "$PGDATA"
fi
exec postgres -c config_file=/etc/postgresql/postgresql.conf
