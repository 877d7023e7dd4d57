SELECT place, holder, sealed, sum FROM openings WHERE place >= $1 ORDER BY place LIMIT $2
