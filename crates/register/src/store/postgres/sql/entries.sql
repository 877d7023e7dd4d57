SELECT s.size, e.place, e.bytes, e.id_name, e.sum
FROM standing s
LEFT JOIN LATERAL (SELECT place, bytes, id_name, sum FROM entries WHERE place >= $1 ORDER BY place LIMIT $2) e ON true
WHERE s.one
ORDER BY e.place
