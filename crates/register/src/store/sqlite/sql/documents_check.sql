SELECT place, bytes, sum FROM documents ORDER BY place
