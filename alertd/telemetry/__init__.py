"""alertd about itself: metrics, logs, health."""
