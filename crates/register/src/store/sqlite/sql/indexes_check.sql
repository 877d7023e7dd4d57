-- How many rows of the three indexes say what the tables do not, and how many rows of the tables they ought to have and do not.
SELECT
  (SELECT count(*) FROM entries_by_id_name AS i LEFT JOIN entries AS e ON e.place = i.place WHERE e.id_name IS NOT i.id_name)
  + (SELECT count(*) FROM holders_by_name AS i LEFT JOIN holders AS h ON h.id = i.id WHERE h.name IS NOT i.name)
  + (SELECT count(*) FROM openings_by_holder AS i LEFT JOIN openings AS o ON o.place = i.place WHERE o.holder IS NOT i.holder),
  (SELECT count(*) FROM entries AS e WHERE e.place < ?1 AND e.id_name IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM entries_by_id_name AS i WHERE i.id_name = e.id_name AND i.place = e.place))
  + (SELECT count(*) FROM holders AS h WHERE h.id <= ?2
    AND NOT EXISTS (SELECT 1 FROM holders_by_name AS i WHERE i.name = h.name AND i.id = h.id))
  + (SELECT count(*) FROM openings AS o WHERE o.place < ?1 AND o.holder IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM openings_by_holder AS i WHERE i.holder = o.holder AND i.place = o.place))
