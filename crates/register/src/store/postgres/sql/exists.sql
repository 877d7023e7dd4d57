SELECT to_regclass(quote_ident($1) || '.standing') IS NOT NULL
