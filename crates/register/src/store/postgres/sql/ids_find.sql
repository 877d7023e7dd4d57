SELECT id_name, place FROM entries WHERE id_name = ANY ($1)
