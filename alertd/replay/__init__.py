"""The same evaluator on recorded series: unit tests of rules."""
