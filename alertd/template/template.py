"""A parsed and compiled template, ready to be rendered many times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alertd.template import nodes as n
from alertd.template.compile import compile_tree
from alertd.template.errors import LimitError, ParseError
from alertd.template.functions import FunctionSet
from alertd.template.parser import parse
from alertd.template.quoting import valid_text
from alertd.template.state import DEFAULT_LIMITS, UNSET, Limits, Routine, State
from alertd.template.values import NO_VALUE

Trees = Mapping[str, n.Tree]


@dataclass(frozen=True, slots=True)
class Template:
    """A template and everything it may call; `parse` makes one.

    name       of the text
    trees      all templates by name, as parsed
    routines   the same, compiled
    """

    name: str
    trees: Trees
    routines: Mapping[str, Routine]
    limits: Limits = DEFAULT_LIMITS

    @classmethod
    def parse(
        cls,
        text: str,
        *,
        name: str,
        functions: FunctionSet,
        defines: Sequence[tuple[str, str]] = (),
        missingkey: str = "default",
        limits: Limits = DEFAULT_LIMITS,
    ) -> Template:
        """Parses and compiles a text after the (name, text) pairs of `defines`; raises ParseError.

        missingkey   what a missing map key gives: `default` (prints <no value>), `zero` or `error`
        """
        trees: dict[str, n.Tree] = {}
        for other, body in (*defines, (name, text)):
            trees = merge_trees(trees, parse_text(body, name=other, functions=functions))
        return cls.of_trees(trees, name=name, functions=functions, missingkey=missingkey, limits=limits)

    @classmethod
    def of_trees(
        cls,
        trees: Trees,
        *,
        name: str,
        functions: FunctionSet,
        missingkey: str = "default",
        limits: Limits = DEFAULT_LIMITS,
    ) -> Template:
        """Compiles trees that were parsed before."""
        return cls(name, trees, compiled_trees(trees, functions, missingkey=missingkey), limits)

    def render(self, data: object, *, world: object = None) -> str:
        """The output for these data (Go values as in `values`); raises ExecError, or NeedsQuery from `query`.

        world   what the functions of this kind of template may ask, such as query results
        """
        routine = self.routines[self.name]
        state = State(self.limits, self.routines, world)
        root = NO_VALUE if data is None else data
        return run_routine(routine, state, [root] + [UNSET] * (routine.slots - 1), root)


def run_routine(routine: Routine, state: State, frame: list[object], root: object) -> str:
    """Runs a routine from the top and gives what it wrote."""
    try:
        routine.run(state, frame, root)
    except RecursionError:
        name = routine.tree.name
        raise LimitError(f"template: {name}: nested too deeply", template=name) from None
    return valid_text("".join(state.parts))


def compiled_trees(trees: Trees, functions: FunctionSet, *, missingkey: str) -> dict[str, Routine]:
    """The routine of every tree; raises ParseError where trees nest too deeply."""
    routines = {}
    for name, tree in trees.items():
        try:
            routines[name] = compile_tree(tree, functions, missingkey=missingkey)
        except RecursionError:
            raise ParseError(f"template: {tree.source}:1: nested too deeply", template=tree.source, line=1) from None
    return routines


def parse_text(text: str, *, name: str, functions: FunctionSet) -> dict[str, n.Tree]:
    """The trees of one text; raises ParseError."""
    try:
        return parse(text, name=name, functions=functions)
    except RecursionError:
        raise ParseError(f"template: {name}:1: nested too deeply", template=name, line=1) from None


def escape_page(trees: Trees, *, name: str, functions: FunctionSet) -> tuple[dict[str, n.Tree], FunctionSet]:
    """The trees that `name` reaches, escaped by context, and the functions they need; raises ExecError."""
    # Escaping is for mail and the like: who renders annotations only never loads it.
    from alertd.template.html.escaper import escape_trees
    from alertd.template.html.filters import with_escapers
    from alertd.template.html.fold import fold_constants

    return fold_constants(escape_trees(trees, root=name)), with_escapers(functions)


def merge_trees(known: Trees, added: Trees) -> dict[str, n.Tree]:
    """Templates of a later text replace earlier ones, but an empty body never replaces a full one."""
    merged = dict(known)
    for name, tree in added.items():
        if name not in merged or not tree.is_empty:
            merged[name] = tree
    return merged
