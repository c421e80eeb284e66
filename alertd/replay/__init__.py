"""The live evaluator on series that are given: unit tests of rules, on a real Prometheus of their own.

In: a file of unit tests and the rule groups it names. Out: per check what was expected, what was found, what differs.
Never: an evaluation of its own, sending anything, reading configuration (what it needs is handed in).
"""
