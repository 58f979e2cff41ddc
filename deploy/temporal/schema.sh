#!/bin/sh
# Creates Temporal's two databases, or brings their schemas up to date. Safe to run again.
set -eu
tool() {
  temporal-sql-tool --plugin postgres12 --endpoint postgres --port 5432 --user "$POSTGRES_USER" --password "$POSTGRES_PWD" "$@"
}
for store in temporal visibility; do
  database=temporal
  [ "$store" = visibility ] && database=temporal_visibility
  tool --database "$database" create
  # Fails when the schema is there already; what matters is the update.
  tool --database "$database" setup-schema --version 0.0 || true
  tool --database "$database" update-schema --schema-dir "/etc/temporal/schema/postgresql/v12/$store/versioned"
done
