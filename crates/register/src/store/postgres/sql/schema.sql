-- The tables of a register in PostgreSQL, version 1. "place" is an entry's index on the ledger; every "sum" is a check value of its row.
-- They stand in a schema of their own, which the session's search_path names.

CREATE TABLE identity (
  application text NOT NULL,
  version integer NOT NULL
);

CREATE TABLE standing (
  one boolean PRIMARY KEY CHECK (one),
  epoch bigint NOT NULL,
  size bigint NOT NULL,
  last_holder bigint NOT NULL,
  sum bigint NOT NULL
);

CREATE TABLE entries (
  place bigint PRIMARY KEY,
  bytes bytea NOT NULL,
  id_name bytea,
  sum bigint NOT NULL
);
CREATE UNIQUE INDEX entries_by_id_name ON entries (id_name);

CREATE TABLE holders (
  id bigint PRIMARY KEY,
  name bytea NOT NULL,
  wrapped_key bytea,
  sum bigint NOT NULL
);
CREATE UNIQUE INDEX holders_by_name ON holders (name);

CREATE TABLE openings (
  place bigint PRIMARY KEY,
  holder bigint,
  sealed bytea NOT NULL,
  sum bigint NOT NULL
);
CREATE INDEX openings_by_holder ON openings (holder);

CREATE TABLE contacts (
  holder bigint PRIMARY KEY,
  sealed bytea NOT NULL,
  sum bigint NOT NULL
);

CREATE TABLE documents (
  place bigint PRIMARY KEY,
  bytes bytea NOT NULL,
  sum bigint NOT NULL
);

CREATE TABLE named_values (
  name text PRIMARY KEY,
  bytes bytea NOT NULL,
  sum bigint NOT NULL
);

-- What is sealed does not get smaller.
ALTER TABLE holders ALTER COLUMN wrapped_key SET STORAGE EXTERNAL;
ALTER TABLE openings ALTER COLUMN sealed SET STORAGE EXTERNAL;
ALTER TABLE contacts ALTER COLUMN sealed SET STORAGE EXTERNAL;

-- Removed rows are vacuumed at the server's next round, not when a fifth of the table is dead.
ALTER TABLE holders SET (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0);
ALTER TABLE openings SET (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0);
ALTER TABLE contacts SET (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0);
