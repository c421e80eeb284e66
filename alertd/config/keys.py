"""The top-level keys of alertd.yml.

Source: Alertmanager 0.34, docs/configuration.md.
"""

from __future__ import annotations

TOP_LEVEL_KEYS = frozenset(
    {
        "prometheus",
        "rule_files",
        "packs",
        "prices",
        "evaluation",
        "storage",
        "remote_write",
        "alertmanagers",
        "web",
        "global",
        "route",
        "receivers",
        "fallback_receiver",
        "digest_above",
        "inhibit_rules",
        "time_intervals",
        "mute_time_intervals",
        "templates",
        "tracing",
        "event_recorder",
    }
)
"""What tells a configuration from other files, known without importing every settings model."""

WITHOUT_EFFECT = {
    "tracing": "alertd writes no traces",
    "event_recorder": "alertd keeps a history of its own",
}
"""Keys of Alertmanager that load and do nothing, and why."""
