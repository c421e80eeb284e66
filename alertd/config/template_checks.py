"""Renders every template of every receiver as it would be: a group that fires, one that is resolved, and one with both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from alertd.alerts.posted import PostedAlert
from alertd.config.lint_comments import is_silenced
from alertd.config.template_places import place_in
from alertd.http import HttpSettings
from alertd.http.settings import TlsSettings
from alertd.labels import LabelSet
from alertd.notify.message import Message, status_of
from alertd.notify.reason import Reason
from alertd.receivers.apprise_settings import AppriseSettings, BodyFormat
from alertd.receivers.email_settings import EmailSettings
from alertd.receivers.registry import ReceiverSettings
from alertd.receivers.rendering import Rendering, Text, templated
from alertd.secret import Secret
from alertd.template.alertmanager import TemplateSet
from alertd.template.errors import TemplateError
from alertd.yamlio import Node, Problem, Scalar, Table, child_path, locate

CODE = "AL106"
NAME = "template-fails"

_ALERTNAME = "SampleAlert"
_AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
_NO_TEMPLATES = (HttpSettings, TlsSettings)

Loc = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class _Text:
    """A template of a receiver and the way to it; the text of a secret is never shown."""

    loc: Loc
    text: str
    is_secret: bool = False


def template_problems(receivers: Iterable[ReceiverSettings], root: Table, templates: TemplateSet) -> Iterator[Problem]:
    """One error per template that cannot be rendered; `receivers` with their defaults, in the order of the file.

    A fault in a template file is told once, at the first text that uses it.
    """
    rendering = Rendering(templates=templates)
    told: set[str] = set()
    for receiver, loc, settings in _integrations(receivers):
        samples = _samples(receiver, also_resolved=settings.send_resolved is not False)
        for text in _texts(settings, loc):
            render = rendering.html if _is_page(settings, text.loc[-1]) else rendering.text
            fault = _first_fault(text, render, samples)
            if fault is None or (fault.error.template and str(fault.error) in told):
                continue
            told.add(str(fault.error))
            problem = _problem(text, root, fault)
            if not is_silenced(root.source, [problem.line], names=(CODE, NAME)):
                yield problem


def _integrations(receivers: Iterable[ReceiverSettings]) -> Iterator[tuple[str, Loc, Any]]:
    """Name of the receiver, the way to the settings of an integration, and those."""
    for index, receiver in enumerate(receivers):
        for kind in type(receiver).model_fields:
            several = getattr(receiver, kind) if kind.endswith("_configs") else ()
            for number, settings in enumerate(several):
                yield receiver.name, ("receivers", index, kind, number), settings


def _is_page(settings: object, key: str | int) -> bool:
    """Whether a text of the integration is a page."""
    match settings:
        case EmailSettings():
            return key == "html"
        case AppriseSettings():
            return key == "body" and settings.format is BodyFormat.HTML
    return False


@dataclass(frozen=True, slots=True)
class _Fault:
    """Why a template failed, and for which kind of group."""

    error: TemplateError
    group: str


def _first_fault(text: _Text, render: Callable[[Message], Text], samples: Mapping[str, Message]) -> _Fault | None:
    for group, message in samples.items():
        try:
            render(message)(text.text)
        except TemplateError as error:
            return _Fault(error, group)
    return None


def _problem(text: _Text, root: Table, fault: _Fault) -> Problem:
    error = fault.error
    node, used = locate(root, text.loc)
    path = node.path
    for step in text.loc[used:]:
        path = child_path(path, step) if isinstance(step, str) else f"{path}[{step}]"
    if text.is_secret:
        return node.problem("the template in it fails", code=CODE, path=path)
    fails = "does not parse" if error.kind == "parse" else f"fails for a {fault.group} group"
    return node.problem(f"template {fails}: {error}", fix=error.fix, code=CODE, path=path, at=_place(node, error))


def _place(node: Node, error: TemplateError) -> tuple[int, int] | None:
    return place_in(node, error) if isinstance(node, Scalar) and not error.template else None


def _texts(value: object, loc: Loc) -> Iterator[_Text]:
    """Every template in a value of settings."""
    match value:
        case str() if templated(value):
            yield _Text(loc, value)
        case Secret() if templated(value.value):
            yield _Text(loc, value.value, is_secret=True)
        case BaseModel() if not isinstance(value, _NO_TEMPLATES):
            for name, field in type(value).model_fields.items():
                yield from _texts(getattr(value, name), (*loc, field.alias or name))
        case Mapping():
            for key, item in value.items():
                yield from _texts(key, (*loc, key))
                yield from _texts(item, (*loc, key))
        case tuple() | list():
            for index, item in enumerate(value):
                yield from _texts(item, (*loc, index))


def _samples(receiver: str, *, also_resolved: bool) -> dict[str, Message]:
    """Messages by what their groups are, in words."""
    firing = tuple(_alert(f"host-{number}:9100", None) for number in (1, 2))
    resolved = tuple(_alert(f"host-{number}:9100", _AT) for number in (3, 4))
    samples = {"firing": _message(receiver, Reason.FIRST_NOTIFICATION, firing)}
    if also_resolved:
        samples["resolved"] = _message(receiver, Reason.ALL_RESOLVED, resolved)
        samples["partly resolved"] = _message(receiver, Reason.SOME_RESOLVED, (*firing, *resolved))
    return samples


def _message(receiver: str, reason: Reason, alerts: tuple[PostedAlert, ...]) -> Message:
    return Message(
        receiver=receiver,
        status=status_of(alerts),
        alerts=alerts,
        reason=reason,
        group_key="{}:{}",
        tick=_AT,
        group_labels=LabelSet({"alertname": _ALERTNAME}),
        external_url="http://alertd.example.org",
    )


def _alert(instance: str, ended: datetime | None) -> PostedAlert:
    return PostedAlert(
        labels=LabelSet({"alertname": _ALERTNAME, "severity": "critical", "job": "sample", "instance": instance}),
        annotations={
            "summary": f"{instance} is a sample",
            "description": "Nothing is wrong.",
            "runbook_url": "http://x/",
        },
        starts_at=_AT - timedelta(minutes=20),
        ends_at=ended,
        updated_at=_AT,
        generator_url="http://prometheus.example.org/graph",
    )
