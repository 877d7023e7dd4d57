UPDATE contacts SET live = 0, sealed = zeroblob(length(sealed)), sum = ?2 WHERE holder = ?1 AND live = 1
