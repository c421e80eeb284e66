"""Go's package fmt for template values: Sprint, Sprintln and Sprintf with every verb and flag.

A verb that does not fit its operand is printed, never raised: `%!d(float64=0.85)`. What is raised is `CallFailed`,
when a value prints to more than MAX_PRINTED characters or nests deeper than MAX_DEPTH (a template can build both).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from math import isfinite

from alertd.template import gotypes as t
from alertd.template.errors import CallFailed
from alertd.template.functions import methods_of
from alertd.template.numbers import format_float, format_verb
from alertd.template.ordering import sorted_items
from alertd.template.quoting import can_backquote, from_bytes, go_quote, is_print, to_bytes
from alertd.template.values import (
    NO_VALUE,
    Byte,
    ErrorValue,
    Func,
    Map,
    Object,
    Pointer,
    Slice,
    Struct,
    is_nil,
    type_of,
)

MAX_PRINTED = 4_000_000
MAX_DEPTH = 60
MAX_WIDTH = 1_000_000  # Go ignores wider widths, too

_FLAGS = {"#": "sharp", "0": "zero", "+": "plus", "-": "minus", " ": "space"}
_BASES = {"v": 10, "d": 10, "b": 2, "o": 8, "O": 8, "x": 16, "X": 16}
_FLOAT_PRECISION = {"v": -1, "b": -1, "g": -1, "G": -1, "x": -1, "X": -1, "f": 6, "F": 6, "e": 6, "E": 6}


def sprint(values: Sequence[object]) -> str:
    """Sprint: a blank between two operands when neither is a string."""
    if len(values) == 1 and type(values[0]) is str:
        return values[0]
    printer = _Printer()
    for index, value in enumerate(values):
        if index and not isinstance(value, str) and not isinstance(values[index - 1], str):
            printer.write(" ")
        printer.operand(value, "v")
    return printer.result()


def sprintln(values: Sequence[object]) -> str:
    """Sprintln: blanks between all operands, and a line end."""
    printer = _Printer()
    for index, value in enumerate(values):
        if index:
            printer.write(" ")
        printer.operand(value, "v")
    return printer.result() + "\n"


def sprintf(template: str, values: Sequence[object]) -> str:
    """Sprintf."""
    plain = _plain_format(template)
    if plain is not None and len(plain) - 1 == len(values):
        texts = [_plain_operand(value, verb, precision) for value, (_, verb, precision) in zip(values, plain, strict=False)]
        if None not in texts:
            return "".join(f"{literal}{text}" for (literal, _, _), text in zip(plain, [*texts, ""], strict=True))
    printer = _Printer()
    _Format(template, values, printer).run()
    return printer.result()


_PLAIN_VERB = re.compile("%(?:[.]([0-9]))?([sdvfge])")


@lru_cache(maxsize=1024)
def _plain_format(template: str) -> tuple[tuple[str, str, int], ...] | None:
    """The pieces (text before, verb, precision or -1) of a format without flags, widths and %%; None otherwise."""
    pieces: list[tuple[str, str, int]] = []
    end = 0
    for match in _PLAIN_VERB.finditer(template):
        pieces.append((template[end:match.start()], match[2], int(match[1]) if match[1] else -1))
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


class _Format:
    """One walk over a format string: finds the verbs and the operand each of them prints."""

    def __init__(self, template: str, values: Sequence[object], printer: _Printer) -> None:
        self.template = template
        self.values = values
        self.printer = printer
        self.pos = 0
        self.index = 0
        self.reordered = False
        self.good_index = True
        self.after_index = False

    def run(self) -> None:
        while True:
            percent = self.template.find("%", self.pos)
            if percent < 0:
                self.printer.write(self.template[self.pos:])
                break
            self.printer.write(self.template[self.pos:percent])
            self.pos = percent + 1
            self._verb()
        if not self.reordered and self.index < len(self.values):
            self._extra()

    def _extra(self) -> None:
        printer = self.printer
        printer.clear_flags()
        printer.write("%!(EXTRA ")
        for number, value in enumerate(self.values[self.index:]):
            printer.write(", " if number else "")
            if value is None or value is NO_VALUE:
                printer.write("<nil>")
            else:
                printer.write(type_of(value).name + "=")
                printer.operand(value, "v")
        printer.write(")")

    def _verb(self) -> None:
        printer = self.printer
        printer.clear_flags()
        self.good_index, self.after_index = True, False
        self._flags()
        self._argument_index()
        self._width()
        self._precision()
        if not self.after_index:
            self._argument_index()
        verb = self.template[self.pos:self.pos + 1]
        self.pos += 1
        if not verb:
            printer.write("%!(NOVERB)")
        elif verb == "%":
            printer.write("%")
        elif not self.good_index:
            printer.write(f"%!{verb}(BADINDEX)")
        elif self.index >= len(self.values):
            printer.write(f"%!{verb}(MISSING)")
        else:
            self.index += 1
            printer.verb(self.values[self.index - 1], verb)

    def _flags(self) -> None:
        while flag := _FLAGS.get(self.template[self.pos:self.pos + 1]):
            setattr(self.printer, flag, True)
            self.pos += 1

    def _argument_index(self) -> None:
        """`[n]`: the operand to use next."""
        if self.template[self.pos:self.pos + 1] != "[":
            self.after_index = False
            return
        self.reordered = True
        closing = self.template.find("]", self.pos)
        inner = self.template[self.pos + 1:closing] if closing > 0 else ""
        self.pos = closing + 1 if closing > 0 else self.pos + 1
        number = int(inner) if inner.isascii() and inner.isdigit() and len(inner) < 8 else 0
        if 1 <= number <= len(self.values):
            self.index = number - 1
            self.after_index = True
        else:
            self.good_index = False
            self.after_index = bool(inner) and inner.isascii() and inner.isdigit()

    def _number(self) -> int | None:
        start = self.pos
        while self.template[self.pos:self.pos + 1] in _DIGITS and self.pos < len(self.template):
            self.pos += 1
        if start == self.pos:
            return None
        if self.pos - start > 7 or int(self.template[start:self.pos]) > MAX_WIDTH:
            self.pos = len(self.template)
            return None
        return int(self.template[start:self.pos])

    def _operand_number(self) -> int | None:
        self.pos += 1
        self.after_index = False
        value = self.values[self.index] if self.index < len(self.values) else None
        self.index += self.index < len(self.values)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_WIDTH:
            return int(value)
        return None

    def _width(self) -> None:
        printer = self.printer
        if self.template[self.pos:self.pos + 1] != "*":
            printer.width = self._number()
            if self.after_index and printer.width is not None:
                self.good_index = False
            return
        printer.width = self._operand_number()
        if printer.width is None:
            printer.write("%!(BADWIDTH)")
        elif printer.width < 0:
            printer.width, printer.minus, printer.zero = -printer.width, True, False

    def _precision(self) -> None:
        printer = self.printer
        # A point at the very end is taken for the verb.
        if self.template[self.pos:self.pos + 1] != "." or self.pos + 1 == len(self.template):
            return
        self.pos += 1
        if self.after_index:
            self.good_index = False
        self._argument_index()
        if self.template[self.pos:self.pos + 1] != "*":
            printer.precision = self._number() or 0
            return
        printer.precision = self._operand_number()
        if printer.precision is None or printer.precision < 0:
            printer.precision = None
            printer.write("%!(BADPREC)")


_DIGITS = "0123456789"


class _Printer:
    """Prints operands under the flags of the current verb."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.size = 0
        self.clear_flags()

    def clear_flags(self) -> None:
        self.sharp = self.zero = self.plus = self.minus = self.space = False
        self.plus_v = self.sharp_v = False
        self.width: int | None = None
        self.precision: int | None = None

    def write(self, text: str) -> None:
        self.parts.append(text)
        self.size += len(text) + 1
        if self.size > MAX_PRINTED:
            raise CallFailed(f"printed more than {MAX_PRINTED} characters")

    def result(self) -> str:
        return "".join(self.parts)

    def pad(self, text: str) -> None:
        missing = (self.width or 0) - len(text)
        if missing <= 0:
            self.write(text)
        elif self.minus:
            self.write(text + " " * missing)
        else:
            self.write(("0" if self.zero else " ") * missing + text)

    # -- one operand --------------------------------------------------------------------------------------------

    def verb(self, value: object, verb: str) -> None:
        if verb in "vw":
            self.sharp_v, self.sharp = self.sharp, False
            self.plus_v, self.plus = self.plus, False
        self.operand(value, verb)

    def operand(self, value: object, verb: str) -> None:
        if value is None or value is NO_VALUE:
            if verb in "Tv":
                self.pad("<nil>")
            else:
                self.write(f"%!{verb}(<nil>)")
        elif verb == "T":
            self._string(type_of(value).name, "s")
        elif (verb == "w" and not isinstance(value, bytes)) or (verb == "p" and type_of(value).kind not in ("ptr", "map", "slice", "func")):
            self._bad(value, verb)
        elif verb == "p":
            self._address(value)
        else:
            self._value(value, verb, 0)

    def _bad(self, value: object, verb: str) -> None:
        self.write(f"%!{verb}({type_of(value).name}=")
        self._value(value, "v", 0, raw=True)
        self.write(")")

    def _value(self, value: object, verb: str, depth: int, *, raw: bool = False) -> None:
        if depth > MAX_DEPTH:
            raise CallFailed(f"printed a value nested more than {MAX_DEPTH} levels deep")
        if value is None or value is NO_VALUE:
            self.write("interface {}(nil)" if self.sharp_v else "<nil>")
            return
        if not raw and not self.sharp_v and verb in "vsxXq" and (text := _own_text(value)) is not None:
            self._string(text, verb)
            return
        if not raw and self.sharp_v and (source := methods_of(value).get("GoString")) is not None:
            self.write(str(source.invoke(value)))
            return
        kind = type_of(value).kind
        if isinstance(value, str):
            self._string(value, verb, owner=value)
        elif isinstance(value, bool):
            self._bool(value, verb)
        elif isinstance(value, int):
            self._integer(value, verb, signed=kind not in t.UNSIGNED_KINDS)
        elif isinstance(value, float):
            self._float(value, verb, owner=value)
        elif isinstance(value, complex):
            self._complex(value, verb)
        elif kind == "map":
            self._map(value, verb, depth)
        elif kind == "slice":
            self._slice(value, verb, depth)
        elif isinstance(value, Struct | Object) and kind == "struct":
            self._struct(value, verb, depth)
        else:
            self._pointer(value, verb, depth)

    # -- scalars ------------------------------------------------------------------------------------------------

    def _bool(self, value: bool, verb: str) -> None:
        if verb in "tv":
            self.pad("true" if value else "false")
        else:
            self._bad(value, verb)

    def _string(self, text: str, verb: str, *, owner: object = None) -> None:
        if verb in "vs":
            if self.sharp_v and verb == "v":
                self._quoted(text)
            else:
                self.pad(text if self.precision is None else text[:self.precision])
        elif verb in "xX":
            self._hexadecimal(to_bytes(text), verb)
        elif verb == "q":
            self._quoted(text)
        else:
            self._bad(text if owner is None else owner, verb)

    def _quoted(self, text: str) -> None:
        if self.precision is not None:
            text = text[:self.precision]
        if self.sharp and can_backquote(text):
            self.pad(f"`{text}`")
        else:
            self.pad(go_quote(text, ascii_only=self.plus))

    def _hexadecimal(self, data: bytes, verb: str) -> None:
        if self.precision is not None:
            data = data[:self.precision]
        prefix = "0x" if self.sharp else ""
        if self.space:
            text = " ".join(f"{prefix}{byte:02x}" for byte in data)
        else:
            text = (prefix if data else "") + data.hex()
        self.pad(text.upper() if verb == "X" else text)

    def _integer(self, value: int, verb: str, *, signed: bool) -> None:
        if verb == "v" and self.sharp_v and not signed:
            self.sharp = True
            self._digits(int(value), "x", signed=False)
            self.sharp = False
        elif verb in _BASES:
            self._digits(int(value), verb, signed=signed)
        elif verb == "c":
            self.pad(_character(int(value)))
        elif verb == "q":
            self.pad(go_quote(_character(int(value)), ascii_only=self.plus, quote="'"))
        elif verb == "U":
            self._unicode(int(value))
        else:
            self._bad(value, verb)

    def _digits(self, value: int, verb: str, *, signed: bool) -> None:
        base = _BASES[verb]
        zero, least = self.zero, 0
        if self.precision is not None:
            least = self.precision
            if not least and not value:
                self.zero = False
                self.pad(" " * (self.width or 0))
                self.zero = zero
                return
        elif self.zero and not self.minus and self.width is not None:
            least = self.width - (value < 0 or self.plus or self.space)
        digits = format(abs(value), {2: "b", 8: "o", 10: "d", 16: "x"}[base]).rjust(least, "0")
        if self.sharp:
            digits = {2: "0b", 16: "0x", 8: "" if digits.startswith("0") else "0"}.get(base, "") + digits
        if verb == "O":
            digits = "0o" + digits
        sign = "-" if value < 0 else "+" if self.plus else " " if self.space else ""
        self.zero = False
        self.pad(sign + (digits.upper() if verb == "X" else digits))
        self.zero = zero

    def _unicode(self, value: int) -> None:
        least = max(4, self.precision or 0)
        text = f"U+{value & (2**64 - 1):X}" if value < 0 else "U+" + f"{value:X}".rjust(least, "0")
        if self.sharp and 0 <= value <= 0x10FFFF and is_print(chr(value)):
            text += f" '{chr(value)}'"
        zero, self.zero = self.zero, False
        self.pad(text)
        self.zero = zero

    def _float(self, value: float, verb: str, *, owner: object) -> None:
        precision = _FLOAT_PRECISION.get(verb)
        if precision is None:
            self._bad(owner, verb)
            return
        if verb == "v" and self.width is None and self.precision is None and not (self.sharp or self.space or self.plus):
            self.write(format_float(value))
            return
        letter = {"v": "g", "F": "f"}.get(verb, verb)
        text = format_verb(value, letter, precision if self.precision is None else self.precision)
        if text[0] not in "+-":
            text = "+" + text
        self._signed_float(text, letter)

    def _signed_float(self, text: str, letter: str) -> None:
        if self.space and text[0] == "+" and not self.plus:
            text = " " + text[1:]
        zero = self.zero
        if text[1] in "IN":
            if text[1] == "N" and not self.space and not self.plus:
                text = text[1:]
            self.zero = False
            self.pad(text)
            self.zero = zero
            return
        if self.sharp and letter != "b":
            text = _keep_zeros(text, letter, self.precision)
        if not self.plus and text[0] == "+":
            self.pad(text[1:])
        elif zero and not self.minus and self.width is not None and self.width > len(text):
            self.write(text[0] + text[1:].rjust(self.width - 1, "0"))
        else:
            self.pad(text)

    def _complex(self, value: complex, verb: str) -> None:
        if verb not in _FLOAT_PRECISION:
            self._bad(value, verb)
            return
        plus = self.plus
        self.write("(")
        self._float(value.real, verb, owner=value)
        self.plus = True
        self._float(value.imag, verb, owner=value)
        self.write("i)")
        self.plus = plus

    # -- collections --------------------------------------------------------------------------------------------

    def _open(self, value: object, bracket: str) -> bool:
        """Writes how a collection begins; False if nothing follows because it is nil."""
        if not self.sharp_v:
            self.write(bracket)
            return True
        self.write("[]byte" if isinstance(value, bytes) else type_of(value).name)
        if isinstance(value, Slice | Map) and value.nil:
            self.write("(nil)")
            return False
        self.write("{")
        return True

    def _map(self, value: object, verb: str, depth: int) -> None:
        if not isinstance(value, dict) or not self._open(value, "map["):
            return
        for number, (key, item) in enumerate(sorted_items(value)):
            if number:
                self.write(", " if self.sharp_v else " ")
            self._value(key, verb, depth + 1)
            self.write(":")
            self._value(item, verb, depth + 1)
        self.write("}" if self.sharp_v else "]")

    def _slice(self, value: object, verb: str, depth: int) -> None:
        if isinstance(value, bytes) and self._bytes(value, verb):
            return
        if not isinstance(value, bytes | list | tuple | Slice) or not self._open(value, "["):
            return
        for number, item in enumerate(value):
            if number:
                self.write(", " if self.sharp_v else " ")
            if isinstance(value, bytes):
                self._integer(Byte(item), verb, signed=False)
            else:
                self._value(item, verb, depth + 1)
        self.write("}" if self.sharp_v else "]")

    def _bytes(self, value: bytes, verb: str) -> bool:
        if verb == "s":
            self._string(from_bytes(value), verb)
        elif verb in "xX":
            self._hexadecimal(value, verb)
        elif verb == "q":
            self._quoted(from_bytes(value))
        else:
            return False
        return True

    def _struct(self, value: Struct | Object, verb: str, depth: int) -> None:
        if self.sharp_v:
            self.write(type_of(value).name)
        self.write("{")
        for number, (name, item) in enumerate(value.go_values()):
            if number:
                self.write(", " if self.sharp_v else " ")
            if self.plus_v or self.sharp_v:
                self.write(name + ":")
            self._value(item, verb, depth + 1)
        self.write("}")

    def _pointer(self, value: object, verb: str, depth: int) -> None:
        if isinstance(value, ErrorValue) and depth == 0:
            self.write("&errors.errorString{s:" if self.sharp_v else "&{s:" if self.plus_v else "&{")
            self._string(value.message, verb)
            self.write("}")
        elif is_nil(value) and verb == "v":
            self.pad("<nil>")
        elif is_nil(value) and verb in "bodxX":
            self._digits(0, verb, signed=False)
        elif isinstance(value, Pointer) and depth == 0 and type_of(value.target).kind in ("struct", "map", "slice"):
            self.write("&")
            self._value(value.target, verb, depth + 1)
        elif isinstance(value, Object) and depth == 0:
            self.write("&")
            self._struct(value, verb, depth + 1)
        elif verb in "vbodxX" and isinstance(value, Pointer | Object | Func | ErrorValue):
            self._address(value)
        else:
            self._bad(value, verb)

    def _address(self, value: object) -> None:
        # Go prints another one each time.
        self.pad("0x0" if is_nil(value) else "0xc000000000")


