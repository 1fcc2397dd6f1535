-- The value of a version that is data, as JSON, and the run that set it, if one did.
ALTER TABLE versions ADD COLUMN value TEXT;
ALTER TABLE versions ADD COLUMN set_by BYTEA;
