SELECT place, holder, sealed, sum FROM openings WHERE holder = $1 ORDER BY place
