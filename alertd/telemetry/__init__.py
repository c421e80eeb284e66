"""alertd about itself: metrics, logs, health, and what it tells systemd.

In: events as they happen, and readings of the moment handed in as plain values. Out: text for Prometheus, log lines, a
health report. Never: a decision about an alert; a secret.
"""
