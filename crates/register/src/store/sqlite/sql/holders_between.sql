SELECT id, name, live, wrapped_key, sum FROM holders WHERE id > ?1 AND id <= ?2 ORDER BY id
