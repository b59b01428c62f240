#!/bin/sh
# Makes what was the primary a standby of the new one: rebuild.sh <bin of PostgreSQL> <data folder> <host> <port>. What
# is in the folder is thrown away. Start PostgreSQL there afterwards.
set -eu
bin=$1
data=$2
host=$3
port=$4
rm -rf "$data"
"$bin/pg_basebackup" --pgdata "$data" --host "$host" --port "$port" --username holdfast --write-recovery-conf \
  --checkpoint fast --wal-method stream
