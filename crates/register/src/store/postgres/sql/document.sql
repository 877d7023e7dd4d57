SELECT bytes, sum FROM documents WHERE place = $1
