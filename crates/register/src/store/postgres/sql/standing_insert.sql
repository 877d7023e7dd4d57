INSERT INTO standing (one, epoch, size, last_holder, sum) VALUES (true, 0, 0, 0, $1)
