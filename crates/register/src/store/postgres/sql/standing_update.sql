UPDATE standing SET epoch = $1, size = $2, last_holder = $3, sum = $4 WHERE one AND epoch = $5
