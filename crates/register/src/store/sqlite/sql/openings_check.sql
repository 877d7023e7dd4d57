SELECT place, holder, live, sealed, sum FROM openings ORDER BY place
