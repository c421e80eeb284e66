-- What judges remember between slots: detectors, ledgers.
CREATE TABLE rule_memory (
    group_key TEXT NOT NULL,
    rule      TEXT NOT NULL,   -- identity: name and static labels
    memory    BLOB NOT NULL,
    PRIMARY KEY (group_key, rule)
) STRICT;
