"""The functions of Alertmanager's notification templates. Source: its documentation, checked on 0.34."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from urllib.parse import unquote_to_bytes

from alertd.template import gotypes as t
from alertd.template.builtins import BUILTINS
from alertd.template.casing import title, to_lower, to_upper
from alertd.template.errors import CallFailed, TemplateError
from alertd.template.functions import Function, FunctionSet
from alertd.template.gojson import to_json
from alertd.template.gotime import ZERO_TIME, Duration, Time, load_zone
from alertd.template.humanize import humanize_duration
from alertd.template.quoting import from_bytes, go_quote, to_bytes
from alertd.template.regex import matches, replace_all
from alertd.template.state import State
from alertd.template.timeparsing import parse_time
from alertd.template.values import Html, Slice, Url

_GO_SPACES = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028"
    "\u2029\u202f\u205f\u3000"
)


class RendersText(Protocol):
    """Renders another template text with the same data."""

    def __call__(self, text: str, world: NotificationWorld) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationWorld:
    """What the functions of one rendering may ask.

    now            the moment of the notification, UTC-aware
    route_labels   texts of the route's labels, templates themselves
    render         renders one of them
    pending        the route labels being rendered, outermost first, to notice cycles
    """

    now: datetime
    route_labels: Mapping[str, str] = field(default_factory=dict)
    render: RendersText
    pending: tuple[str, ...] = ()


def _world(state: State) -> NotificationWorld:
    assert isinstance(state.world, NotificationWorld)
    return state.world


def _now(state: State) -> Time:
    return Time.of_datetime(_world(state).now)


def _since(state: State, moment: Time) -> Duration:
    nanos = _now(state).unix_nanos - moment.unix_nanos
    return Duration(max(-(2**63), min(2**63 - 1, nanos)))


def _route_label(state: State, name: str) -> str:
    """A label of the route, rendered; "" if there is none."""
    world = _world(state)
    if name in world.pending:
        path = " -> ".join((*world.pending[world.pending.index(name) :], name))
        raise CallFailed(f"route label cycle detected: {path}")
    text = world.route_labels.get(name, "")
    inner = NotificationWorld(
        now=world.now, route_labels=world.route_labels, render=world.render, pending=(*world.pending, name)
    )
    try:
        return world.render(text, inner)
    except TemplateError as error:
        raise CallFailed(str(error)) from error


def _join(separator: str, strings: Iterable[str]) -> str:
    return separator.join(strings)


def _url_unescape(text: str) -> str:
    bad = re.search(rb"%(?![0-9a-fA-F]{2}).{0,2}", to_bytes(text), re.DOTALL)
    if bad:
        raise CallFailed(f"invalid URL escape {go_quote(from_bytes(bad[0]))}")
    return from_bytes(unquote_to_bytes(to_bytes(text.replace("+", " "))))


def _to_date(layout: str, text: str) -> Time:
    try:
        return parse_time(layout, text)
    except CallFailed:
        return ZERO_TIME


_ALPHABET = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def _base64_decode(text: str) -> str:
    """Of the URL-safe alphabet, padded; line ends are skipped."""
    data = to_bytes(text)
    kept = [(place, byte) for place, byte in enumerate(data) if byte not in b"\r\n"]
    for number, (place, byte) in enumerate(kept):
        if byte not in _ALPHABET:
            if byte == ord("=") and number % 4 >= 2 and _is_padding(kept[number:], number):
                break
            raise CallFailed(f"illegal base64 data at input byte {place}")
    if len(kept) % 4:
        raise CallFailed(f"illegal base64 data at input byte {kept[len(kept) // 4 * 4][0]}")
    return from_bytes(base64.urlsafe_b64decode(bytes(byte for _, byte in kept)))


def _is_padding(tail: list[tuple[int, int]], number: int) -> bool:
    return all(byte == ord("=") for _, byte in tail) and (number + len(tail)) % 4 == 0 and len(tail) <= 2


def _append(items: Iterable[object], *more: object) -> list[object]:
    return [*items, *more]


def _dict(*items: object) -> dict[str, object]:
    if len(items) % 2:
        raise CallFailed("dict requires an even number of arguments")
    result: dict[str, object] = {}
    for key, value in zip(items[::2], items[1::2], strict=True):
        if not isinstance(key, str) or type(key) is not str:
            raise CallFailed("dict keys must be strings")
        result[key] = value
    return result


_S = (t.STRING,)
_TIME = Time.go_type
ALERTMANAGER: dict[str, Function] = {
    "toUpper": Function(to_upper, _S),
    "toLower": Function(to_lower, _S),
    "title": Function(lambda text: title(text, keep_rest=False), _S),
    "trimSpace": Function(lambda text: text.strip(_GO_SPACES), _S),
    "join": Function(_join, (t.STRING, t.SLICE_STRING)),
    "match": Function(matches, (t.STRING, t.STRING)),
    "reReplaceAll": Function(replace_all, (t.STRING, t.STRING, t.STRING)),
    "safeHtml": Function(Html, _S),
    "safeUrl": Function(Url, _S),
    "urlUnescape": Function(_url_unescape, _S),
    "stringSlice": Function(lambda *strings: Slice(list(strings), t.SLICE_STRING), _S, variadic=True),
    "date": Function(lambda layout, moment: moment.format(layout), (t.STRING, _TIME)),
    "tz": Function(lambda name, moment: Time(moment.seconds, moment.nanos, load_zone(name)), (t.STRING, _TIME)),
    "now": Function(_now, wants_state=True),
    "since": Function(_since, (_TIME,), wants_state=True),
    "humanizeDuration": Function(humanize_duration, (t.ANY,)),
    "toDate": Function(_to_date, (t.STRING, t.STRING)),
    "mustToDate": Function(parse_time, (t.STRING, t.STRING)),
    "toJson": Function(to_json, (t.ANY,)),
    "base64encode": Function(lambda text: base64.urlsafe_b64encode(to_bytes(text)).decode(), _S),
    "base64decode": Function(_base64_decode, _S),
    "list": Function(lambda *items: list(items), (t.ANY,), variadic=True),
    "append": Function(_append, (t.SLICE_ANY, t.ANY), variadic=True),
    "dict": Function(_dict, (t.ANY,), variadic=True),
    "routeLabels": Function(_route_label, _S, wants_state=True),
}
NOTIFICATION_FUNCTIONS = FunctionSet(BUILTINS, ALERTMANAGER)
