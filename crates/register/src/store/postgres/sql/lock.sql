SELECT pg_advisory_xact_lock(hashtextextended('bezwaar ' || $1, 0))
