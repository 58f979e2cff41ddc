#!/bin/sh
# Brings the schemas of Temporal's two databases up to date. Safe to run again. The variables SQL_… say where they are.
set -eu
update() {
  # Makes the tables that hold the version; of a schema that has one it changes nothing.
  temporal-sql-tool --database "$1" setup-schema --version 0.0
  temporal-sql-tool --database "$1" update-schema --schema-dir "/etc/temporal/schema/postgresql/v12/$2/versioned"
}
update temporal temporal
update temporal_visibility visibility
