#!/bin/sh
# Run once by the postgres image on an empty volume: the owner of the tables, for migrations, and
# the role the portal runs as, which is neither owner nor superuser. Migrations grant it its rights.
# Both change to portal_partner for a partner's reads and have nothing of it before (NOINHERIT).
set -eu
psql --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres \
    --set=owner_password="$OWNER_DB_PASSWORD" --set=app_password="$APP_DB_PASSWORD" <<'SQL'
CREATE ROLE portal_owner LOGIN NOSUPERUSER NOINHERIT PASSWORD :'owner_password';
CREATE ROLE portal_app LOGIN NOSUPERUSER NOINHERIT PASSWORD :'app_password';
CREATE ROLE portal_partner NOLOGIN;
GRANT portal_partner TO portal_owner, portal_app;
CREATE DATABASE portal OWNER portal_owner;
SQL
