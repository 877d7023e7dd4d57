INSERT OR IGNORE INTO openings_by_holder (holder, place) VALUES (?1, ?2)
