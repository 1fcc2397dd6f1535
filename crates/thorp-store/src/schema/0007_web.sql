-- The name of a val's own origin: made with the val, and never another one's.
ALTER TABLE vals ADD COLUMN label TEXT;
CREATE UNIQUE INDEX vals_by_label ON vals (label);

-- What a web request was, and what became of it (JSON).
ALTER TABLE runs ADD COLUMN http TEXT;
