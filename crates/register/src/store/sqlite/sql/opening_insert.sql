INSERT INTO openings (place, holder, live, sealed, sum) VALUES (?1, ?2, 1, ?3, ?4)
