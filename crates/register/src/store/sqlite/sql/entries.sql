SELECT place, bytes, id_name, sum FROM entries WHERE place >= ?1 ORDER BY place LIMIT ?2
