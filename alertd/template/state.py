"""What one rendering carries along: where output goes, how much of everything is left, and the world it may ask.

The limits keep a template from eating the machine. A rendering that meets one ends in a `LimitError`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from alertd.template.errors import LimitError
from alertd.template.nodes import Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one rendering may take.

    steps             statements executed in loops and called templates
    output_size       characters written
    string_size       characters of any one string a function returns
    depth             templates calling templates; Go allows 100000, Python's stack does not
    """

    steps: int = 1_000_000
    output_size: int = 8_000_000
    string_size: int = 4_000_000
    depth: int = 100


DEFAULT_LIMITS = Limits()


class State:
    """One rendering in progress."""

    __slots__ = ("depth", "limits", "parts", "room", "steps", "templates", "world")

    def __init__(self, limits: Limits, templates: Mapping[str, Routine], world: object) -> None:
        self.parts: list[str] = []
        self.steps = limits.steps
        self.room = limits.output_size
        self.depth = 0
        self.limits = limits
        self.templates = templates
        self.world = world

    def write(self, text: str) -> None:
        """Adds to the output."""
        self.parts.append(text)
        self.room -= len(text)
        if self.room < 0:
            raise LimitError(f"template wrote more than {self.limits.output_size} characters")

    def spend(self, steps: int) -> None:
        """Counts executed statements."""
        self.steps -= steps
        if self.steps < 0:
            raise LimitError(f"template took more than {self.limits.steps} steps")


Frame = list[object]
Step = Callable[[State, Frame, object], object]
"""Executes a statement; returns None, or BREAK / CONTINUE on its way out of a loop."""

Evaluate = Callable[[State, Frame, object], object]
"""Evaluates an expression with this dot."""


@dataclass(slots=True)
class Routine:
    """A compiled template: its statements and how many variables it needs (slot 0 is `$`)."""

    tree: Tree
    run: Step
    slots: int
    size: int


BREAK = object()
CONTINUE = object()
UNSET = object()
"""In a slot: a variable whose declaration was not reached."""
