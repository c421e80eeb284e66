-- Times are microseconds since 1970 (UTC). Blobs are msgpack, see store/codec.py.

CREATE TABLE rule_groups (
    group_key    TEXT PRIMARY KEY,
    evaluated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE rule_alerts (
    group_key TEXT NOT NULL,
    rule      TEXT NOT NULL,      -- AlertingRule.identity
    labels    TEXT NOT NULL,      -- JSON object, sorted by name
    alert     BLOB NOT NULL,
    PRIMARY KEY (group_key, rule, labels)
) STRICT;

CREATE TABLE posted_alerts (
    labels     TEXT PRIMARY KEY,
    updated_at INTEGER NOT NULL,
    alert      BLOB NOT NULL
) STRICT;

CREATE TABLE group_timers (
    group_key TEXT PRIMARY KEY,   -- of an aggregation group
    next_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE notification_log (
    group_key   TEXT NOT NULL,
    receiver    TEXT NOT NULL,
    integration TEXT NOT NULL,
    idx         INTEGER NOT NULL,
    part        TEXT NOT NULL,
    at          INTEGER NOT NULL,
    entry       BLOB NOT NULL,
    PRIMARY KEY (group_key, receiver, integration, idx, part)
) STRICT;

CREATE TABLE deliveries (
    id            TEXT PRIMARY KEY,   -- sorts by age
    group_key     TEXT NOT NULL,
    receiver      TEXT NOT NULL,
    integration   TEXT NOT NULL,
    idx           INTEGER NOT NULL,
    part          TEXT NOT NULL,
    destination   TEXT NOT NULL,
    kind          TEXT NOT NULL,
    reason        TEXT NOT NULL,
    state         TEXT NOT NULL,
    attempts      INTEGER NOT NULL,   -- counts leases, and so tells one lease from the next
    next_at       INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    deadline      INTEGER NOT NULL,
    longest_delay INTEGER NOT NULL,
    lease_owner   TEXT NOT NULL,
    lease_until   INTEGER,
    last_error    TEXT NOT NULL,
    entry         BLOB NOT NULL,      -- what the notification log will say
    content_type  TEXT NOT NULL,
    body          BLOB NOT NULL
) STRICT;

CREATE INDEX deliveries_queued ON deliveries (destination, next_at, id) WHERE state = 'queued';
CREATE INDEX deliveries_due ON deliveries (next_at, destination) WHERE state = 'queued';
CREATE INDEX deliveries_leased ON deliveries (destination) WHERE state = 'leased';
CREATE INDEX deliveries_open ON deliveries (group_key, receiver, integration, idx, part, id)
    WHERE state IN ('queued', 'leased');
CREATE INDEX deliveries_by_state ON deliveries (state, created_at);
