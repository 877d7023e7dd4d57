SELECT id, name, live, wrapped_key, sum FROM holders WHERE id = ?1
