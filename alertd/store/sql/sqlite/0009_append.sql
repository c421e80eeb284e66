-- New alerts come by the thousand: rows that are added at the end cost a quarter of rows that are put between others.

CREATE TABLE posted (
    id         INTEGER PRIMARY KEY,   -- store/sqlite_posted.py knows whose
    updated_at INTEGER NOT NULL,
    alert      BLOB NOT NULL
) STRICT;
INSERT INTO posted (updated_at, alert) SELECT updated_at, alert FROM posted_alerts ORDER BY rowid;
DROP TABLE posted_alerts;
ALTER TABLE posted RENAME TO posted_alerts;

-- The events of an alert; written in bulk, so that the newest are not in it yet.
CREATE TABLE history_of_alerts (
    fingerprint TEXT NOT NULL,
    at          INTEGER NOT NULL,
    event       INTEGER NOT NULL,     -- history.id
    PRIMARY KEY (fingerprint, at, event)
) STRICT, WITHOUT ROWID;
CREATE TABLE history_indexed (
    upto INTEGER NOT NULL             -- history.id; later events are not in history_of_alerts
) STRICT;
DROP INDEX history_by_alert;
INSERT INTO history_of_alerts SELECT fingerprint, at, id FROM history WHERE fingerprint <> '' ORDER BY 1, 2, 3;
INSERT INTO history_indexed SELECT coalesce(max(id), 0) FROM history;
