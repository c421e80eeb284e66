"""What is kept of alerts over a restart: those of our own rules, and those handed on to the dispatcher."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from alertd.alerts.alert import Alert
from alertd.alerts.posted import PostedAlert
from alertd.labels import LabelSet


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedGroup:
    """A rule group as it was when it was evaluated last; alerts by `rule.identity`."""

    group_key: str
    evaluated_at: datetime
    alerts: Mapping[str, Sequence[Alert]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleMemory:
    """What the judge of one rule remembers; `rule` is its identity."""

    group_key: str
    rule: str
    memory: bytes


class AlertStore(Protocol):
    async def load_rule_alerts(self) -> Sequence[SavedGroup]:
        """Every rule group that was saved, with the alerts of its rules."""
        ...

    async def rule_memories(self) -> Sequence[RuleMemory]:
        """What every judge remembers."""
        ...

    async def posted_alerts(self) -> Sequence[PostedAlert]:
        """Every alert that was handed on and is not settled yet."""
        ...


class AlertWrites(Protocol):
    def save_group(self, group_key: str, evaluated_at: datetime) -> None: ...

    def drop_group(self, group_key: str) -> None:
        """Forget a rule group, all alerts of its rules and what their judges remember."""
        ...

    def save_alerts(self, group_key: str, rule_identity: str, alerts: Sequence[Alert]) -> None:
        """Add or replace these alerts, told apart by their labels; the rule's other alerts stay."""
        ...

    def drop_alerts(self, group_key: str, rule_identity: str, labels: Sequence[LabelSet]) -> None: ...

    def save_memory(self, memory: RuleMemory) -> None: ...

    def drop_memory(self, group_key: str, rule_identity: str) -> None: ...

    def put_posted(self, alerts: Sequence[PostedAlert]) -> None:
        """Add or replace alerts that are handed on, told apart by their labels."""
        ...

    def drop_posted(self, alerts: Sequence[PostedAlert]) -> None:
        """Forget these copies; one that was handed on again since (another `updated_at`) stays."""
        ...
