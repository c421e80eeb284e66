"""Modules that a daemon imports when it needs them, not when it starts.

A plain `alertmanager.yml` needs no numpy, no kinds of rules, no charts, and one receiver's module of five; importing them
anyway is almost half of what such a start costs. Whoever needs one on the way of every start names it like this:

    if TYPE_CHECKING:
        from alertd.rules import anomaly
    else:
        anomaly = deferred("alertd.rules.anomaly")

and writes `anomaly.Anomaly`. It is imported when one of its names is asked for. That may take 100 ms, which is too long
on the event loop: `import_deferred`, in a thread, comes before whatever is going to need them there.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING, Any

_NAMES: set[str] = set()


class _Deferred(ModuleType):
    """Stands for a module; each name is looked up there once. Threads are kept apart by the lock of every import."""

    def __getattr__(self, name: str) -> Any:
        value = getattr(importlib.import_module(self.__name__), name)
        setattr(self, name, value)
        return value


def deferred(name: str) -> ModuleType:
    """What stands for the module `name`."""
    _NAMES.add(name)
    return _Deferred(name)


def import_deferred(*names: str) -> None:
    """Import these, or everything that was deferred; call it in a thread where a loop is running."""
    for name in names or sorted(_NAMES):
        importlib.import_module(name)


if TYPE_CHECKING:
    import numpy as np
else:
    np = deferred("numpy")

__all__ = ["deferred", "import_deferred", "np"]
