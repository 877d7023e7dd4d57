SELECT place FROM entries WHERE id_name = ?1
