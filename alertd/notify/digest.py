"""A digest: what many waiting notifications to one integration say, in one message.

It names every group and counts every alert, so that nothing is dropped silently; who wants the alerts one by one finds them
behind its links.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

from alertd.alerts.posted import PostedAlert
from alertd.dispatch.grouping import GroupFlush
from alertd.dispatch.route import Route
from alertd.labels import LabelSet
from alertd.notify.log import Episode
from alertd.notify.message import Message, Status, compose
from alertd.notify.outbox import Delivery, Kind
from alertd.notify.passed_on import ALERT_NAME as UNDELIVERED
from alertd.notify.passed_on import place_in
from alertd.notify.reason import Reason

MARK = "[DIGEST]"
ALERT_NAME = "NotificationDigest"

_GROUPS_SHOWN = 15
_NAMES_SHOWN = 10
_NO_SEVERITY = "no severity"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupCount:
    """A group a digest speaks of: `{alertname="Latency"}`, how many of its alerts it tells, and where they are seen."""

    name: str
    firing: int
    resolved: int
    url: str

    @property
    def counts(self) -> str:
        return _counts(self.firing, self.resolved)


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """One digest before it is rendered.

    title     `[DIGEST] 57 notifications: 49 firing, 12 resolved`
    facts     lines with the counts by severity and name
    groups    the largest ones; `more`: how many others there are
    url       where all alerts of the receiver are seen
    message   one alert in a group of its own that says the same, for integrations that render nothing else
    """

    title: str
    facts: tuple[str, ...]
    groups: tuple[GroupCount, ...]
    more: str
    url: str
    status: Status
    message: Message

    @property
    def text(self) -> str:
        """All of it as lines."""
        groups = [f"- {group.name}: {group.counts}" for group in self.groups]
        return "\n".join([*self.facts, *groups, *filter(None, [self.more]), self.url])


@dataclass(slots=True)
class Tally:
    """Counts what a digest is to say, delivery by delivery.

    by_severity, by_name   of the alerts, for firing (True) and resolved (False)
    groups                 firing and resolved alerts by group key
    not_taken              notifications an integration did not take, of which the fallback receiver is told here
    """

    deliveries: int = 0
    by_severity: dict[bool, Counter[str]] = field(default_factory=lambda: {True: Counter(), False: Counter()})
    by_name: dict[bool, Counter[str]] = field(default_factory=lambda: {True: Counter(), False: Counter()})
    groups: dict[str, tuple[int, int]] = field(default_factory=dict)
    not_taken: Counter[str] = field(default_factory=Counter)

    def add(self, delivery: Delivery, alerts: Iterable[PostedAlert], *, send_resolved: bool) -> None:
        """Count what `delivery` says; `alerts` are those of its group, as far as they are known."""
        labels = {alert.fingerprint: alert.labels for alert in alerts}
        resolved = delivery.entry.resolved if send_resolved else frozenset[Episode]()
        self.deliveries += 1
        self._count(True, delivery.entry.firing, labels)
        self._count(False, resolved, labels)
        key = delivery.stream.group_key
        before = self.groups.get(key, (0, 0))
        self.groups[key] = (before[0] + len(delivery.entry.firing), before[1] + len(resolved))
        if delivery.kind is Kind.FALLBACK:
            self.not_taken[place_in(delivery.stream.part)] += 1

    def _count(self, firing: bool, episodes: Iterable[Episode], labels: Mapping[str, LabelSet]) -> None:
        for episode in episodes:
            known: Mapping[str, str] = labels.get(episode.fingerprint, {})
            self.by_severity[firing][known.get("severity", "") or _NO_SEVERITY] += 1
            self.by_name[firing][known.get("alertname", "") or "(name no longer known)"] += 1

    def digest(self, receiver: str, *, external_url: str, at: datetime) -> Digest:
        """The digest for an integration of `receiver`."""
        firing, resolved = (self.by_name[state].total() for state in (True, False))
        title = f"{MARK} {self.deliveries} notifications: {_counts(firing, resolved)}"
        url = f"{external_url}/#/alerts?receiver={quote(receiver, safe='')}"
        largest = sorted(self.groups, key=lambda key: (-sum(self.groups[key]), key))
        groups = tuple(_group(key, self.groups[key], url) for key in largest[:_GROUPS_SHOWN])
        facts = tuple(self._facts())
        more = len(largest) - len(groups)
        hidden = sum(sum(self.groups[key]) for key in largest[_GROUPS_SHOWN:])
        return Digest(
            title=title,
            facts=facts,
            groups=groups,
            more=f"- and {more} more groups with {hidden} alerts" if more else "",
            url=url,
            status=Status.FIRING if firing else Status.RESOLVED,
            message=self._message(receiver, "\n".join([title, *facts]), external_url=external_url, at=at),
        )

    def _facts(self) -> Iterable[str]:
        yield f"{self.deliveries} notifications were waiting at one time: this says what they would have said."
        for place, count in sorted(self.not_taken.items()):
            yield f"{place} did not take {count} of them."
        for word, firing in (("Firing", True), ("Resolved", False)):
            if self.by_name[firing]:
                yield f"{word} by severity: {_listed(self.by_severity[firing])}"
                yield f"{word} by name: {_listed(self.by_name[firing])}"

    def _message(self, receiver: str, text: str, *, external_url: str, at: datetime) -> Message:
        passed_on = self.not_taken.total() == self.deliveries
        severity = {"severity": "critical"} if passed_on else {}
        labels = LabelSet({"alertname": UNDELIVERED if passed_on else ALERT_NAME, "receiver": receiver, **severity})
        alert = PostedAlert(
            labels=labels,
            annotations={"summary": text.partition("\n")[0], "description": text, "message": text},
            starts_at=at,
            ends_at=None if self.by_name[True] or passed_on else at,
            updated_at=at,
            generator_url=external_url,
        )
        route = Route(receiver=receiver, key="{}/{alertd_digest}")
        flush = GroupFlush(group_key=f"{route.key}:{labels}", labels=labels, route=route, alerts=(alert,), tick=at)
        return compose(flush, Reason.FIRST_NOTIFICATION, send_resolved=True, external_url=external_url)


def _counts(firing: int, resolved: int) -> str:
    """`49 firing, 12 resolved`."""
    words = [f"{count} {word}" for count, word in ((firing, "firing"), (resolved, "resolved")) if count]
    return ", ".join(words) or "nothing new"


def _listed(counts: Counter[str]) -> str:
    """`critical 12, warning 37`: the most frequent ones first."""
    listed = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    more = len(listed) - _NAMES_SHOWN
    shown = ", ".join(f"{name} {count}" for name, count in listed[:_NAMES_SHOWN])
    return f"{shown} and {more} more" if more > 0 else shown


def _group(key: str, counts: tuple[int, int], url: str) -> GroupCount:
    """A group by its labels alone: the route before them says nothing to a reader."""
    name = key[key.rfind("}:{") + 2 :] if "}:{" in key else key
    firing, resolved = counts
    return GroupCount(name=name, firing=firing, resolved=resolved, url=f"{url}&filter={quote(name, safe='')}")
