#!/bin/sh
# Makes a standby the primary: promote.sh <bin of PostgreSQL> <data folder> <port>. Before it, make sure that the old
# primary cannot come back as one (its machine off, or its PostgreSQL disabled): two that take changes are worse than none.
set -eu
bin=$1
data=$2
port=$3
"$bin/pg_ctl" promote --pgdata "$data" --wait --timeout 60
# It has no standby of its own yet, and would wait for one before it acknowledges anything. Set it to '*' again as soon as
# the other machine has been made a standby: until then a second loss may cost what was acknowledged since.
"$bin/psql" --quiet --no-psqlrc --host 127.0.0.1 --port "$port" --username holdfast --dbname holdfast \
  --command "alter system set synchronous_standby_names = ''" --command "select pg_reload_conf()" >/dev/null
