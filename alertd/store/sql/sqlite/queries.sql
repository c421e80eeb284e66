-- name: save_group
INSERT INTO rule_groups (group_key, evaluated_at) VALUES (:group_key, :evaluated_at)
ON CONFLICT DO UPDATE SET evaluated_at = excluded.evaluated_at;

-- name: drop_group
DELETE FROM rule_groups WHERE group_key = :group_key;

-- name: drop_group_alerts
DELETE FROM rule_alerts WHERE group_key = :group_key;

-- name: save_alert
INSERT INTO rule_alerts (group_key, rule, labels, alert) VALUES (:group_key, :rule, :labels, :alert)
ON CONFLICT DO UPDATE SET alert = excluded.alert;

-- name: drop_alert
DELETE FROM rule_alerts WHERE group_key = :group_key AND rule = :rule AND labels = :labels;

-- name: rule_groups
SELECT group_key, evaluated_at FROM rule_groups ORDER BY group_key;

-- name: rule_alerts
SELECT group_key, rule, alert FROM rule_alerts ORDER BY group_key, rule, labels;

-- name: drop_group_memory
DELETE FROM rule_memory WHERE group_key = :group_key;

-- name: save_memory
INSERT INTO rule_memory VALUES (:group_key, :rule, :memory)
ON CONFLICT (group_key, rule) DO UPDATE SET memory = excluded.memory;

-- name: drop_memory
DELETE FROM rule_memory WHERE group_key = :group_key AND rule = :rule;

-- name: rule_memories
SELECT group_key, rule, memory FROM rule_memory;

-- name: put_posted
INSERT INTO posted_alerts (id, updated_at, alert) VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET updated_at = excluded.updated_at, alert = excluded.alert;

-- name: drop_posted
-- A copy that was handed on since stays.
DELETE FROM posted_alerts WHERE id = ? AND updated_at = ?;

-- name: posted_alerts
SELECT id, alert FROM posted_alerts ORDER BY id;

-- name: put_group_timer
INSERT INTO group_timers (group_key, next_at) VALUES (:group_key, :next_at)
ON CONFLICT DO UPDATE SET next_at = excluded.next_at;

-- name: drop_group_timer
DELETE FROM group_timers WHERE group_key = :group_key;

-- name: group_timers
SELECT group_key, next_at FROM group_timers;

-- name: put_silence
INSERT INTO silences (id, silence) VALUES (:id, :silence)
ON CONFLICT DO UPDATE SET silence = excluded.silence;

-- name: drop_silence
DELETE FROM silences WHERE id = :id;

-- name: silences
SELECT silence FROM silences ORDER BY id;

-- name: put_number
INSERT INTO integration_numbers (receiver, integration, idx, identity) VALUES (:receiver, :integration, :idx, :identity)
ON CONFLICT DO NOTHING;

-- name: numbers
SELECT * FROM integration_numbers ORDER BY receiver, integration, idx;

-- name: put_log_entry
INSERT INTO notification_log (group_key, receiver, integration, idx, part, at, entry)
VALUES (:group_key, :receiver, :integration, :idx, :part, :at, :entry)
ON CONFLICT DO UPDATE SET at = excluded.at, entry = excluded.entry;

-- name: put_log_entry_of_lease
-- Only as long as the delivery is still leased to the attempt that is recorded.
INSERT INTO notification_log (group_key, receiver, integration, idx, part, at, entry)
SELECT :group_key, :receiver, :integration, :idx, :part, :at, :entry
WHERE EXISTS (SELECT 1 FROM deliveries WHERE id = :id AND state = 'leased' AND attempts = :attempts)
ON CONFLICT DO UPDATE SET at = excluded.at, entry = excluded.entry;

-- name: log_entries
SELECT entry FROM notification_log WHERE group_key IN (SELECT value FROM json_each(:group_keys));

-- name: expire_log
DELETE FROM notification_log
WHERE at < :before AND NOT EXISTS (SELECT 1 FROM group_timers WHERE group_timers.group_key = notification_log.group_key);

-- name: enqueue
INSERT INTO deliveries (
    id, group_key, receiver, integration, idx, part, destination, kind, reason, state, attempts, next_at, created_at,
    deadline, longest_delay, lease_owner, lease_until, last_error, entry, content_type, body,
    address, is_fallback
) VALUES (
    :id, :group_key, :receiver, :integration, :idx, :part, :destination, :kind, :reason, :state, :attempts, :next_at,
    :created_at, :deadline, :longest_delay, :lease_owner, :lease_until, :last_error, :entry, :content_type, :body,
    :address, :is_fallback
);

