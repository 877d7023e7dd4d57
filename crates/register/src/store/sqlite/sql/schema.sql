-- The tables of a register in SQLite, version 1. "place" is an entry's index on the ledger; every "sum" is a check value of its row.
--
-- What must be removable (wrapped keys, openings, contacts) stands in tables that only grow, in the order of their numbers, and is
-- overwritten in place by zeros of the same length: so no page of them is ever split or merged, and no copy of a removed row stays
-- behind in the unused part of a page.

CREATE TABLE standing (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  epoch INTEGER NOT NULL,
  size INTEGER NOT NULL,
  last_holder INTEGER NOT NULL,
  sum BLOB NOT NULL
) STRICT;

CREATE TABLE entries (
  place INTEGER PRIMARY KEY,
  bytes BLOB NOT NULL,
  id_name BLOB,
  sum BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX entries_by_id_name ON entries (id_name) WHERE id_name IS NOT NULL;

CREATE TABLE holders (
  id INTEGER PRIMARY KEY,
  name BLOB NOT NULL,
  live INTEGER NOT NULL,
  wrapped_key BLOB NOT NULL,
  sum BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX holders_by_name ON holders (name);

CREATE TABLE openings (
  place INTEGER PRIMARY KEY,
  holder INTEGER,
  live INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  sum BLOB NOT NULL
) STRICT;

CREATE INDEX openings_by_holder ON openings (holder) WHERE holder IS NOT NULL;

CREATE TABLE contacts (
  id INTEGER PRIMARY KEY,
  holder INTEGER NOT NULL,
  live INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  sum BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX contacts_by_holder ON contacts (holder) WHERE live = 1;

CREATE TABLE documents (
  place INTEGER PRIMARY KEY,
  bytes BLOB NOT NULL,
  sum BLOB NOT NULL
) STRICT;

CREATE TABLE named_values (
  name TEXT PRIMARY KEY,
  bytes BLOB NOT NULL,
  sum BLOB NOT NULL
) STRICT;
