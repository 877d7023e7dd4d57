SELECT id FROM holders_by_name WHERE name = ?1
