INSERT INTO contacts (holder, sealed, sum)
SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bigint[])
ON CONFLICT (holder) DO UPDATE SET sealed = excluded.sealed, sum = excluded.sum
