SELECT id, name, live, wrapped_key, sum FROM holders WHERE name = ?1
