"""What a template may call: functions with typed parameters, gathered into sets, and methods of values.

Go checks arguments against types and never converts (`toUpper 1` is an error); so each function names its types.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from alertd.template.gotypes import GoType


@dataclass(frozen=True, slots=True)
class Function:
    """One function.

    invoke      gets the checked arguments (after the render state, if wants_state); raises CallFailed for Go's errors
    params      types of the parameters; the last one repeats if variadic
    may_be_nil  whether it may return None, a nil interface
    invalid     set for a method that Go refuses to call, such as one with three results: the error text
    """

    invoke: Callable[..., object]
    params: tuple[GoType, ...] = ()
    variadic: bool = False
    wants_state: bool = False
    invalid: str = ""
    may_be_nil: bool = False


class FunctionSet(Mapping[str, Function]):
    """The functions of one kind of template, by name; hashable, as templates are cached per set."""

    def __init__(self, *groups: Mapping[str, Function]) -> None:
        self._functions: dict[str, Function] = {}
        for group in groups:
            self._functions.update(group)

    def __getitem__(self, name: str) -> Function:
        return self._functions[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


NO_METHODS: Mapping[str, Function] = {}


def methods_of(value: object) -> Mapping[str, Function]:
    """The methods of a value by Go name; `invoke` gets the receiver first."""
    found: Mapping[str, Function] = getattr(value, "go_methods", NO_METHODS)
    return found