-- name: supersede
UPDATE deliveries SET state = 'superseded' WHERE id = :id AND state = 'queued';

-- name: record_delivery
UPDATE deliveries
SET state = :state, next_at = :next_at, lease_owner = '', lease_until = NULL, last_error = :last_error,
    address = :address
WHERE id = :id AND state = 'leased' AND attempts = :attempts;

-- name: release_delivery
UPDATE deliveries SET state = 'queued', attempts = attempts - 1, lease_owner = '', lease_until = NULL
WHERE id = :id AND state = 'leased' AND attempts = :attempts;

-- name: pull_in_deliveries
UPDATE deliveries SET next_at = :at WHERE state = 'queued' AND next_at > :at + longest_delay;

-- name: delete_deliveries
DELETE FROM deliveries WHERE state IN ('delivered', 'dead', 'superseded') AND created_at < :before;

-- INDEXED BY, here and below: without statistics SQLite would go through everything that is queued.

-- name: open_deliveries
SELECT * FROM deliveries INDEXED BY deliveries_open
WHERE state IN ('queued', 'leased', 'condensed') AND group_key IN (SELECT value FROM json_each(:group_keys))
ORDER BY id;

-- name: busy_destinations
SELECT destination, count(*) FROM deliveries INDEXED BY deliveries_leased WHERE state = 'leased' GROUP BY destination;

-- name: queued_destinations
-- Jumps through the index from one destination to the next.
WITH RECURSIVE found (destination) AS (
    SELECT min(destination) FROM deliveries INDEXED BY deliveries_queued WHERE state = 'queued'
    UNION ALL
    SELECT (
        SELECT min(destination) FROM deliveries INDEXED BY deliveries_queued
        WHERE state = 'queued' AND destination > found.destination
    ) FROM found WHERE found.destination IS NOT NULL
)
SELECT destination FROM found WHERE destination IS NOT NULL;

-- name: ready_deliveries
-- Of a stream only the oldest one: its deliveries are sent in order, one at a time.
-- An integration that is about to be told a digest is told nothing else: the digest is queued and was not tried, or is
-- leased for the first time.
SELECT next_at, id FROM deliveries AS ready INDEXED BY deliveries_queued
WHERE state = 'queued' AND destination = :destination AND next_at <= :at
    AND NOT EXISTS (
        SELECT 1 FROM deliveries AS older INDEXED BY deliveries_open
        WHERE older.state IN ('queued', 'leased', 'condensed')
            AND older.group_key = ready.group_key AND older.receiver = ready.receiver
            AND older.integration = ready.integration AND older.idx = ready.idx AND older.part = ready.part
            AND older.id < ready.id
    )
    AND (kind = 'digest' OR NOT EXISTS (
        SELECT 1 FROM deliveries AS digest INDEXED BY deliveries_open
        WHERE digest.state IN ('queued', 'leased', 'condensed')
            AND digest.group_key = 'digest' AND digest.kind = 'digest' AND digest.receiver = ready.receiver
            AND digest.integration = ready.integration AND digest.idx = ready.idx
            AND digest.attempts = (digest.state = 'leased')
    ))
ORDER BY next_at, id
LIMIT :limit;

-- name: lease
UPDATE deliveries
SET state = 'leased', attempts = attempts + 1, lease_owner = :owner, lease_until = :until
WHERE id IN (SELECT value FROM json_each(:ids))
RETURNING *;

-- name: crowd
-- None while a digest of this integration is on its way.
SELECT * FROM deliveries AS waiting INDEXED BY deliveries_waiting
WHERE state = 'queued' AND receiver = :receiver AND integration = :integration AND idx = :idx
    AND kind IN (SELECT value FROM json_each(:kinds))
    AND (next_at <= :at OR attempts > 0)
    AND NOT EXISTS (SELECT 1 FROM digest_entries WHERE entry = waiting.id)
    AND NOT EXISTS (
        SELECT 1 FROM deliveries AS older INDEXED BY deliveries_open
        WHERE older.state IN ('queued', 'leased', 'condensed')
            AND older.group_key = waiting.group_key AND older.receiver = waiting.receiver
            AND older.integration = waiting.integration AND older.idx = waiting.idx AND older.part = waiting.part
            AND older.id < waiting.id
    )
    AND NOT EXISTS (
        SELECT 1 FROM deliveries AS digest INDEXED BY deliveries_open
        WHERE digest.state IN ('queued', 'leased', 'condensed')
            AND digest.group_key = 'digest' AND digest.kind = 'digest' AND digest.receiver = :receiver
            AND digest.integration = :integration AND digest.idx = :idx
    )
