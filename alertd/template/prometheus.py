"""Templates of rule annotations and labels, as Prometheus expands them.

The text `{{ $labels.job }} is down` of alert `Down` becomes the template `__alert_Down`, with four definitions put
before it ($labels, $externalLabels, $externalURL, $value), missing keys empty. `query` never fetches: a result that was
not handed in raises `NeedsQuery`, and the shell renders again when it has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from alertd.template import gotypes as t
from alertd.template import nodes as n
from alertd.template.compile import compile_statements
from alertd.template.errors import ExecError, NeedsQuery, ParseError
from alertd.template.gotime import Time
from alertd.template.lexer import LEFT
from alertd.template.prometheus_functions import RULE_FUNCTIONS
from alertd.template.rule_data import QueryFailed, RuleData, Sample
from alertd.template.state import DEFAULT_LIMITS, UNSET, Limits, Routine, State
from alertd.template.template import compiled_trees, escape_page, parse_text, run_routine
from alertd.template.values import Map, StringMap, Struct
from alertd.template.walk import walk

__all__ = [
    "NeedsQuery",
    "QueryFailed",
    "RuleData",
    "RuleTemplate",
    "Sample",
    "compile_rule_template",
    "expand",
    "functions_used",
    "labels_used",
]

_PRELUDE = (
    "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}"
)
_ALERT_PRELUDE = "{{$alert := .Alert}}"
_ROOT = t.struct_of(
    (("Labels", t.MAP_STRING), ("ExternalLabels", t.MAP_STRING), ("ExternalURL", t.STRING), ("Value", t.FLOAT64))
)
_EVIDENCE = t.map_of(t.STRING, t.STRING)


@dataclass(frozen=True, slots=True)
class RuleTemplate:
    """A compiled annotation or label of a rule.

    text          as the user wrote it
    name          `__alert_<alertname>`
    is_constant   whether it holds no action: then it renders to itself, whatever the data
    """

    text: str
    name: str
    is_constant: bool
    _routine: Routine | None = None
    _routines: Mapping[str, Routine] = field(default_factory=dict)
    _trees: Mapping[str, n.Tree] = field(default_factory=dict)
    _has_alert: bool = False
    _limits: Limits = DEFAULT_LIMITS

    def render(self, data: RuleData) -> str:
        """The text for these data; raises ExecError, or NeedsQuery for a query result that is not in the data."""
        routine = self._routine
        if routine is None:
            return self.text
        labels = data.labels if type(data.labels) is StringMap else StringMap(data.labels)
        external = StringMap(data.external_labels)
        values = {"Labels": labels, "ExternalLabels": external, "ExternalURL": data.external_url, "Value": data.value}
        root = Struct(values, _ROOT)
        frame: list[object] = [root, labels, external, data.external_url, data.value]
        if self._has_alert:
            values["Alert"] = evidence = Map(_with_times(data.alert or {}), _EVIDENCE)  # type: ignore[arg-type]
            frame.append(evidence)
        frame += [UNSET] * (routine.slots - len(frame))
        return run_routine(routine, State(self._limits, self._routines, data), frame, root)


def _with_times(evidence: Mapping[str, object]) -> Mapping[str, object]:
    return {name: Time.of_datetime(one) if isinstance(one, datetime) else one for name, one in evidence.items()}


@lru_cache(maxsize=4096)  # rules of many tenants share their texts
def compile_rule_template(
    text: str, *, alert: str, missingkey: str = "zero", html: bool = False, limits: Limits = DEFAULT_LIMITS
) -> RuleTemplate:
    """Compiles an annotation or label of the alert; raises ParseError with Prometheus' text (`__alert_<alert>`).

    Equal texts of equal alerts are compiled once.

    html   escape as Prometheus' console pages do; rules never ask for it
    """
    name = f"__alert_{alert}"
    if LEFT not in text and not html:
        return RuleTemplate(text, name, is_constant=True)
    has_alert = "$alert" in text
    prelude = _PRELUDE + (_ALERT_PRELUDE if has_alert else "")
    trees, functions = parse_text(prelude + text, name=name, functions=RULE_FUNCTIONS), RULE_FUNCTIONS
    if html:
        trees, functions = escape_page(trees, name=name, functions=functions)
    routines = compiled_trees(trees, functions, missingkey=missingkey)
    routine = compile_statements(trees[name], functions, missingkey=missingkey, skip=4 + has_alert)
    return RuleTemplate(text, name, False, routine, routines, trees, has_alert, limits)


def expand(template: RuleTemplate, data: RuleData) -> str:
    """Renders; an error becomes the text Prometheus puts in place of the annotation. NeedsQuery passes through."""
    try:
        return template.render(data)
    except ExecError as error:
        return f"<error expanding template: error executing template {template.name}: {error}>"


# -- for linters ------------------------------------------------------------------------------------------------------


def _trees(text: str) -> Iterator[n.Tree]:
    try:
        yield from compile_rule_template(text, alert="x")._trees.values()
    except ParseError:
        return


def labels_used(text: str) -> set[str]:
    """Names of the labels a text asks for: `$labels.x`, `.Labels.x`, `index $labels "x"`; empty if it cannot be parsed."""
    found: set[str] = set()
    for tree in _trees(text):
        for node in walk(tree.body):
            if isinstance(node, n.Variable) and node.name == "$labels":
                found.update(node.names[:1])
            elif isinstance(node, n.Variable | n.Field) and node.names[:1] == ("Labels",):
                found.update(node.names[1:2])
            elif isinstance(node, n.Command):
                found.update(_indexed_label(node))
    return found


def _indexed_label(command: n.Command) -> Iterator[str]:
    if len(command.args) >= 3 and str(command.args[0]) == "index" and str(command.args[1]) in _LABEL_MAPS:
        key = command.args[2]
        if isinstance(key, n.String):
            yield key.value


_LABEL_MAPS = ("$labels", ".Labels", "$.Labels")


def functions_used(text: str) -> set[str]:
    """Names of the functions a text calls; empty if it cannot be parsed."""
    return {node.name for tree in _trees(text) for node in walk(tree.body) if isinstance(node, n.Identifier)}
