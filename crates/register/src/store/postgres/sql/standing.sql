SELECT epoch, size, last_holder, sum, (SELECT max(place) FROM entries), (SELECT max(id) FROM holders) FROM standing WHERE one