ORDER BY id
LIMIT :limit;

-- name: condense
UPDATE deliveries SET state = 'condensed' WHERE id = :id AND state = 'queued';

-- name: put_digest_entry
INSERT INTO digest_entries (digest, entry)
SELECT :digest, id FROM deliveries WHERE id = :id AND state = 'condensed';

-- name: condensed
SELECT deliveries.* FROM digest_entries JOIN deliveries ON deliveries.id = digest_entries.entry
WHERE digest_entries.digest = :digest AND deliveries.state = 'condensed'
ORDER BY deliveries.id;

-- name: record_condensed
-- Only as long as the digest is still leased to the attempt that is recorded.
UPDATE deliveries
SET state = :state, next_at = :next_at, last_error = :last_error
WHERE id = :id AND state = 'condensed'
    AND EXISTS (SELECT 1 FROM deliveries WHERE id = :digest AND state = 'leased' AND attempts = :digest_attempts);

-- name: lost_leases
SELECT * FROM deliveries INDEXED BY deliveries_leased
WHERE state = 'leased' AND (lease_until <= :at OR (:owner <> '' AND lease_owner = :owner))
ORDER BY id;

-- name: next_delivery_at
SELECT next_at FROM deliveries INDEXED BY deliveries_due
WHERE state = 'queued' AND next_at > :after AND destination NOT IN (SELECT value FROM json_each(:skip))
ORDER BY next_at
LIMIT 1;

-- name: deliveries
SELECT * FROM deliveries WHERE :state = '' OR state = :state ORDER BY id DESC LIMIT :limit;

-- name: deliveries_about
SELECT * FROM deliveries INDEXED BY deliveries_by_group
WHERE group_key IN (SELECT value FROM json_each(:group_keys)) AND (:state = '' OR state = :state)
ORDER BY id DESC
LIMIT :limit;

-- name: depth
SELECT state, count(*) FROM deliveries GROUP BY state;

-- name: oldest_open
SELECT min(created_at) FROM deliveries WHERE state IN ('queued', 'leased', 'condensed');

-- name: add_event
INSERT INTO history (at, kind, what, why, fingerprint, group_key, receiver, delivery, facts)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: index_events
-- In order: a page of the index that takes many of them is written once.
INSERT INTO history_of_alerts (fingerprint, at, event)
SELECT fingerprint, at, id FROM history
WHERE id > (SELECT upto FROM history_indexed) AND fingerprint <> ''
ORDER BY fingerprint, at, id;

-- name: events_are_indexed
UPDATE history_indexed SET upto = (SELECT coalesce(max(id), 0) FROM history);

-- name: expire_index
DELETE FROM history_of_alerts
WHERE (fingerprint, at, event) IN (
    SELECT fingerprint, at, id FROM history INDEXED BY history_by_time WHERE at < :before AND fingerprint <> ''
);

-- name: expire_events
DELETE FROM history WHERE at < :before;

-- name: index_ends_with_events
-- Numbers of events that are gone are given out again.
UPDATE history_indexed SET upto = min(upto, (SELECT coalesce(max(id), 0) FROM history));

-- name: events
SELECT * FROM history INDEXED BY history_by_time WHERE at >= :since ORDER BY at DESC, id DESC LIMIT :limit;

-- name: events_about
SELECT * FROM (
    SELECT history.* FROM history_of_alerts JOIN history ON history.id = history_of_alerts.event
    WHERE history_of_alerts.fingerprint = :fingerprint AND history_of_alerts.at >= :since
    ORDER BY history_of_alerts.at DESC, history_of_alerts.event DESC LIMIT :limit
)
UNION ALL
SELECT * FROM history NOT INDEXED
WHERE id > (SELECT upto FROM history_indexed) AND fingerprint <> '' AND fingerprint = :fingerprint AND at >= :since
UNION ALL
SELECT * FROM (
    SELECT * FROM history INDEXED BY history_by_group
    WHERE group_key <> '' AND group_key IN (SELECT value FROM json_each(:group_keys)) AND at >= :since
    ORDER BY at DESC, id DESC LIMIT :limit
)
ORDER BY at DESC, id DESC LIMIT :limit;
