SELECT place, holder, live, sealed, sum FROM openings WHERE place >= ?1 AND place < ?2 ORDER BY place
