"""A value that must never be seen: it prints as `<secret>` everywhere and is opened only where it is used."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HIDDEN = "<secret>"


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A secret given in the configuration, or the path of a file that holds it.

    A file is read at each use (so rotated credentials need no reload) and stripped of surrounding white space.
    """

    value: str = ""
    file: Path | None = None

    def reveal(self) -> str:
        """The secret itself; raises OSError when its file cannot be read."""
        return self.file.read_text().strip() if self.file is not None else self.value

    def __repr__(self) -> str:
        return HIDDEN

    __str__ = __repr__

    def __bool__(self) -> bool:
        return self.file is not None or bool(self.value)
