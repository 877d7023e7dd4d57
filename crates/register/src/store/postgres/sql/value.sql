SELECT bytes, sum FROM named_values WHERE name = $1
