INSERT OR IGNORE INTO entries_by_id_name (id_name, place) VALUES (?1, ?2)
