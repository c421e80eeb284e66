"""Compiles a template's tree into closures: parsed and compiled once, rendered many times.

Statements become `Step`s, expressions become `Evaluate`s. Variables are resolved to slots of a frame here, by the rules
by which Go finds them while executing; what Go would only notice while executing (a missing template, an undefined
variable on the left of `=`) becomes a closure that raises. Expressions are compiled in `expressions`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from alertd.template import nodes as n
from alertd.template.closures import (
    do_nothing,
    jump,
    many_cases,
    one_case,
    run_all,
    run_until_jump,
    write_text,
)
from alertd.template.errors import CallFailed
from alertd.template.expressions import ExpressionCompiler
from alertd.template.fmt import sprint
from alertd.template.functions import FunctionSet
from alertd.template.numbers import format_float
from alertd.template.ordering import sorted_items
from alertd.template.places import Fail, Place
from alertd.template.state import BREAK, CONTINUE, UNSET, Evaluate, Frame, Routine, State, Step
from alertd.template.values import NO_VALUE, Byte, Func, Pointer, Slice

_OUT_OF_LOOP = {"break": BREAK, "continue": CONTINUE}


def compile_tree(tree: n.Tree, functions: FunctionSet, *, missingkey: str) -> Routine:
    """The routine of one template; missingkey is `default`, `zero` or `error`."""
    compiler = _Compiler(tree, functions, missingkey=missingkey)
    step = compiler.body(tree.body)
    return Routine(tree, step, compiler.slots, size=len(tree.body.nodes))


def compile_statements(tree: n.Tree, functions: FunctionSet, *, missingkey: str, skip: int) -> Routine:
    """Like compile_tree, but leaves out the first `skip` statements: declarations whose slots the caller fills."""
    compiler = _Compiler(tree, functions, missingkey=missingkey)
    for node in tree.body.nodes[:skip]:
        compiler.statement(node)
    rest = n.Body(tree.body.pos, tree.body.nodes[skip:])
    return Routine(tree, compiler.sequence(rest), compiler.slots, size=len(rest.nodes))


class _Compiler(ExpressionCompiler):
    """Compiles the statements of one tree."""

    def body(self, body: n.Body) -> Step:
        """A body in a scope of its own."""
        known = len(self.scope)
        step = self.sequence(body)
        del self.scope[known:]
        return step

    def sequence(self, body: n.Body) -> Step:
        """Statements one after the other; what they declare stays in scope."""
        steps = [self.statement(node) for node in body.nodes]
        if not steps:
            return do_nothing
        if len(steps) == 1:
            return steps[0]
        if not any(_may_jump(node) for node in body.nodes):
            return run_all(tuple(steps))
        return run_until_jump(tuple(steps))

    def statement(self, node: n.Statement) -> Step:
        match node:
            case n.Text():
                return write_text(node.text)
            case n.Action():
                return self._action(node)
            case n.Jump():
                return jump(_OUT_OF_LOOP[node.keyword])
            case n.Call():
                return self._call(node)
            case n.Branch(keyword="range"):
                return self._range(node)
            case n.Branch():
                return self._choice(node)

    # -- actions ------------------------------------------------------------------------------------------------

    def _action(self, node: n.Action) -> Step:
        evaluate = self.pipe(node.pipe)
        if node.pipe.declares:

            def assign(state: State, frame: Frame, dot: object) -> None:
                evaluate(state, frame, dot)

            return assign
        fail = Place(self.tree, node).fail

        def emit(state: State, frame: Frame, dot: object) -> None:
            value = evaluate(state, frame, dot)
            if type(value) is not str:
                value = _printed(value, node, fail)
            state.parts.append(value)
            state.room -= len(value)
            if state.room < 0:
                state.write("")

        return emit

    # -- if and with --------------------------------------------------------------------------------------------

    def _choice(self, node: n.Branch) -> Step:
        """An if or with, and the `else if`s that follow it, as a list of cases to try in turn."""
        known = len(self.scope)
        moves_dot = node.keyword == "with"
        cases: list[tuple[Evaluate, Step]] = []
        branch: n.Branch | None = node
        last: n.Body | None = None
        while branch is not None:
            condition = self.pipe(branch.pipe)
            cases.append((condition, self.body(branch.body)))
            last = branch.otherwise
            branch = _else_if(branch)
        otherwise = self.body(last) if last is not None and last.nodes else None
        del self.scope[known:]
        if len(cases) == 1:
            return one_case(*cases[0], otherwise, moves_dot=moves_dot)
        return many_cases(tuple(cases), otherwise, moves_dot=moves_dot)

    # -- range --------------------------------------------------------------------------------------------------

    def _range(self, node: n.Branch) -> Step:
        known = len(self.scope)
        evaluate = self.pipe(node.pipe)
        fail = Place(self.tree, self.last_place(node.pipe)).fail
        slots = [self.slot(variable.name) for variable in node.pipe.declares]
        loop = self.body(node.body)
        otherwise = self.body(node.otherwise) if node.otherwise is not None else do_nothing
        del self.scope[known:]
        index_slot = slots[0] if len(slots) > 1 else None
        item_slot = slots[-1] if slots else None
        weight = max(1, len(node.body.nodes))

        def run(state: State, frame: Frame, dot: object) -> object:
            value = evaluate(state, frame, dot)
            empty = True
            for key, item in _entries(value, fail, pairs=index_slot is not None):
                empty = False
                state.steps -= weight
                if state.steps < 0:
                    state.spend(0)
                if index_slot is not None:
                    frame[index_slot] = key
                if item_slot is not None:
                    frame[item_slot] = item
                if loop(state, frame, item) is BREAK:
                    break
            return otherwise(state, frame, dot) if empty else None

        return run

    # -- template -----------------------------------------------------------------------------------------------

    def _call(self, node: n.Call) -> Step:
        argument = self.pipe(node.pipe) if node.pipe is not None else None
        place = Place(self.tree, node)
        name = node.name

        def run(state: State, frame: Frame, dot: object) -> None:
            routine = state.templates.get(name)
            if routine is None:
                place.fail(f'template "{name}" not defined')
            value = argument(state, frame, dot) if argument is not None else NO_VALUE
            if state.depth >= state.limits.depth:
                place.stop(f"exceeded maximum template depth ({state.limits.depth})")
            state.spend(1 + routine.size)
            state.depth += 1
            routine.run(state, [value] + [UNSET] * (routine.slots - 1), value)
            state.depth -= 1

        return run


def _else_if(branch: n.Branch) -> n.Branch | None:
    """The only statement of the else part, if it asks the same kind of question."""
    if branch.otherwise is not None and len(branch.otherwise.nodes) == 1:
        only = branch.otherwise.nodes[0]
        if isinstance(only, n.Branch) and only.keyword == branch.keyword:
            return only
    return None


def _may_jump(node: n.Statement) -> bool:
    if isinstance(node, n.Jump):
        return True
    if not isinstance(node, n.Branch) or node.keyword == "range":
        # A jump inside a nested range ends there, but not one in its else part.
        otherwise = node.otherwise if isinstance(node, n.Branch) else None
        return otherwise is not None and any(map(_may_jump, otherwise.nodes))
    parts = [*node.body.nodes, *(node.otherwise.nodes if node.otherwise is not None else ())]
    return any(map(_may_jump, parts))


def _printed(value: object, node: n.Action, fail: Fail) -> str:
    kind = type(value)
    if kind is float:
        return format_float(value)  # type: ignore[arg-type]
    if kind is int:
        return str(value)
    if value is NO_VALUE or value is None:
        return "<no value>"
    if isinstance(value, Func):
        fail(f"can't print {node} of type {value.go_type.name}")
    try:
        return sprint([value], indirect=True)
    except CallFailed as error:
        fail(str(error))


def _entries(value: object, fail: Fail, *, pairs: bool) -> Iterable[tuple[object, object]]:
    """Index or key and item, in the order in which Go ranges."""
    if isinstance(value, Pointer):
        value = value.target
    if isinstance(value, dict):
        return sorted_items(value)
    if isinstance(value, list | tuple | Slice):
        return enumerate(value)
    if isinstance(value, bytes):
        return ((position, Byte(byte)) for position, byte in enumerate(value))
    if isinstance(value, int) and not isinstance(value, bool):
        if pairs:
            fail(f"can't use {sprint([value])} to iterate over more than one variable")
        return _counted(value)
    if value is not NO_VALUE and value is not None:
        fail(f"range can't iterate over {sprint([value])}")
    return ()


def _counted(value: int) -> Iterator[tuple[object, object]]:
    kind = type(value)
    for number in range(value):
        counted = number if kind is int else kind(number)
        yield counted, counted
