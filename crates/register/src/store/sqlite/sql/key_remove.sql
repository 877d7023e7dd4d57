UPDATE holders SET live = 0, wrapped_key = zeroblob(length(wrapped_key)), sum = ?2 WHERE id = ?1 AND live = 1
