INSERT INTO holders (id, name, live, wrapped_key, sum) VALUES (?1, ?2, ?3, ?4, ?5)
