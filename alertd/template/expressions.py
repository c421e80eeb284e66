"""Compiles expressions: pipelines, calls of functions and methods, fields, variables, constants.

A command that takes a piped value gets the closure of what is piped in, so a pipeline is one nest of closures. The
order of evaluation is Go's: the piped value first, then the arguments from left to right.
"""

from __future__ import annotations

from collections.abc import Callable

from alertd.template import gotypes as t
from alertd.template import nodes as n
from alertd.template.arguments import Misfit, constant_argument, fit
from alertd.template.builtins import BUILTINS
from alertd.template.calls import call_method, invoker, method_types, parameter_types, wrong_count
from alertd.template.closures import after, constant, store, the_dot
from alertd.template.fields import field_reader
from alertd.template.functions import FunctionSet, methods_of
from alertd.template.gotypes import GoType
from alertd.template.places import Fail, Place
from alertd.template.state import UNSET, Evaluate, Frame, State
from alertd.template.values import NO_VALUE, Pointer, StringMap, is_true, type_of

_CONSTANTS = (n.Bool, n.Number, n.String)


class ExpressionCompiler:
    """Compiles the expressions of one tree; `scope` holds the variables known at this point, newest last."""

    def __init__(self, tree: n.Tree, functions: FunctionSet, *, missingkey: str) -> None:
        self.tree = tree
        self.functions = functions
        self.missingkey = missingkey
        self.scope: list[tuple[str, int]] = [("$", 0)]
        self.slots = 1

    # -- variables ----------------------------------------------------------------------------------------------

    def slot(self, name: str) -> int | None:
        """Where a variable lives, or None if executing would not find it."""
        for known, slot in reversed(self.scope):
            if known == name:
                return slot
        return None

    def _declare(self, name: str) -> int:
        slot = self.slots
        self.slots += 1
        self.scope.append((name, slot))
        return slot

    def last_place(self, node: n.Node) -> n.Node:
        """The node Go names when something goes wrong just after evaluating this one."""
        while True:
            if isinstance(node, n.Pipe):
                node = node.commands[-1]
            if isinstance(node, n.Command):
                node = node.args[-1]
            elif isinstance(node, n.Chain):
                node = node.base
            else:
                return node

    def _place(self, node: n.Node) -> Place:
        return Place(self.tree, node)

    # -- pipelines ----------------------------------------------------------------------------------------------

    def pipe(self, pipe: n.Pipe) -> Evaluate:
        """The value of a pipeline, after its declarations or assignments; a nil interface has become NO_VALUE."""
        evaluate: Evaluate | None = None
        for command in pipe.commands:
            evaluate = self._settled(command, evaluate)
        assert evaluate is not None, "the parser refuses pipelines without commands"
        for variable in pipe.declares:
            slot = self.slot(variable.name) if pipe.assigns else self._declare(variable.name)
            if slot is None:
                evaluate = self._undefined(evaluate, variable.name, self.last_place(pipe))
            else:
                evaluate = store(evaluate, slot)
        return evaluate

    def _undefined(self, evaluate: Evaluate, name: str, node: n.Node) -> Evaluate:
        fail = self._place(node).fail

        def run(state: State, frame: Frame, dot: object) -> object:
            evaluate(state, frame, dot)
            fail(f"undefined variable: {name}")

        return run

    def _settled(self, command: n.Command, piped: Evaluate | None) -> Evaluate:
        """A command whose nil interface has become NO_VALUE, as after every stage of a pipeline."""
        evaluate = self._command(command, piped)
        first = command.args[0]
        if isinstance(first, (n.Pipe, *_CONSTANTS)) or self._never_nil(first):
            return evaluate
        if isinstance(first, n.Variable) and len(first.names) == 1 and len(command.args) == 1 and piped is None:
            return self._label(first, evaluate)

        def run(state: State, frame: Frame, dot: object) -> object:
            value = evaluate(state, frame, dot)
            return NO_VALUE if value is None else value

        return run

    def _never_nil(self, first: n.Expression) -> bool:
        return isinstance(first, n.Identifier) and not self.functions[first.name].may_be_nil

    def _label(self, node: n.Variable, evaluate: Evaluate) -> Evaluate:
        """`$labels.x`, the most frequent expression of all, without a detour."""
        slot, name = self.slot(node.name) or 0, node.names[0]

        def run(state: State, frame: Frame, dot: object) -> object:
            labels = frame[slot]
            if type(labels) is StringMap and (found := labels.get(name)) is not None:
                return found
            value = evaluate(state, frame, dot)
            return NO_VALUE if value is None else value

        return run

    def _command(self, command: n.Command, piped: Evaluate | None) -> Evaluate:
        first, args = command.args[0], command.args[1:]
        match first:
            case n.Identifier():
                return self._function(first, command, args, piped)
            case n.Field():
                return self._fields(the_dot, first.names, first, args, piped)
            case n.Chain():
                return self._chain(first, args, piped)
            case n.Variable() if first.names:
                return self._fields(self._variable(first), first.names, first, args, piped)
        if args or piped is not None:
            return self._no_function(first, piped)
        return self._plain(first)

    def _plain(self, node: n.Expression) -> Evaluate:
        """A first word that takes no arguments."""
        match node:
            case n.Pipe():
                return self.pipe(node)
            case n.Variable():
                return self._variable(node)
            case n.Dot():
                return the_dot
            case n.Nil():
                return self._failing(node, "nil is not a command")
            case n.Number(value=None):
                return self._failing(node, f"{node.text} overflows int")
            case n.Number() | n.Bool() | n.String():
                return constant(node.value)
        raise AssertionError(f"not a plain word: {node}")

    def _no_function(self, node: n.Expression, piped: Evaluate | None) -> Evaluate:
        shown = f"({node})" if isinstance(node, n.Pipe) else str(node)
        message = f"can't give argument to non-function {shown}"
        place = self.last_place(node) if isinstance(node, n.Pipe) else node
        return after(piped, self._failing(place, message))

    def _failing(self, node: n.Node, message: str) -> Evaluate:
        fail = self._place(node).fail

        def run(state: State, frame: Frame, dot: object) -> object:
            fail(message)

        return run

    def _variable(self, node: n.Variable) -> Evaluate:
        slot = self.slot(node.name)
        if slot is None:
            return self._failing(node, f"undefined variable: {node.name}")
        fail = self._place(node).fail

        def run(state: State, frame: Frame, dot: object) -> object:
            value = frame[slot]
            if value is UNSET:
                fail(f"undefined variable: {node.name}")
            return value

        return run

    # -- fields and methods -------------------------------------------------------------------------------------

    def _chain(self, node: n.Chain, args: list[n.Expression], piped: Evaluate | None) -> Evaluate:
        if isinstance(node.base, n.Nil):
            return self._failing(node, f"indirection through explicit nil in {node}")
        return self._fields(self.argument(node.base, t.VALUE), node.names, node, args, piped)

    def _fields(
        self,
        base: Evaluate,
        names: tuple[str, ...],
        node: n.Field | n.Variable | n.Chain,
        args: list[n.Expression],
        piped: Evaluate | None,
    ) -> Evaluate:
        place = self._place(self.last_place(node))
        evaluate = base
        for name in names[:-1]:
            evaluate = self._simple_field(evaluate, name, place)
        if not args and piped is None:
            return self._simple_field(evaluate, names[-1], place)
        return self._field_with_arguments(evaluate, names[-1], place, args, piped)

    def _simple_field(self, base: Evaluate, name: str, place: Place) -> Evaluate:
        fail = place.fail
        read = field_reader(name, missingkey=self.missingkey, has_args=False, fail=fail)

        def run(state: State, frame: Frame, dot: object) -> object:
            value = base(state, frame, dot)
            if type(value) is StringMap:
                return value.get(name) or read(value)
            method = methods_of(value.target if type(value) is Pointer else value).get(name)
            if method is None:
                return read(value)
            return call_method(method, name, value, (), fail)

        return run

    def _field_with_arguments(
        self, base: Evaluate, name: str, place: Place, args: list[n.Expression], piped: Evaluate | None
    ) -> Evaluate:
        """`.Format "15:04"`: the types of the parameters are known only once the receiver is."""
        fail = place.fail
        read = field_reader(name, missingkey=self.missingkey, has_args=True, fail=fail)
        makers = [self._late_argument(arg) for arg in args]

        def run(state: State, frame: Frame, dot: object) -> object:
            last = [piped(state, frame, dot)] if piped is not None else []
            value = base(state, frame, dot)
            method = methods_of(value.target if type(value) is Pointer else value).get(name)
            if method is None:
                return read(value)
            types = method_types(method, name, len(makers) + len(last), fail)
            values = [make(state, frame, dot, wanted) for make, wanted in zip(makers, types, strict=False)]
            values += [self._fitted(item, types[-1], fail) for item in last]
            return call_method(method, name, value, values, fail)

        return run

    def _late_argument(self, node: n.Expression) -> Callable[[State, Frame, object, GoType], object]:
        fail = self._place(self.last_place(node)).fail
        if isinstance(node, (n.Nil, *_CONSTANTS)):

            def constant(state: State, frame: Frame, dot: object, wanted: GoType) -> object:
                try:
                    return constant_argument(node, wanted)
                except Misfit as misfit:
                    fail(str(misfit))

            return constant
        evaluate = self.argument(node, t.VALUE)

        def run(state: State, frame: Frame, dot: object, wanted: GoType) -> object:
            return self._fitted(evaluate(state, frame, dot), wanted, fail)

        return run

    @staticmethod
    def _fitted(value: object, wanted: GoType, fail: Fail) -> object:
        try:
            return fit(value, wanted)
        except Misfit as misfit:
            fail(str(misfit))

    # -- functions ----------------------------------------------------------------------------------------------

    def _function(
        self, node: n.Identifier, whole: n.Node, args: list[n.Expression], piped: Evaluate | None
    ) -> Evaluate:
        function = self.functions[node.name]
        count = len(args) + (piped is not None)
        wrong = wrong_count(function, node.name, count, len(args))
        if wrong:
            return after(piped, self._failing(node, wrong))
        if node.name in ("and", "or") and function is BUILTINS[node.name]:
            return self._short_circuit(node.name == "or", args, piped)
        types = parameter_types(function, count)
        evaluators = [self.argument(arg, wanted) for arg, wanted in zip(args, types, strict=False)]
        if function is BUILTINS["slice"]:
            evaluators[1:] = [
                self._slice_index(arg, evaluate, whole) for arg, evaluate in zip(args[1:], evaluators[1:], strict=True)
            ]
        if piped is not None:
            last = self.last_place(args[-1]) if args else node
            evaluators.append(self._checked(piped, types[-1], last))
        order = [len(evaluators) - 1, *range(len(evaluators) - 1)] if piped is not None else []
        return invoker(function, node.name, evaluators, order, self._place(whole).fail)

    def _slice_index(self, node: n.Expression, evaluate: Evaluate, whole: n.Node) -> Evaluate:
        """Go's slice (unlike index) refuses a number that lies in an `interface {}` field of a map."""
        if not isinstance(node, n.Field | n.Variable | n.Chain) or not node.names:
            return evaluate
        container, fail = self.argument(_without_last_name(node), t.VALUE), self._place(whole).fail

        def run(state: State, frame: Frame, dot: object) -> object:
            value = evaluate(state, frame, dot)
            if isinstance(value, int) and type_of(container(state, frame, dot)).elem is t.ANY:
                fail("error calling slice: cannot index slice/array with type interface {}")
            return value

        return run

    def _short_circuit(self, wanted: bool, args: list[n.Expression], piped: Evaluate | None) -> Evaluate:
        evaluators = [self.argument(arg, t.VALUE) for arg in args]

        def run(state: State, frame: Frame, dot: object) -> object:
            # What is piped in is evaluated first, though it counts last.
            last = piped(state, frame, dot) if piped is not None else NO_VALUE
            value: object = NO_VALUE
            for evaluate in evaluators:
                value = evaluate(state, frame, dot)
                if is_true(value) is wanted:
                    return value
            return value if piped is None else last

        return run

    def argument(self, node: n.Expression, wanted: GoType) -> Evaluate:
        """The value of an argument, checked against the type of its parameter."""
        if isinstance(node, (n.Nil, *_CONSTANTS)):
            try:
                return constant(constant_argument(node, wanted))
            except Misfit as misfit:
                return self._failing(node, str(misfit))
        return self._checked(self._argument_value(node), wanted, self.last_place(node))

    def _argument_value(self, node: n.Expression) -> Evaluate:
        match node:
            case n.Identifier():
                return self._function(node, node, [], None)
            case n.Field():
                return self._fields(the_dot, node.names, node, [], None)
            case n.Chain():
                return self._chain(node, [], None)
            case n.Variable() if node.names:
                return self._fields(self._variable(node), node.names, node, [], None)
        return self._plain(node)

    def _checked(self, evaluate: Evaluate, wanted: GoType, node: n.Node) -> Evaluate:
        if wanted is t.VALUE:
            return evaluate
        fail = self._place(node).fail
        exact = {t.STRING: str, t.FLOAT64: float}.get(wanted)
        fitted = self._fitted

        def run(state: State, frame: Frame, dot: object) -> object:
            value = evaluate(state, frame, dot)
            return value if type(value) is exact else fitted(value, wanted, fail)

        return run


def _without_last_name(node: n.Field | n.Variable | n.Chain) -> n.Expression:
    """What the last field is a field of."""
    names = node.names[:-1]
    if isinstance(node, n.Variable):
        return n.Variable(node.pos, node.name, names)
    if isinstance(node, n.Chain):
        return n.Chain(node.pos, node.base, names) if names else node.base
    return n.Field(node.pos, names) if names else n.Dot(node.pos)
