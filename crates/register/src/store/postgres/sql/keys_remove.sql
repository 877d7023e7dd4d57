UPDATE holders SET wrapped_key = NULL, sum = n.sum FROM unnest($1::bigint[], $2::bigint[]) AS n (id, sum) WHERE holders.id = n.id AND holders.wrapped_key IS NOT NULL
