"""What the evaluator remembers of a group between its slots."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from alertd.alerts.alert import Alert
from alertd.alerts.restore import not_after
from alertd.labels import LabelSet
from alertd.query.remote_write import SeriesSample
from alertd.rules.finding import Judgement
from alertd.rules.kind import Judge
from alertd.rules.rule import AlertingRule, Rule, RuleGroup

Alerts = dict[LabelSet, Alert]
_NEXT = timedelta(milliseconds=1)  # no two samples of a series are nearer to each other


class Health(StrEnum):
    """Whether a rule's newest evaluation succeeded."""

    UNKNOWN = "unknown"
    OK = "ok"
    ERR = "err"


@dataclass(slots=True)
class RuleState:
    """One rule: its alerts, what it wrote, how its newest evaluation went.

    identity   name and static labels, numbered where a group has the same twice: what its alerts are saved under
    judge      an alerting rule's kind at work; with what it remembers
    judgement  what its judge said at its newest slot
    reads_history   its judge is still told of the past, and neither judges nor is saved meanwhile
    remembers  the store has something that its judge remembers
    saved      the alerts as the store has them
    written    series of the newest successful evaluation: those that are gone at the next get a stale marker
    """

    rule: Rule
    identity: str
    judge: Judge | None = None
    judgement: Judgement | None = None
    reads_history: bool = False
    remembers: bool = False
    alerts: Alerts = field(default_factory=dict)
    saved: Alerts = field(default_factory=dict)
    written: frozenset[LabelSet] = frozenset()
    health: Health = Health.UNKNOWN
    last_error: str = ""
    evaluated_at: datetime | None = None
    seconds: float = 0.0
    samples: int = 0


@dataclass(slots=True)
class GroupState:
    """One group and its rules in file order.

    slot     the newest slot it was due at in this process, whether it was evaluated or missed
    busy     an evaluation is under way
    """

    group: RuleGroup
    rules: list[RuleState]
    evaluated_at: datetime | None = None
    slot: datetime | None = None
    seconds: float = 0.0
    iterations: int = 0
    missed: int = 0
    busy: bool = False

    @classmethod
    def fresh(cls, group: RuleGroup, memories: Mapping[str, bytes] | None = None) -> GroupState:
        """A group that has not been evaluated yet; `memories` is what its judges remember, by identity of their rules."""
        identities = numbered([rule.identity for rule in group.rules])
        state = cls(group, [RuleState(rule, identity) for rule, identity in zip(group.rules, identities, strict=True)])
        for one in state.rules:
            memory = (memories or {}).get(one.identity, b"")
            one.remembers = bool(memory)
            if isinstance(one.rule, AlertingRule):
                one.judge = one.rule.kind.open(memory)
        return state

    def set_back(self, at: datetime) -> None:
        """The clock was set back to `at`: forget the slot that lies ahead, and go on with alerts that do not."""
        self.slot = None
        for rule in self.rules:
            rule.alerts = {labels: not_after(alert, at) for labels, alert in rule.alerts.items()}

    def by_identity(self) -> Mapping[str, RuleState]:
        return {state.identity: state for state in self.rules}


def numbered(identities: Sequence[str]) -> list[str]:
    """The k-th of equal identities gets `#k`, so that the k-th duplicate finds its alerts again after a reload."""
    seen: Counter[str] = Counter()
    result = []
    for identity in identities:
        seen[identity] += 1
        result.append(identity if seen[identity] == 1 else f"{identity}#{seen[identity]}")
    return result


def carry_over(old: GroupState, new: GroupState) -> None:
    """Give `new` what `old` knew, rule by rule matched by identity.

    Expression, `for` and annotations may have changed: the alerts live on, as in Prometheus.
    """
    known = old.by_identity()
    new.evaluated_at, new.slot, new.iterations, new.missed = old.evaluated_at, old.slot, old.iterations, old.missed
    for state in new.rules:
        if before := known.get(state.identity):
            state.alerts, state.saved, state.written = before.alerts, before.saved, before.written
            state.remembers, state.reads_history = before.remembers, before.reads_history
            if before.judge is not None and isinstance(state.rule, AlertingRule):
                state.judge = _opened_again(before, before.judge, state.rule)
            state.health, state.last_error = before.health, before.last_error
            state.evaluated_at, state.seconds, state.samples = before.evaluated_at, before.seconds, before.samples


def abandoned(old: Mapping[str, GroupState], new: Mapping[str, GroupState]) -> list[SeriesSample]:
    """A stale marker for every series whose rule is no more, so that its alerts do not seem to fire for minutes.

    Right after the rule's newest slot: a successor in another group may write the same series at any later one.
    """
    samples = []
    for key, group in old.items():
        kept = new[key].by_identity() if key in new else {}
        for rule in group.rules:
            if rule.identity in kept or rule.evaluated_at is None:
                continue
            at = rule.evaluated_at - group.group.query_offset + _NEXT
            samples += [SeriesSample(labels=labels, value=0.0, at=at, stale=True) for labels in rule.written]
    return samples


def _opened_again(before: RuleState, judge: Judge, rule: AlertingRule) -> Judge:
    """The judge itself while the kind is the same; with other settings, one that begins with what it remembers."""
    if isinstance(before.rule, AlertingRule) and before.rule.kind == rule.kind:
        return judge
    return rule.kind.open(judge.memory())
