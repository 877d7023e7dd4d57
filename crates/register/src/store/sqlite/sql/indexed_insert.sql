INSERT INTO indexed (only, entries, holders, sum) VALUES (1, 0, 0, ?1)
