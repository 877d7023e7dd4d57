COPY openings (place, holder, sealed, sum) FROM STDIN (FORMAT binary)
