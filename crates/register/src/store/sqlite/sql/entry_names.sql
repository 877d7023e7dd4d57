SELECT place, bytes, id_name, sum FROM entries WHERE place >= ?1 AND place < ?2 ORDER BY place
