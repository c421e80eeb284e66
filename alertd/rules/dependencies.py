"""Which rules of a group must wait for the results of earlier ones of the same slot."""

from __future__ import annotations

from collections.abc import Sequence

from alertd.query.promql import metric_names
from alertd.rules.rule import AlertingRule, Rule
from alertd.template.prometheus import functions_used

_ALERT_SERIES = frozenset({"ALERTS", "ALERTS_FOR_STATE"})


def chunks(rules: Sequence[Rule]) -> list[range]:
    """Runs of rules that need nothing of each other, in file order; each run may read what the runs before it wrote.

    A selector without a fixed metric name may read anything, and so may a template that asks queries: their rules wait
    for every earlier one.
    """
    runs: list[range] = []
    start, written = 0, set[str]()
    for index, rule in enumerate(rules):
        reads = None if _asks_queries(rule) else metric_names(rule.expr)
        if written and (reads is None or reads & written):
            runs.append(range(start, index))
            start, written = index, set()
        written |= _ALERT_SERIES if isinstance(rule, AlertingRule) else {rule.record}
    return [*runs, range(start, len(rules))] if rules else []


def _asks_queries(rule: Rule) -> bool:
    if not isinstance(rule, AlertingRule):
        return False
    texts = [*rule.label_texts.values(), *rule.annotation_texts.values()]
    return any("query" in text and "query" in functions_used(text) for text in texts)
