SELECT sealed, sum FROM contacts WHERE holder = ?1 AND live = 1
