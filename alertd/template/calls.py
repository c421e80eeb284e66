"""Calls functions and methods: counts of arguments, order of evaluation, errors with their place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from alertd.template.errors import CallFailed, NeedsQuery, TemplateError
from alertd.template.functions import Function
from alertd.template.gotypes import GoType
from alertd.template.places import Fail
from alertd.template.state import Evaluate, Frame, State
from alertd.template.values import Pointer


def wrong_count(function: Function, name: str, count: int, written: int) -> str:
    """Go's complaint about the number of arguments, or ""; `written` leaves out the piped one."""
    fixed = len(function.params) - function.variadic
    if function.variadic and count < fixed:
        return f"wrong number of args for {name}: want at least {fixed} got {written}"
    if not function.variadic and count != fixed:
        return f"wrong number of args for {name}: want {fixed} got {count}"
    return ""


def parameter_types(function: Function, count: int) -> list[GoType]:
    """The types of so many arguments."""
    params = function.params
    return [params[min(place, len(params) - 1)] for place in range(count)]


def method_types(function: Function, name: str, count: int, fail: Fail) -> list[GoType]:
    """The types of a method's arguments; fails if the method cannot take so many."""
    wrong = wrong_count(function, name, count, count) or function.invalid
    if wrong:
        fail(wrong)
    return parameter_types(function, count)


def call_method(function: Function, name: str, receiver: object, args: Sequence[object], fail: Fail) -> object:
    """Calls a method with fitted arguments."""
    if not args and (function.invalid or function.params):
        method_types(function, name, 0, fail)
    if type(receiver) is Pointer:
        receiver = receiver.target
    try:
        return function.invoke(receiver, *args)
    except (TemplateError, NeedsQuery):
        raise
    except Exception as error:
        _fail_call(name, error, fail)


def invoker(
    function: Function, name: str, evaluators: Sequence[Evaluate], order: Sequence[int], fail: Fail
) -> Evaluate:
    """Evaluates arguments (in `order`, if given) and calls a function."""
    invoke = function.invoke
    if function.wants_state:
        return _with_state(function, name, evaluators, order, fail)
    if len(evaluators) == 1:
        return _with_one(function, name, evaluators[0], fail)

    def run(state: State, frame: Frame, dot: object) -> object:
        args = _evaluate(evaluators, order, state, frame, dot)
        try:
            result = invoke(*args)
        except (TemplateError, NeedsQuery):
            raise
        except Exception as error:
            _fail_call(name, error, fail)
        if type(result) is str and len(result) > state.limits.string_size:
            fail(f"{name} returned more than {state.limits.string_size} characters")
        return result

    return run


def _with_one(function: Function, name: str, evaluate: Evaluate, fail: Fail) -> Evaluate:
    invoke = function.invoke

    def run(state: State, frame: Frame, dot: object) -> object:
        arg = evaluate(state, frame, dot)
        try:
            result = invoke(arg)
        except (TemplateError, NeedsQuery):
            raise
        except Exception as error:
            _fail_call(name, error, fail)
        if type(result) is str and len(result) > state.limits.string_size:
            fail(f"{name} returned more than {state.limits.string_size} characters")
        return result

    return run


def _with_state(
    function: Function, name: str, evaluators: Sequence[Evaluate], order: Sequence[int], fail: Fail
) -> Evaluate:
    invoke = function.invoke

    def run(state: State, frame: Frame, dot: object) -> object:
        args = _evaluate(evaluators, order, state, frame, dot)
        try:
            return invoke(state, *args)
        except CallFailed as error:
            _fail_call(name, error, fail)

    return run


def _evaluate(
    evaluators: Sequence[Evaluate], order: Sequence[int], state: State, frame: Frame, dot: object
) -> list[object]:
    if not order:
        return [evaluate(state, frame, dot) for evaluate in evaluators]
    args: list[object] = [None] * len(evaluators)
    for place in order:
        args[place] = evaluators[place](state, frame, dot)
    return args


def _fail_call(name: str, error: Exception, fail: Fail) -> NoReturn:
    # A function of ours that breaks is an error of this one template, as a panic is in Go.
    cause = str(error) if isinstance(error, CallFailed) else f"{type(error).__name__}: {error}"
    fail(f"error calling {name}: {cause}", cause=error)
