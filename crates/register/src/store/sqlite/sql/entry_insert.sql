INSERT INTO entries (place, bytes, id_name, sum) VALUES (?1, ?2, ?3, ?4)
