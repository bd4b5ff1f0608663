#!/usr/bin/env bash
# scripts/with_postgres.sh COMMAND...: runs a command beside a PostgreSQL server of its own, on a free port and in
# a temporary folder, with RETAKE_TEST_POSTGRES naming it: the tests of the study store then run on it as well.
set -euo pipefail

newest() { ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1; }
if [ -z "$(newest)" ]; then
  if [ "$(id -u)" != 0 ]; then
    echo "There is no PostgreSQL server here. Install it (Debian, Ubuntu: sudo apt-get install postgresql)." >&2
    exit 1
  fi
  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql) >&2
fi
bin=$(newest)
folder=$(mktemp -d)
as_server=()
if [ "$(id -u)" = 0 ]; then # the server refuses to run as root
  chown postgres "$folder"
  as_server=(runuser -u postgres --)
fi
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cd "$folder" # where that user may be, which the caller's folder need not be
"${as_server[@]}" "$bin/initdb" -D "$folder/data" -U retake -A trust --no-sync >/dev/null
"${as_server[@]}" "$bin/pg_ctl" -D "$folder/data" -l "$folder/log" -w \
  -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$folder -c fsync=off" start >/dev/null
cd "$OLDPWD"
stop() {
  (cd "$folder" && "${as_server[@]}" "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null) || true
  rm -rf "$folder"
}
trap stop EXIT
export RETAKE_TEST_POSTGRES="postgresql+psycopg://retake@127.0.0.1:$port/postgres"
"$@"
