"""Which rules of a group must wait for the results of earlier ones of the same slot."""

from __future__ import annotations

from collections.abc import Sequence

from alertd.query.promql import metric_names
from alertd.rules.rule import AlertingRule, Rule

_ALERT_SERIES = frozenset({"ALERTS", "ALERTS_FOR_STATE"})


def chunks(rules: Sequence[Rule]) -> list[range]:
    """Runs of rules that need nothing of each other, in file order; each run may read what the runs before it wrote.

    A selector without a fixed metric name may read anything, so its rule waits for every earlier one.
    """
    runs: list[range] = []
    start, written = 0, set[str]()
    for index, rule in enumerate(rules):
        reads = metric_names(rule.expr)
        if written and (reads is None or reads & written):
            runs.append(range(start, index))
            start, written = index, set()
        written |= _ALERT_SERIES if isinstance(rule, AlertingRule) else {rule.record}
    return [*runs, range(start, len(rules))] if rules else []
