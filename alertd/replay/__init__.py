"""The live evaluator on other series: unit tests on series that are given, backtests and tuning on what was recorded.

In: rule groups, and a file of unit tests or a source of history. Out: per check what was expected, what was found, what
differs; every episode of the past, as tables, pages and charts; settings that fire as seldom as wanted.
Never: an evaluation of its own, sending anything, reading configuration (what it needs is handed in).
"""
