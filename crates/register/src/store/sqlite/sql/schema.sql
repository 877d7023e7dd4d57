-- The tables of a register in SQLite, version 1. "place" is an entry's index on the ledger; every "sum" is a check value of its row.
--
-- What must be removable (wrapped keys, openings, contacts) stands in tables that only grow, in the order of their numbers, and is
-- overwritten in place by zeros of the same length: so no page of them is ever split or merged, and no copy of a removed row stays
-- behind in the unused part of a page.
--
-- The three indexes are tables, because their keys come in no order and a surge would rewrite a page of them for every act. What is newer
-- than `indexed` says stands in memory instead and is put into them later, in the order of the keys. They hold what was indexed by then,
-- and may hold some of what is newer; they are derived, and never decide what is stored.

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

CREATE TABLE holders (
  id INTEGER PRIMARY KEY,
  name BLOB NOT NULL,
  live INTEGER NOT NULL,
  wrapped_key BLOB NOT NULL,
  sum BLOB NOT NULL
) STRICT;

CREATE TABLE openings (
  place INTEGER PRIMARY KEY,
  holder INTEGER,
  live INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  sum BLOB NOT NULL
) STRICT;

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

CREATE TABLE indexed (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  entries INTEGER NOT NULL,
  holders INTEGER NOT NULL,
  sum BLOB NOT NULL
) STRICT;

CREATE TABLE entries_by_id_name (
  id_name BLOB PRIMARY KEY,
  place INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE holders_by_name (
  name BLOB PRIMARY KEY,
  id INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE openings_by_holder (
  holder INTEGER NOT NULL,
  place INTEGER NOT NULL,
  PRIMARY KEY (holder, place)
) STRICT, WITHOUT ROWID;
