SELECT name, bytes, sum FROM named_values ORDER BY name
