SELECT s.epoch, s.size, s.last_holder, s.sum, (SELECT max(place) FROM entries), (SELECT max(id) FROM holders), e.bytes, e.id_name, e.sum
FROM standing s
LEFT JOIN entries e ON e.place = s.size - 1
WHERE s.one
