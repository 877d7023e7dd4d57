SELECT id, name, live, wrapped_key, sum FROM holders WHERE id >= ?1 ORDER BY id LIMIT ?2
