"""`Teacher`: what operators say of an alert changes what its rule expects from then on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from alertd.alerts.keeping import RuleMemory
from alertd.clock import Clock
from alertd.deferred import deferred
from alertd.engine.evaluator import Evaluator
from alertd.engine.ports import Store
from alertd.engine.state import GroupState, RuleState
from alertd.errors import AlertdError
from alertd.labels import LabelSet
from alertd.notify.history import Event, EventKind
from alertd.rules.feedback import Feedback

if TYPE_CHECKING:
    from alertd.rules import anomaly
else:
    anomaly = deferred("alertd.rules.anomaly")

log = structlog.get_logger(__name__)

LIMIT = timedelta(seconds=20)
"""How long the evaluation of a group may be waited for."""


class NotTaughtError(AlertdError):
    """The rule of an alert cannot be told, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What came of it: the rule that was told, and how many series it was about."""

    rule: str
    feedback: Feedback
    series: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Teacher:
    """Finds the rule of an alert by its fingerprint.

    external_labels   added to alerts when they are handed on: operators know an alert by them
    """

    evaluator: Evaluator
    store: Store
    clock: Clock
    external_labels: Callable[[], Mapping[str, str]]

    async def teach(self, fingerprint: str, feedback: Feedback) -> Lesson | None:
        """Tell the rule of this alert; saved when it returns. None when no rule of ours has such an alert.

        raises   NotTaughtError when the rule does not learn; TimeoutError; StoreError
        """
        found = await self._find(fingerprint)
        if found is None:
            return None
        key, identity, labels = found
        async with asyncio.timeout(LIMIT.total_seconds()), self.evaluator.between_slots(key) as group:
            rule = group.by_identity().get(identity) if group is not None else None
            if group is None or rule is None or labels not in rule.alerts:
                return None
            return await self._teach(group, rule, labels, feedback)

    async def _find(self, fingerprint: str) -> tuple[str, str, LabelSet] | None:
        external = self.external_labels()
        for group in self.evaluator.states():
            for rule in group.rules:
                for labels in rule.alerts:
                    known_as = LabelSet({**external, **labels}) if external else labels
                    if known_as.fingerprint == fingerprint:
                        return group.group.key, rule.identity, labels
                await asyncio.sleep(0)  # thousands of fingerprints may have to be computed first
        return None

    async def _teach(self, group: GroupState, rule: RuleState, labels: LabelSet, feedback: Feedback) -> Lesson:
        judge, at = rule.judge, self.clock.now()
        if not isinstance(judge, anomaly.AnomalyJudge):
            raise NotTaughtError(f"{rule.rule.name} is no anomaly rule: it expects nothing that could change")
        if rule.reads_history:
            raise NotTaughtError(f"{rule.rule.name} is still reading its past; say it again in a minute")
        count = judge.teach(rule.alerts[labels].series, feedback)
        memory = RuleMemory(
            group_key=group.group.key, rule=rule.identity, memory=await asyncio.to_thread(judge.memory)
        )  # fmt: skip
        known_as = LabelSet({**self.external_labels(), **labels})
        async with self.store.transaction() as tx:
            tx.save_group(group.group.key, group.evaluated_at or at)
            tx.save_memory(memory)
            tx.add_events([_given(known_as, feedback, series=count, at=at)])
        rule.remembers = True
        log.info(
            "feedback_given", rule=rule.rule.name, alert=known_as.fingerprint, feedback=feedback.value, series=count
        )
        return Lesson(rule=rule.rule.name, feedback=feedback, series=count)


_WORDS = {
    Feedback.EXPECTED: "an operator says that this is expected from now on",
    Feedback.INCIDENT: "an operator says that this was an incident: nothing of it is learned",
}


def _given(alert: LabelSet, feedback: Feedback, *, series: int, at: datetime) -> Event:
    return Event(
        at=at, kind=EventKind.FEEDBACK, what=feedback.value, why=_WORDS[feedback], fingerprint=alert.fingerprint,
        facts={"labels": dict(alert), "series": series},
    )  # fmt: skip
