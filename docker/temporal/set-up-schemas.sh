#!/bin/sh
# Creates Temporal's two databases and brings their schemas up to date. Every command may be repeated: what is there
# already stays as it is. The server and the role come from SQL_PLUGIN, SQL_HOST, SQL_PORT, SQL_USER and SQL_PASSWORD.
set -eu
schemas=/etc/temporal/schema/postgresql/v12

set_up() {
  export SQL_DATABASE="$1"
  temporal-sql-tool create
  temporal-sql-tool setup-schema -v 0.0
  temporal-sql-tool update-schema -d "$schemas/$2/versioned"
}

set_up temporal temporal
set_up temporal_visibility visibility
