CREATE TABLE silences (
    id      TEXT PRIMARY KEY,
    silence BLOB NOT NULL
) STRICT;
