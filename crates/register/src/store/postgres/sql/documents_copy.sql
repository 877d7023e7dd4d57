COPY documents (place, bytes, sum) FROM STDIN (FORMAT binary)
