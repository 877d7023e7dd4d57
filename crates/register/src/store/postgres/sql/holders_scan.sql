SELECT s.last_holder, h.id, h.name, h.wrapped_key, h.sum
FROM standing s
LEFT JOIN LATERAL (SELECT id, name, wrapped_key, sum FROM holders WHERE id >= $1 ORDER BY id LIMIT $2) h ON true
WHERE s.one
ORDER BY h.id
