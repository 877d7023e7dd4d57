SELECT holder, live, sealed, sum FROM contacts ORDER BY id
