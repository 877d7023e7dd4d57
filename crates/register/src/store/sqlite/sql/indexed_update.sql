UPDATE indexed SET entries = ?1, holders = ?2, sum = ?3 WHERE only = 1
