SELECT place, bytes, sum FROM documents WHERE place > $1 ORDER BY place LIMIT $2
