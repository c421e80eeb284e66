"""The doors for programs: Prometheus' rules API, health, metrics. Translates; decides nothing."""
