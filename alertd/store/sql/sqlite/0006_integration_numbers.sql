CREATE TABLE integration_numbers (
    receiver    TEXT NOT NULL,
    integration TEXT NOT NULL,
    idx         INTEGER NOT NULL,   -- as in notification_log and deliveries
    identity    TEXT NOT NULL,      -- digest of where it sends
    PRIMARY KEY (receiver, integration, idx)
) STRICT;
