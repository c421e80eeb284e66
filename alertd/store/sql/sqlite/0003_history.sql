CREATE TABLE history (
    id          INTEGER PRIMARY KEY,
    at          INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    what        TEXT NOT NULL,
    why         TEXT NOT NULL,
    fingerprint TEXT NOT NULL,      -- of an alert; '' for what is about a group
    group_key   TEXT NOT NULL,      -- of an aggregation group; '' for what is about an alert
    receiver    TEXT NOT NULL,
    delivery    TEXT NOT NULL,
    facts       BLOB NOT NULL
) STRICT;

CREATE INDEX history_by_time ON history (at);
CREATE INDEX history_by_alert ON history (fingerprint, at) WHERE fingerprint <> '';
CREATE INDEX history_by_group ON history (group_key, at) WHERE group_key <> '';
