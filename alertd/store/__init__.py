"""Keeps what must survive: memory (tests, replay) and SQLite, behind the protocols the stages declare."""
