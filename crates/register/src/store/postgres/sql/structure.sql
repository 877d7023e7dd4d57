-- What the tables are, a line for each thing that would change what a write or a read does.
WITH tables AS (
  SELECT c.oid, c.relname, c.relkind, c.relpersistence, c.relrowsecurity
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = current_schema()
    AND c.relname IN ('identity', 'standing', 'entries', 'holders', 'openings', 'contacts', 'documents', 'named_values')
),
lines AS (
  -- Kind r is a table, persistence p is one that survives a crash; row security would hide rows.
  SELECT format('table %s: kind %s, persistence %s, row security %s', relname, relkind, relpersistence, relrowsecurity::text) AS line
  FROM tables
  UNION ALL
  SELECT format('column %s.%s: %s%s', t.relname, a.attname, format_type(a.atttypid, a.atttypmod),
    CASE WHEN a.attnotnull THEN ' not null' ELSE '' END)
  FROM pg_attribute a
  JOIN tables t ON t.oid = a.attrelid
  WHERE a.attnum > 0 AND NOT a.attisdropped
  UNION ALL
  SELECT format('index %s: %s%s', t.relname, replace(pg_get_indexdef(i.indexrelid), quote_ident(current_schema()) || '.', ''),
    CASE WHEN i.indisvalid THEN '' ELSE ' (not valid)' END)
  FROM pg_index i
  JOIN tables t ON t.oid = i.indrelid
  UNION ALL
  SELECT format('trigger %s: %s', t.relname, g.tgname)
  FROM pg_trigger g
  JOIN tables t ON t.oid = g.tgrelid
  UNION ALL
  SELECT format('rule %s: %s', t.relname, r.rulename)
  FROM pg_rewrite r
  JOIN tables t ON t.oid = r.ev_class
)
SELECT coalesce(string_agg(line, E'\n' ORDER BY line COLLATE "C"), '') FROM lines
