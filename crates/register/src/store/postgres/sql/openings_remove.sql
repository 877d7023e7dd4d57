DELETE FROM openings WHERE place = ANY ($1)
