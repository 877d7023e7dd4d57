SELECT id, name, wrapped_key, sum FROM holders WHERE name = ANY ($1)
