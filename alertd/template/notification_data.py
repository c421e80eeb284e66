"""The data of a notification template, in the shape users' templates know: Data, Alerts, Alert, KV, Pairs, Strings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import ClassVar

from alertd.template import gotypes as t
from alertd.template.functions import Function
from alertd.template.gotime import ZERO_TIME, Duration, Time
from alertd.template.gotypes import GoType
from alertd.template.quoting import to_bytes
from alertd.template.values import Object, Slice

FIRING, RESOLVED = "firing", "resolved"
_ANSWER = Callable[[object], object]


class Strings(Slice):
    """Names or values, with `.Join`."""

    __slots__ = ()
    go_type: GoType
    go_methods: ClassVar[Mapping[str, Function]]

    def __init__(self, items: Iterable[str]) -> None:
        super().__init__(list(items), _STRINGS)


@dataclass(slots=True)
class Pair(Object):
    """One label: `.Name` and `.Value`."""

    name: str
    value: str

    go_type: ClassVar[GoType] = t.named("template.Pair", t.struct_of((("Name", t.STRING), ("Value", t.STRING))))
    go_fields: ClassVar[Mapping[str, _ANSWER]] = {
        "Name": lambda pair: pair.name,  # type: ignore[attr-defined]
        "Value": lambda pair: pair.value,  # type: ignore[attr-defined]
    }


class Pairs(Slice):
    """Sorted labels, with `.Names` and `.Values`; prints as `a=1, b=2`."""

    __slots__ = ()
    go_methods: ClassVar[Mapping[str, Function]]

    def __init__(self, items: Iterable[Pair]) -> None:
        super().__init__(list(items), _PAIRS)


class KV(dict[str, str]):
    """Labels or annotations by name; a missing one is empty; prints as `a=1, b=2`."""

    __slots__ = ()
    go_type: ClassVar[GoType] = t.named("template.KV", t.MAP_STRING)
    go_methods: ClassVar[Mapping[str, Function]]
    nil: ClassVar[bool] = False

    def sorted_names(self) -> list[str]:
        """alertname first, the others by name."""
        names = sorted(self, key=to_bytes)
        if "alertname" in self:
            names.remove("alertname")
            names.insert(0, "alertname")
        return names

    def sorted_pairs(self) -> Pairs:
        """The pairs in that order."""
        return Pairs([Pair(name, self[name]) for name in self.sorted_names()])


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What alertd knows of an alert beyond Alertmanager's data.

    Templates see it as methods of `Alert`: printed as a whole, an alert still shows Alertmanager's fields and no others.

    new        neither this firing, nor this end, was in the last notification
    value      of alerts of our own rules, like `threshold` and `unit`; nil where it is not known
    text       the numbers in words; "" without any
    """

    new: bool = False
    value: float | None = None
    resolved_value: float | None = None
    peak: float | None = None
    threshold: float | None = None
    unit: str = ""
    duration: Duration = field(default_factory=Duration)
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert(Object):
    """One alert of a notification.

    status        `firing` or `resolved`
    ends_at       ZERO_TIME while it fires
    fingerprint   16 hexadecimal digits
    """

    status: str
    labels: KV
    annotations: KV
    starts_at: Time
    ends_at: Time = ZERO_TIME
    generator_url: str = ""
    fingerprint: str = ""
    facts: Facts = Facts()

    go_type: ClassVar[GoType] = GoType("struct", "template.Alert")
    go_fields: ClassVar[Mapping[str, _ANSWER]]
    go_methods: ClassVar[Mapping[str, Function]]

    @classmethod
    def build(
        cls,
        *,
        labels: Mapping[str, str],
        annotations: Mapping[str, str],
        starts_at: Time,
        ends_at: Time,
        generator_url: str,
        fingerprint: str,
        now: datetime,
    ) -> Alert:
        """An alert as of `now`: resolved once its end lies in the past; a firing one has no end."""
        is_resolved = not ends_at.is_zero and ends_at.unix_nanos <= Time.of_datetime(now).unix_nanos
        return cls(
            status=RESOLVED if is_resolved else FIRING,
            labels=KV(labels),
            annotations=KV(annotations),
            starts_at=starts_at,
            ends_at=ends_at if is_resolved else ZERO_TIME,
            generator_url=generator_url,
            fingerprint=fingerprint,
        )


