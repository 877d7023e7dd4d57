COPY holders (id, name, wrapped_key, sum) FROM STDIN (FORMAT binary)
