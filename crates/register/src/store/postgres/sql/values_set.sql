INSERT INTO named_values (name, bytes, sum)
SELECT * FROM unnest($1::text[], $2::bytea[], $3::bigint[])
ON CONFLICT (name) DO UPDATE SET bytes = excluded.bytes, sum = excluded.sum
