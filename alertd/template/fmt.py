"""Go's package fmt for template values: Sprint, Sprintln and Sprintf with every verb and flag.

The formats of most templates (text, %s, %.2f) take a short way; `format_string` and `printer` know the rest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from math import isfinite

from alertd.template.format_string import Format
from alertd.template.numbers import format_float
from alertd.template.printer import Printer, own_text
from alertd.template.values import Object, Pointer, type_of


def sprint(values: Sequence[object], *, indirect: bool = False) -> str:
    """Sprint: a blank between two operands when neither is a string.

    indirect   a pointer prints what it points to, as an action prints it
    """
    if len(values) == 1 and type(values[0]) is str:
        return values[0]
    printer = Printer()
    for index, value in enumerate(values):
        if index and not isinstance(value, str) and not isinstance(values[index - 1], str):
            printer.write(" ")
        if indirect:
            _print_target(printer, value)
        else:
            printer.operand(value, "v")
    return printer.result()


def _print_target(printer: Printer, value: object) -> None:
    if isinstance(value, Pointer) and value.target is not None:
        value = value.target
    if isinstance(value, Object) and type_of(value).kind == "ptr" and own_text(value) is None:
        printer.struct(value, "v", 1)
    else:
        printer.operand(value, "v")


def sprintln(values: Sequence[object]) -> str:
    """Sprintln: blanks between all operands, and a line end."""
    printer = Printer()
    for index, value in enumerate(values):
        if index:
            printer.write(" ")
        printer.operand(value, "v")
    return printer.result() + "\n"


def sprintf(template: str, values: Sequence[object]) -> str:
    """Sprintf."""
    plain = _plain_format(template)
    if plain is not None and len(plain) - 1 == len(values):
        texts = [
            _plain_operand(value, verb, precision) for value, (_, verb, precision) in zip(values, plain, strict=False)
        ]
        if None not in texts:
            return "".join(f"{literal}{text}" for (literal, _, _), text in zip(plain, [*texts, ""], strict=True))
    printer = Printer()
    Format(template, values, printer).run()
    return printer.result()


_PLAIN_VERB = re.compile("%(?:[.]([0-9]))?([sdvfge])")


@lru_cache(maxsize=1024)
def _plain_format(template: str) -> tuple[tuple[str, str, int], ...] | None:
    """The pieces (text before, verb, precision or -1) of a format without flags, widths and %%; None otherwise."""
    pieces: list[tuple[str, str, int]] = []
    end = 0
    for match in _PLAIN_VERB.finditer(template):
        pieces.append((template[end : match.start()], match[2], int(match[1]) if match[1] else -1))
        end = match.end()
    pieces.append((template[end:], "", -1))
    return None if any("%" in literal for literal, _, _ in pieces) else tuple(pieces)


def _plain_operand(value: object, verb: str, precision: int) -> str | None:
    """An operand that fits its verb; None leaves it to the full printer."""
    if isinstance(value, str):
        return str(value) if verb in "sv" and precision < 0 else None
    if type(value) is float and verb in "fge" and precision >= 0 and isfinite(value):
        return format(value, f".{precision}{verb}")
    if type(value) is int and verb in "dv" and precision < 0:
        return str(value)
    return format_float(value) if type(value) is float and verb == "v" and precision < 0 else None
