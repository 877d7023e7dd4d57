UPDATE openings SET live = 0, sealed = zeroblob(length(sealed)), sum = ?2 WHERE place = ?1 AND live = 1
