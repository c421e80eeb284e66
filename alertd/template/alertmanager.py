"""Templates of notifications, as Alertmanager renders them: default templates, the user's files, and inline texts.

A `TemplateSet` is parsed once per configuration. An inline text (a receiver's `title`, `text`, `html`) sees every
template of the set and may redefine them for itself alone. `text` writes plain text; `html` escapes what data put into
a page, by where in the page it stands.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache

from alertd.template import nodes as n
from alertd.template.alertmanager_functions import NOTIFICATION_FUNCTIONS, NotificationWorld
from alertd.template.defaults import default_texts
from alertd.template.lexer import LEFT
from alertd.template.notification_data import KV, Alert, Alerts, Data, Facts, Pair, Pairs, Strings, build_data
from alertd.template.state import DEFAULT_LIMITS, Limits, Routine
from alertd.template.template import Template, compiled_trees, escape_page, merge_trees, parse_text

__all__ = ["KV", "Alert", "Alerts", "Data", "Facts", "Pair", "Pairs", "Strings", "TemplateSet", "build_data"]

CACHE_SIZE = 512
_MISSING = "zero"


class TemplateSet:
    """The default templates and the user's files; raises ParseError if a file cannot be parsed.

    files    (name, text) of each template file, in order; later definitions replace earlier ones
    limits   how much one rendering may take
    """

    def __init__(self, files: Sequence[tuple[str, str]] = (), *, limits: Limits = DEFAULT_LIMITS) -> None:
        trees, routines = _defaults()
        for name, text in files:
            added = parse_text(text, name=name, functions=NOTIFICATION_FUNCTIONS)
            trees = merge_trees(trees, added)
        self._limits = limits
        self._trees = trees
        self._routines = _compiled(trees, routines)
        self._texts = _Cache(self._parse_text)
        self._pages = _Cache(self._parse_page)

    def text(self, template: str, data: Data, *, now: datetime) -> str:
        """An inline text rendered as plain text; raises ParseError or ExecError. Nothing is escaped."""
        if LEFT not in template:
            return template
        return self._text(template, data, _world(self, data, now))

    def html(self, template: str, data: Data, *, now: datetime) -> str:
        """An inline text rendered as a page, escaped by context; raises ParseError or ExecError."""
        if not template:
            return ""
        return self._pages.get(template).render(data, world=_world(self, data, now))

    def check(self, template: str) -> None:
        """Raises the ParseError that rendering this inline text would raise."""
        self._texts.get(template)

    @property
    def names(self) -> list[str]:
        """Names of all templates of the set."""
        return sorted(self._trees)

    def _text(self, template: str, data: Data, world: NotificationWorld) -> str:
        if not template:
            return ""
        return self._texts.get(template).render(data, world=world)

    def _parse_text(self, text: str) -> Template:
        added = parse_text(text, name="", functions=NOTIFICATION_FUNCTIONS)
        trees = merge_trees(self._trees, added)
        return Template("", trees, _compiled(trees, self._routines), self._limits)

    def _parse_page(self, text: str) -> Template:
        added = parse_text(text, name="", functions=NOTIFICATION_FUNCTIONS)
        trees, functions = escape_page(merge_trees(self._trees, added), name="", functions=NOTIFICATION_FUNCTIONS)
        return Template.of_trees(trees, name="", functions=functions, missingkey=_MISSING, limits=self._limits)


def _world(templates: TemplateSet, data: Data, now: datetime) -> NotificationWorld:
    def render(text: str, world: NotificationWorld) -> str:
        return templates._text(text, data, world)

    return NotificationWorld(now=now, route_labels=data.route_labels, render=render)


@cache
def _defaults() -> tuple[dict[str, n.Tree], dict[str, Routine]]:
    trees: dict[str, n.Tree] = {}
    for name, text in default_texts():
        trees = merge_trees(trees, parse_text(text, name=name, functions=NOTIFICATION_FUNCTIONS))
    return trees, compiled_trees(trees, NOTIFICATION_FUNCTIONS, missingkey=_MISSING)


def _compiled(trees: dict[str, n.Tree], known: dict[str, Routine]) -> dict[str, Routine]:
    """Routines of all trees; those that are known already are not compiled again."""
    changed = {name: tree for name, tree in trees.items() if name not in known or known[name].tree is not tree}
    return {**known, **compiled_trees(changed, NOTIFICATION_FUNCTIONS, missingkey=_MISSING)}


class _Cache:
    """The most recently used inline texts, compiled. Several threads may ask at one time."""

    def __init__(self, make: Callable[[str], Template]) -> None:
        self._make = make
        self._known: OrderedDict[str, Template] = OrderedDict()

    def get(self, text: str) -> Template:
        found = self._known.get(text)
        if found is None:
            found = self._known[text] = self._make(text)
            if len(self._known) > CACHE_SIZE:
                self._known.popitem(last=False)
        else:
            with suppress(KeyError):  # another thread has dropped it since
                self._known.move_to_end(text)
        return found
