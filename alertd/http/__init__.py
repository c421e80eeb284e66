"""The HTTP client every package shares: Prometheus' `http_config`, one session, limits on every wait."""
