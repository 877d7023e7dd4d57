INSERT INTO identity (application, version) VALUES ($1, $2)
