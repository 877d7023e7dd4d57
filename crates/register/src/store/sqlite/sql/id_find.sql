SELECT place FROM entries_by_id_name WHERE id_name = ?1
