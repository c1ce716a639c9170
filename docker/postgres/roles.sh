#!/bin/sh
# Run once by the postgres image on an empty volume: the owner of the tables, for migrations, and
# the role the portal runs as, which is neither owner nor superuser. Migrations grant it its rights.
set -eu
psql --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres \
    --set=owner_password="$OWNER_DB_PASSWORD" --set=app_password="$APP_DB_PASSWORD" <<'SQL'
CREATE ROLE portal_owner LOGIN NOSUPERUSER PASSWORD :'owner_password';
CREATE ROLE portal_app LOGIN NOSUPERUSER PASSWORD :'app_password';
CREATE DATABASE portal OWNER portal_owner;
SQL
