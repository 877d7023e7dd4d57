COPY entries (place, bytes, id_name, sum) FROM STDIN (FORMAT binary)
