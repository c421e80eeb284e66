"""Which package may import which, which packages are pure, and that only clock.py reads the clock."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

HOME = Path(__file__).parent.parent / "alertd"

GROUND = ("deferred", "errors", "duration", "secret", "settings", "labels")
"""What everybody above may import without a word in the table."""

MAY_IMPORT: dict[str, set[str]] = {
    # Low to high: a row may name rows above it only.
    "deferred": set(),
    "errors": set(),
    "duration": set(),
    "clock": set(),
    "batches": set(),
    "secret": set(),
    "settings": set(),
    "labels": set(),
    "detect": set(),
    "charts": set(),
    "yamlio": set(),
    "template": set(),
    "http": set(),
    "telemetry": {"clock"},
    "query": {"yamlio", "http", "clock"},
    "ledger": {"query"},
    "rules": {"detect", "yamlio", "template", "query", "ledger"},
    "alerts": {"template", "query", "rules"},
    "dispatch": {"yamlio", "alerts"},
    "notify": {"template", "alerts", "dispatch"},
    "receivers": {"yamlio", "template", "http", "alerts", "notify"},
    "store": {"batches", "clock", "rules", "alerts", "dispatch", "notify"},
    "engine": {
        *(
            "batches",
            "charts",
            "clock",
            "http",
            "template",
            "telemetry",
            "query",
            "rules",
            "alerts",
            "dispatch",
            "notify",
        ),
    },
    "replay": {
        *("clock", "charts", "yamlio", "template", "http", "query", "rules", "alerts", "dispatch", "notify", "store"),
        "engine",
    },
    "api": {
        *(
            "clock",
            "charts",
            "http",
            "template",
            "telemetry",
            "query",
            "rules",
            "alerts",
            "dispatch",
            "notify",
            "store",
        ),
        "engine",
    },
    "config": {
        *("yamlio", "template", "http", "telemetry", "query", "rules", "alerts", "dispatch", "notify", "receivers"),
        *("ledger", "store", "engine", "replay", "api"),  # of api only its settings
    },
    "demo": {"clock", "charts", "http", "replay"},
}
"""The packages (and the modules beside them) and what each may import besides itself and the ground."""

SEES_EVERYTHING = {"__init__", "__main__", "app", "entrance", "links", "cli"}
PURE = {"labels", "detect", "charts", "yamlio", "template", "ledger", "rules", "alerts", "dispatch", "notify"}
DOES_IO = {
    *("aiohttp", "apscheduler", "asyncio", "concurrent", "http", "requests", "select", "selectors", "signal"),
    *("smtplib", "socket", "sqlite3", "ssl", "subprocess", "tempfile", "threading", "urllib3"),
}
TOUCHES_A_FILE = {"read_bytes", "read_text", "write_bytes", "write_text"}
SHIPPED = "importlib.resources"
"""A module that uses it reads texts that are part of the package: constants, not files."""

READS_THE_CLOCK = {
    *(f"datetime.{name}" for name in ("now", "utcnow", "today")),
    *(f"time.{name}" for name in ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns")),
    *("date.today", "time.localtime", "time.gmtime"),
}


def violations(home: Path) -> list[str]:
    """Everything in the package at `home` that breaks the rules of this file: where, what, and what to do instead."""
    return [
        f"{path.relative_to(home.parent)}: {problem}"
        for path in sorted(home.rglob("*.py"))
        for problem in _problems(_owner(path.relative_to(home)), ast.parse(path.read_text()))
    ]


def _owner(path: Path) -> str:
    """The row of the table a file belongs to: its package, or its own name beside the packages."""
    return path.parts[0] if len(path.parts) > 1 else path.stem


def _problems(owner: str, tree: ast.Module) -> Iterator[str]:
    yield from _relative_imports(tree)
    if owner != "clock":
        yield from _clock_reads(tree)
    if owner in PURE:
        yield from _impurities(owner, tree)
    if owner not in SEES_EVERYTHING:
        yield from _illegal_imports(owner, tree)


def _relative_imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield f"line {node.lineno}: relative import; write the whole name, so that a search finds it"


def _illegal_imports(owner: str, tree: ast.Module) -> Iterator[str]:
    if owner not in MAY_IMPORT:
        yield f"{owner} is not in the table; give it a row in {Path(__file__).name}"
        return
    for name in _imports(tree):
        top, *rest = name.split(".")
        if top != "alertd" or not rest:
            continue
        if rest[0] not in {*_granted(owner), "__version__"}:
            yield f"{owner} must not import {name}; hand the value in, or move the code that needs both to engine/ or app.py"


def _granted(owner: str) -> set[str]:
    above = list(MAY_IMPORT)[: list(MAY_IMPORT).index(owner)]
    return {owner, *MAY_IMPORT[owner], *(name for name in GROUND if name in above)}


def _impurities(owner: str, tree: ast.Module) -> Iterator[str]:
    for name in _imports(tree):
        if name.split(".")[0] in DOES_IO:
            yield f"{owner} is pure and must not import {name}; move what needs it to engine/"
    declared = {id(child) for node in ast.walk(tree) if _is_protocol(node) for child in ast.walk(node)}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith)
            and id(node) not in declared
        ):
            yield f"line {node.lineno}: {owner} is pure and must not be async; decide here, await in engine/"
        if isinstance(node, ast.Call) and _touches_a_file(node.func) and SHIPPED not in set(_imports(tree)):
            yield f"line {node.lineno}: {owner} is pure and must not touch files; take their contents as a value"


def _touches_a_file(function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return function.id == "open"
    return isinstance(function, ast.Attribute) and function.attr in TOUCHES_A_FILE


def _clock_reads(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ".".join(_dotted(node).split(".")[-2:]) in READS_THE_CLOCK:
            yield f"line {node.lineno}: {_dotted(node)} reads the clock; take `at: datetime` or a Clock"
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            yield f"line {node.lineno}: import time whole, so that reading the clock is seen; or take a Clock"


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.module == "alertd":
                yield from (f"alertd.{alias.name}" for alias in node.names)
            else:
                yield node.module or ""


def _is_protocol(node: ast.AST) -> bool:
    return isinstance(node, ast.ClassDef) and any(_dotted(base).split(".")[-1] == "Protocol" for base in node.bases)


def _dotted(node: ast.expr) -> str:
    """`a.b.c` for names and attributes; an empty first part for anything else."""
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def test_the_code_follows_the_map():
    assert not violations(HOME), "\n" + "\n".join(violations(HOME))


def test_every_row_of_the_table_exists():
    assert {name for name in MAY_IMPORT if not (HOME / name).is_dir() and not (HOME / f"{name}.py").is_file()} == set()


def test_the_table_has_no_circles_because_rows_name_rows_above_them_only():
    order = list(MAY_IMPORT)
    for position, (owner, allowed) in enumerate(MAY_IMPORT.items()):
        assert allowed <= set(order[:position]), owner


@pytest.mark.parametrize(
    ("file", "source", "problem"),
    [
        pytest.param(
            "rules/a.py", "from alertd.engine.x import Y", "rules must not import alertd.engine.x", id="forward"
        ),
        pytest.param("rules/a.py", "import alertd.notify.log", "rules must not import alertd.notify.log", id="plain"),
        pytest.param("duration.py", "from alertd.labels import x", "duration must not import", id="the ground too"),
        pytest.param("rules/a.py", "from alertd import app", "rules must not import alertd.app", id="from the root"),
        pytest.param("rules/a.py", "from .b import c", "line 1: relative import", id="relative"),
        pytest.param("clock.py", "from alertd.engine import x", "clock must not import", id="the ground knows nobody"),
        pytest.param("gossip/a.py", "import json", "gossip is not in the table", id="a new package needs a row"),
        pytest.param("notify/a.py", "import asyncio", "notify is pure and must not import asyncio", id="I/O module"),
        pytest.param("alerts/a.py", "async def f(): ...", "alerts is pure and must not be async", id="async"),
        pytest.param("dispatch/a.py", "text = open('x').read()", "line 1: dispatch is pure", id="open"),
        pytest.param("dispatch/a.py", "text = path.read_text()", "line 1: dispatch is pure", id="read_text"),
        pytest.param("engine/a.py", "import time\nt = time.time()", "line 2: time.time reads the clock", id="time"),
        pytest.param("cli/a.py", "t = dt.datetime.now(UTC)", "line 1: dt.datetime.now reads the clock", id="datetime"),
        pytest.param("engine/a.py", "from time import monotonic", "line 1: import time whole", id="a hidden clock"),
    ],
)
def test_a_violation_is_named_with_its_file(tmp_path, file, source, problem):
    path = tmp_path / "alertd" / file
    path.parent.mkdir(parents=True)
    path.write_text(source)
    (found,) = violations(tmp_path / "alertd")
    assert found.startswith(f"alertd/{file}: ")
    assert problem in found


@pytest.mark.parametrize(
    ("file", "source"),
    [
        pytest.param("engine/a.py", "import asyncio\nfrom alertd.rules.rule import Rule", id="backwards, with I/O"),
        pytest.param("rules/a.py", "from alertd.errors import AlertdError", id="the ground"),
        pytest.param("rules/a.py", "from alertd.rules.rule import Rule", id="its own package"),
        pytest.param(
            "notify/a.py", "class Log(Protocol):\n    async def load(self): ...", id="a protocol is a promise"
        ),
        pytest.param("clock.py", "import time\nt = time.monotonic()", id="the clock"),
        pytest.param("cli/a.py", "from alertd.engine import deliverer", id="the command line sees everything"),
        pytest.param("rules/a.py", "self.open(node)", id="a method called open"),
        pytest.param("template/a.py", "from importlib.resources import files\nfiles().read_text()", id="shipped text"),
    ],
)
def test_what_the_map_allows_passes(tmp_path, file, source):
    path = tmp_path / "alertd" / file
    path.parent.mkdir(parents=True)
    path.write_text(source)
    assert violations(tmp_path / "alertd") == []
