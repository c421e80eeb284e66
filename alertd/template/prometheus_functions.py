"""The functions of Prometheus' rule templates. Source: the table in Prometheus' documentation, checked on 3.x."""

from __future__ import annotations

import ipaddress
import math
import re
from urllib.parse import unquote, urlsplit

from alertd.duration import DurationError, parse_duration_ms
from alertd.template import gotypes as t
from alertd.template.builtins import BUILTINS, query_escape
from alertd.template.casing import title, to_lower, to_upper
from alertd.template.errors import CallFailed, NeedsQuery
from alertd.template.functions import Function, FunctionSet
from alertd.template.gotime import Duration, Time, float_to_int64
from alertd.template.humanize import (
    humanize,
    humanize1024,
    humanize_duration,
    humanize_percentage,
    humanize_timestamp,
    to_float,
    to_time,
)
from alertd.template.quoting import to_bytes
from alertd.template.regex import matches, replace_all
from alertd.template.rule_data import QueryFailed, RuleData, Sample
from alertd.template.state import State
from alertd.template.values import Html, Pointer, Slice

RESULT = t.named("template.queryResult", t.slice_of(Sample.go_type))


def _data(state: State) -> RuleData:
    assert isinstance(state.world, RuleData)
    return state.world


def _query(state: State, expr: str) -> Slice:
    found = _data(state).queries.get(expr)
    if found is None:
        raise NeedsQuery(expr)
    if isinstance(found, QueryFailed):
        raise CallFailed(found.message)
    return Slice(list(found), RESULT)


def _now(state: State) -> float:
    return _data(state).at.timestamp()


def _external_url(state: State) -> str:
    return _data(state).external_url


def _path_prefix(state: State) -> str:
    return unquote(urlsplit(_external_url(state)).path)


def _first(result: Slice) -> object:
    if not len(result):
        raise CallFailed("first() called on vector with no elements")
    return result[0]


def _present(sample: object) -> Sample:
    if not isinstance(sample, Sample):
        raise CallFailed("runtime error: invalid memory address or nil pointer dereference")
    return sample


def _label(name: str, sample: object) -> str:
    return _present(sample).labels.get(name, "")


def _sort_by_label(name: str, result: Slice) -> Slice:
    """Sorts in place, so a variable that holds the result sees the new order, too."""
    window = sorted(result, key=lambda sample: to_bytes(_label(name, sample)))
    result.items[result.start : result.end] = window
    return result


def _args(*values: object) -> dict[str, object]:
    return {f"arg{number}": value for number, value in enumerate(values)}


def _graph_link(expr: str) -> str:
    return f"/graph?g0.expr={query_escape(expr)}&g0.tab=0"


def _table_link(expr: str) -> str:
    return f"/graph?g0.expr={query_escape(expr)}&g0.tab=1"


def _parse_duration(text: str) -> float:
    """Seconds of a Prometheus duration; a leading minus is allowed."""
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text)
    try:
        seconds = parse_duration_ms(digits) / 1000
    except DurationError as error:
        raise CallFailed(str(error)) from None
    return sign * seconds if seconds else 0.0


def _to_duration(value: object) -> Pointer:
    nanos = to_float(value) * 1e9
    return Pointer(Duration(float_to_int64(nanos) if not math.isnan(nanos) else -(2**63)))


# -- hosts ------------------------------------------------------------------------------------------------------------

_BRACKETED = re.compile(r"\[([^\[\]]*)\]:([^:\[\]]*)")
_PLAIN = re.compile(r"([^:\[\]]*):([^:\[\]]*)")


def split_host_port(address: str) -> tuple[str, str] | None:
    """Host and port of `host:port` or `[host]:port`, as Go's net.SplitHostPort takes them apart; None otherwise."""
    match = _BRACKETED.fullmatch(address) or _PLAIN.fullmatch(address)
    if match is None and (inner := re.fullmatch(r"\[([^\]]*)\]:([^:\[\]]*)", address)) and "[" not in inner[1]:
        match = inner
    return (match[1], match[2]) if match else None


def strip_port(address: str) -> str:
    """The host of host:port, or the text itself."""
    parts = split_host_port(address)
    return parts[0] if parts else address


def strip_domain(address: str) -> str:
    """The first label of a host name, with its port; addresses stay as they are."""
    parts = split_host_port(address)
    host, port = parts if parts else (address, "")
    if _is_address(host):
        return address
    host = host.split(".")[0]
    if not port:
        return host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return "%" not in host


_S = (t.STRING,)
_A = (t.ANY,)
PROMETHEUS: dict[str, Function] = {
    "query": Function(_query, _S, wants_state=True),
    "first": Function(_first, (RESULT,)),
    "label": Function(_label, (t.STRING, Sample.go_type)),
    "value": Function(lambda sample: _present(sample).value, (Sample.go_type,)),
    "strvalue": Function(lambda sample: _label("__value__", sample), (Sample.go_type,)),
    "sortByLabel": Function(_sort_by_label, (t.STRING, RESULT)),
    "args": Function(_args, _A, variadic=True),
    "reReplaceAll": Function(replace_all, (t.STRING, t.STRING, t.STRING)),
    "match": Function(matches, (t.STRING, t.STRING)),
    "safeHtml": Function(Html, _S),
    "title": Function(lambda text: title(text, keep_rest=True), _S),
    "toUpper": Function(to_upper, _S),
    "toLower": Function(to_lower, _S),
    "graphLink": Function(_graph_link, _S),
    "tableLink": Function(_table_link, _S),
    "stripPort": Function(strip_port, _S),
    "stripDomain": Function(strip_domain, _S),
    "humanize": Function(humanize, _A),
    "humanize1024": Function(humanize1024, _A),
    "humanizeDuration": Function(humanize_duration, _A),
    "humanizePercentage": Function(humanize_percentage, _A),
    "humanizeTimestamp": Function(humanize_timestamp, _A),
    "toTime": Function(lambda value: Pointer(to_time(value), Time.go_type), _A),
    "toDuration": Function(_to_duration, _A),
    "now": Function(_now, wants_state=True),
    "pathPrefix": Function(_path_prefix, wants_state=True),
    "externalURL": Function(_external_url, wants_state=True),
    "parseDuration": Function(_parse_duration, _S),
    "urlQueryEscape": Function(query_escape, _S),
}
RULE_FUNCTIONS = FunctionSet(BUILTINS, PROMETHEUS)
