DELETE FROM contacts WHERE holder = ANY ($1)