def _own_text(value: object) -> str | None:
    """What a value's own String or Error method says, if it has one."""
    if isinstance(value, ErrorValue):
        return value.message
    if isinstance(value, Pointer):
        return None if value.target is None else _own_text(value.target)
    method = methods_of(value).get("String")
    if method is None:
        return None
    text = method.invoke(value)
    return text if isinstance(text, str) else None


def _character(code: int) -> str:
    return chr(code) if 0 <= code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else "\ufffd"


def _keep_zeros(text: str, letter: str, precision: int | None) -> str:
    """The # flag: always a decimal point, and %g keeps its trailing zeros."""
    if letter in "xX":
        return text if "." in text else text.replace("p", ".p", 1).replace("P", ".P", 1)
    mantissa, mark, power = text.partition("E" if letter in "EG" else "e")
    if "." not in mantissa:
        mantissa += "."
    if letter in "gG":
        wanted = 6 if precision is None else precision
        digits = mantissa.lstrip("+- 0.").replace(".", "") or "0"
        mantissa += "0" * (wanted - len(digits))
    return mantissa + mark + power


def sprint_indirect(value: object) -> str:
    """A value as an action prints it: like Sprint, but a pointer prints what it points to."""
    if isinstance(value, Pointer) and value.target is not None:
        value = value.target
    if isinstance(value, Object) and type_of(value).kind == "ptr" and _own_text(value) is None:
        printer = _Printer()
        printer._struct(value, "v", 1)
        return printer.result()
    return sprint([value])
