SELECT place, holder, sealed, sum FROM openings WHERE place = $1
