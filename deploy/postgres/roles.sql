-- Two users, each of whom owns its own databases and cannot connect to the other's. Postgres runs this once, when its volume is new.
\getenv distri_password POSTGRES_DISTRI_PASSWORD
\getenv temporal_password POSTGRES_TEMPORAL_PASSWORD
create role distri login password :'distri_password';
create role temporal login password :'temporal_password';
create database distri owner distri;
create database temporal owner temporal;
create database temporal_visibility owner temporal;
revoke all on database distri, temporal, temporal_visibility from public;
