ALTER TABLE deliveries ADD COLUMN address TEXT NOT NULL DEFAULT '';         -- of this message alone; '': the configured one
ALTER TABLE deliveries ADD COLUMN is_fallback INTEGER NOT NULL DEFAULT 0;   -- a plain message, its template failed
