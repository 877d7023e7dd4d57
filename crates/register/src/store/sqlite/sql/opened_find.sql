SELECT place FROM openings_by_holder WHERE holder = ?1 ORDER BY place
