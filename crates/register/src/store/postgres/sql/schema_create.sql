-- The schema's name stands in a setting of the session, since CREATE SCHEMA takes no parameter.
DO $$ BEGIN EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I', current_setting('bezwaar.schema')); END $$
