SELECT id, name, wrapped_key, sum FROM holders WHERE id = ANY ($1)
