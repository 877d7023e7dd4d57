INSERT INTO named_values (name, bytes, sum) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO UPDATE SET bytes = excluded.bytes, sum = excluded.sum
