"""The closures that templates are compiled into and that need to know nothing but each other."""

from __future__ import annotations

from alertd.template.state import Evaluate, Frame, State, Step
from alertd.template.values import is_true

# -- statements -------------------------------------------------------------------------------------------------------


def do_nothing(state: State, frame: Frame, dot: object) -> None:
    """An empty body."""
    return


def write_text(text: str) -> Step:
    """Text outside of actions."""
    length = len(text)

    def run(state: State, frame: Frame, dot: object) -> None:
        state.parts.append(text)
        state.room -= length
        if state.room < 0:
            state.write("")

    return run


def jump(signal: object) -> Step:
    """break or continue."""

    def run(state: State, frame: Frame, dot: object) -> object:
        return signal

    return run


def run_all(steps: tuple[Step, ...]) -> Step:
    """Statements none of which can jump."""

    def run(state: State, frame: Frame, dot: object) -> None:
        for step in steps:
            step(state, frame, dot)

    return run


def run_until_jump(steps: tuple[Step, ...]) -> Step:
    """Statements, until one of them jumps."""

    def run(state: State, frame: Frame, dot: object) -> object:
        for step in steps:
            signal = step(state, frame, dot)
            if signal is not None:
                return signal
        return None

    return run


def one_case(condition: Evaluate, then: Step, otherwise: Step | None, *, moves_dot: bool) -> Step:
    """An if or with."""

    def run(state: State, frame: Frame, dot: object) -> object:
        value = condition(state, frame, dot)
        if value is True or (value is not False and is_true(value)):
            return then(state, frame, value if moves_dot else dot)
        return otherwise(state, frame, dot) if otherwise is not None else None

    return run


def many_cases(cases: tuple[tuple[Evaluate, Step], ...], otherwise: Step | None, *, moves_dot: bool) -> Step:
    """An if or with and its `else if`s."""

    def run(state: State, frame: Frame, dot: object) -> object:
        for condition, then in cases:
            value = condition(state, frame, dot)
            if value is True or (value is not False and is_true(value)):
                return then(state, frame, value if moves_dot else dot)
        return otherwise(state, frame, dot) if otherwise is not None else None

    return run


# -- expressions ------------------------------------------------------------------------------------------------------


def the_dot(state: State, frame: Frame, dot: object) -> object:
    """The cursor."""
    return dot


def constant(value: object) -> Evaluate:
    """The same value each time."""

    def run(state: State, frame: Frame, dot: object) -> object:
        return value

    return run


def store(evaluate: Evaluate, slot: int) -> Evaluate:
    """A value, kept in a variable too."""

    def run(state: State, frame: Frame, dot: object) -> object:
        value = frame[slot] = evaluate(state, frame, dot)
        return value

    return run


def after(piped: Evaluate | None, then: Evaluate) -> Evaluate:
    """Evaluates what is piped in, for its own errors, before something that fails."""
    if piped is None:
        return then

    def run(state: State, frame: Frame, dot: object) -> object:
        piped(state, frame, dot)
        return then(state, frame, dot)

    return run
