INSERT INTO documents (place, bytes, sum) VALUES (?1, ?2, ?3)
