"""YAML 1.2 with places: every value knows its line and column, and every problem is told at once."""
