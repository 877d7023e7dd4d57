INSERT INTO contacts (holder, live, sealed, sum) VALUES (?1, 1, ?2, ?3)
