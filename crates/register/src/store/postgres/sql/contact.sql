SELECT sealed, sum FROM contacts WHERE holder = $1
