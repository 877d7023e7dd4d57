SELECT holder, sealed, sum FROM contacts WHERE holder > $1 ORDER BY holder LIMIT $2
