INSERT OR IGNORE INTO holders_by_name (name, id) VALUES (?1, ?2)