class Alerts(Slice):
    """The alerts of a notification, with `.Firing` and `.Resolved`, and alertd's `.New`, `.NewlyResolved`, `.Unchanged`."""

    __slots__ = ()
    go_methods: ClassVar[Mapping[str, Function]]

    def __init__(self, items: Iterable[Alert]) -> None:
        super().__init__(list(items), _ALERTS)

    def with_status(self, status: str) -> Slice:
        """Those in one state, as a plain list: it has no `.Firing` of its own."""
        return self._those(lambda alert: alert.status == status)

    def that_changed(self, status: str) -> Slice:
        """Those that have come into a state since the last notification."""
        return self._those(lambda alert: alert.facts.new and alert.status == status)

    def unchanged(self) -> Slice:
        """Those of which the last notification said the same."""
        return self._those(lambda alert: not alert.facts.new)

    def _those(self, wanted: Callable[[Alert], bool]) -> Slice:
        return Slice([alert for alert in self if isinstance(alert, Alert) and wanted(alert)], _ALERT_LIST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Data(Object):
    """The root of a notification template.

    receiver       with the special characters of regular expressions escaped, as Alertmanager gives it
    route_labels   labels of the matching route; each is a template of its own
    changes        what is new since the last notification, in words; a method, see `Facts`
    """

    receiver: str
    status: str
    alerts: Alerts
    group_labels: KV
    common_labels: KV
    common_annotations: KV
    external_url: str
    route_labels: KV = field(default_factory=KV)
    notification_reason: str = ""
    changes: str = ""

    go_type: ClassVar[GoType] = t.pointer_to(GoType("struct", "template.Data"))
    go_fields: ClassVar[Mapping[str, _ANSWER]]
    go_methods: ClassVar[Mapping[str, Function]]

    def go_values(self) -> list[tuple[str, object]]:
        """The fields in order; the last is Alertmanager's own bookkeeping, which shows only when printed whole."""
        return [*super(Data, self).go_values(), ("routeLabelsRendered", False)]


def _fields(*attributes: str) -> dict[str, _ANSWER]:
    """The attributes by the names templates know: `generator_url` is `.GeneratorURL`."""
    return {name.title().replace("_", "").replace("Url", "URL"): attrgetter(name) for name in attributes}


Alert.go_fields = _fields("status", "labels", "annotations", "starts_at", "ends_at", "generator_url", "fingerprint")
Data.go_fields = _fields(
    "receiver",
    "status",
    "alerts",
    "notification_reason",
    "group_labels",
    "common_labels",
    "common_annotations",
    "route_labels",
    "external_url",
)

_STRINGS = t.named("template.Strings", t.SLICE_STRING)
_PAIRS = t.named("template.Pairs", t.slice_of(Pair.go_type))
_ALERT_LIST = t.slice_of(Alert.go_type)
_ALERTS = t.named("template.Alerts", _ALERT_LIST)


def _pair_text(pairs: Pairs) -> str:
    return ", ".join(f"{pair.name}={pair.value}" for pair in pairs if isinstance(pair, Pair))


def _names(pairs: Pairs) -> Strings:
    return Strings(pair.name for pair in pairs if isinstance(pair, Pair))


def _values(pairs: Pairs) -> Strings:
    return Strings(pair.value for pair in pairs if isinstance(pair, Pair))


def _remove(labels: KV, names: Iterable[object]) -> KV:
    unwanted = set(names)
    return KV({name: value for name, value in labels.items() if name not in unwanted})


Strings.go_methods = {"Join": Function(lambda strings, separator: separator.join(strings), (t.STRING,))}
Pairs.go_methods = {"Names": Function(_names), "Values": Function(_values), "String": Function(_pair_text)}
KV.go_methods = {
    "SortedPairs": Function(KV.sorted_pairs),
    "Names": Function(lambda labels: Strings(labels.sorted_names())),
    "Values": Function(lambda labels: Strings(map(labels.__getitem__, labels.sorted_names()))),
    "String": Function(lambda labels: _pair_text(labels.sorted_pairs())),
    "Remove": Function(_remove, (t.SLICE_STRING,)),
}
Alerts.go_methods = {
    "Firing": Function(lambda alerts: alerts.with_status(FIRING)),
    "Resolved": Function(lambda alerts: alerts.with_status(RESOLVED)),
    "New": Function(lambda alerts: alerts.that_changed(FIRING)),
    "NewlyResolved": Function(lambda alerts: alerts.that_changed(RESOLVED)),
    "Unchanged": Function(lambda alerts: alerts.unchanged()),
}
Alert.go_methods = {
    "New": Function(lambda alert: alert.facts.new),
    "Value": Function(lambda alert: alert.facts.value),
    "ResolvedValue": Function(lambda alert: alert.facts.resolved_value),
    "Peak": Function(lambda alert: alert.facts.peak),
    "Threshold": Function(lambda alert: alert.facts.threshold),
    "Unit": Function(lambda alert: alert.facts.unit),
    "Duration": Function(lambda alert: alert.facts.duration),
    "ValueText": Function(lambda alert: alert.facts.text),
}
Data.go_methods = {"Changes": Function(lambda data: data.changes)}


# -- building ---------------------------------------------------------------------------------------------------------


def build_data(
    *,
    receiver: str,
    alerts: Sequence[Alert],
    group_labels: Mapping[str, str],
    external_url: str,
    route_labels: Mapping[str, str] | None = None,
    notification_reason: str = "",
    changes: str = "",
) -> Data:
    """The data of one notification: status, common labels and annotations follow from the alerts."""
    firing = any(alert.status == FIRING for alert in alerts)
    return Data(
        receiver=_quote_meta(receiver),
        status=FIRING if firing else RESOLVED,
        alerts=Alerts(alerts),
        group_labels=KV(group_labels),
        common_labels=_common([alert.labels for alert in alerts]),
        common_annotations=_common([alert.annotations for alert in alerts]),
        external_url=external_url,
        route_labels=KV(route_labels or {}),
        notification_reason=notification_reason,
        changes=changes,
    )


def _common(sets: Sequence[KV]) -> KV:
    """What all label sets agree on."""
    if not sets:
        return KV()
    first, *others = sets
    return KV({name: value for name, value in first.items() if all(other.get(name) == value for other in others)})


def _quote_meta(text: str) -> str:
    return re.sub(r"[\\.+*?()|\[\]{}^$]", r"\\\g<0>", text)
