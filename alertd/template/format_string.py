"""Walks over a format string of Printf: which operand each verb prints, and with which flags."""

from __future__ import annotations

from collections.abc import Sequence

from alertd.template.printer import Printer
from alertd.template.values import NO_VALUE, type_of

MAX_WIDTH = 1_000_000  # Go ignores wider widths, too
_FLAGS = {"#": "sharp", "0": "zero", "+": "plus", "-": "minus", " ": "space"}
_DIGITS = "0123456789"


class Format:
    """One walk over a format string: finds the verbs and the operand each of them prints."""

    def __init__(self, template: str, values: Sequence[object], printer: Printer) -> None:
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
                self.printer.write(self.template[self.pos :])
                break
            self.printer.write(self.template[self.pos : percent])
            self.pos = percent + 1
            self._verb()
        if not self.reordered and self.index < len(self.values):
            self._extra()

    def _extra(self) -> None:
        printer = self.printer
        printer.clear_flags()
        printer.write("%!(EXTRA ")
        for number, value in enumerate(self.values[self.index :]):
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
        verb = self.template[self.pos : self.pos + 1]
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
        while flag := _FLAGS.get(self.template[self.pos : self.pos + 1]):
            setattr(self.printer, flag, True)
            self.pos += 1

    def _argument_index(self) -> None:
        """`[n]`: the operand to use next."""
        if self.template[self.pos : self.pos + 1] != "[":
            self.after_index = False
            return
        self.reordered = True
        closing = self.template.find("]", self.pos)
        inner = self.template[self.pos + 1 : closing] if closing > 0 else ""
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
        while self.template[self.pos : self.pos + 1] in _DIGITS and self.pos < len(self.template):
            self.pos += 1
        if start == self.pos:
            return None
        if self.pos - start > 7 or int(self.template[start : self.pos]) > MAX_WIDTH:
            self.pos = len(self.template)
            return None
        return int(self.template[start : self.pos])

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
        if self.template[self.pos : self.pos + 1] != "*":
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
        if self.template[self.pos : self.pos + 1] != "." or self.pos + 1 == len(self.template):
            return
        self.pos += 1
        if self.after_index:
            self.good_index = False
        self._argument_index()
        if self.template[self.pos : self.pos + 1] != "*":
            printer.precision = self._number() or 0
            return
        printer.precision = self._operand_number()
        if printer.precision is None or printer.precision < 0:
            printer.precision = None
            printer.write("%!(BADPREC)")
