INSERT INTO standing (only, epoch, size, last_holder, sum) VALUES (1, 0, 0, 0, ?1)
