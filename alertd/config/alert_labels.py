"""Which labels, with which values, the alerts of a rule can have; for lint only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from alertd.config.expressions import syntax_tree
from alertd.config.promql_labels import Labels, labels_of
from alertd.deferred import deferred
from alertd.labels.matcher import Matchers
from alertd.rules.promql import PromQL
from alertd.rules.rule import AlertingRule

if TYPE_CHECKING:
    from alertd.rules import threshold
else:
    threshold = deferred("alertd.rules.threshold")

_ALERTNAME = "alertname"
_ACTION = "{{"


@dataclass(frozen=True)
class AlertLabels:
    """What can be said about the labels of a rule's alerts; an expression is parsed once it is asked for.

    external_labels  names that every alert gets on its way out
    """

    rule: AlertingRule
    external_labels: frozenset[str] = frozenset()

    def values(self, name: str) -> frozenset[str] | None:
        """The values the label can have, "" where an alert may be without it; None: any."""
        found = set(self._values(name))
        return None if None in found else frozenset(value for value in found if value is not None)

    def may_match(self, matchers: Matchers) -> bool:
        """Whether an alert of the rule may match all of them."""
        return all(
            (values := self.values(matcher.name)) is None or any(map(matcher.accepts, values)) for matcher in matchers
        )

    def may_have(self, name: str) -> bool:
        """Whether an alert of the rule may have the label."""
        return self.values(name) != frozenset({""})

    def _values(self, name: str) -> Iterator[str | None]:
        """Values, and None for any."""
        if name == _ALERTNAME:
            yield self.rule.name
            return
        levels = self.rule.kind.levels if isinstance(self.rule.kind, threshold.Threshold) else ()
        yield from (level.labels[name] for level in levels if name in level.labels)
        if levels and all(name in level.labels for level in levels):
            return
        text = self.rule.label_texts.get(name)
        if text is not None:
            yield None if _ACTION in text else text
        else:
            yield "" if self._never_in_series(name) else None

    def _never_in_series(self, name: str) -> bool:
        return name not in self.external_labels and self._series is not None and name not in self._series

    @cached_property
    def _series(self) -> Labels | None:
        """The labels its series can have; None where that is not known."""
        if not isinstance(self.rule.kind, PromQL | threshold.Threshold):
            return None
        tree = syntax_tree(self.rule.expr)
        return labels_of(tree) if tree is not None else None
