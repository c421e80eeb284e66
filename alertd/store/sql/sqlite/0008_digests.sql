CREATE TABLE digest_entries (
    digest TEXT NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    entry  TEXT NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,   -- a delivery the digest tells, or told
    PRIMARY KEY (digest, entry)
) STRICT;

CREATE INDEX digest_entries_by_entry ON digest_entries (entry);
CREATE INDEX deliveries_waiting ON deliveries (receiver, integration, idx, id) WHERE state = 'queued';

DROP INDEX deliveries_open;
CREATE INDEX deliveries_open ON deliveries (group_key, receiver, integration, idx, part, id)
    WHERE state IN ('queued', 'leased', 'condensed');
