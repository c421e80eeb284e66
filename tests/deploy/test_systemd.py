"""The unit: understood by systemd, and exposed as little as can be."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

UNIT = Path(__file__).parents[2] / "deploy" / "systemd" / "alertd.service"
EXPOSED_AT_MOST = 20
"""Of 100: what systemd-analyze gives to a service that is well shut in."""


def analyze(*args: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    assert program, "there is no systemd-analyze; install it: apt-get install systemd"
    return subprocess.run([program, *args], capture_output=True, text=True, timeout=60, check=False)


def test_systemd_understands_every_line(tmp_path: Path) -> None:
    """Of what it says, only that alertd is not installed here is no fault."""
    unit = tmp_path / "alertd.service"
    here = shutil.which("true") or "/bin/true"
    unit.write_text(re.sub(r"^(ExecStart)=\S+", rf"\1={here}", UNIT.read_text(), flags=re.MULTILINE))
    ran = analyze("verify", str(unit))
    assert (ran.returncode, ran.stderr) == (0, "")


def test_it_is_shut_in() -> None:
    ran = analyze("security", "--offline=true", f"--threshold={EXPOSED_AT_MOST}", "--no-pager", str(UNIT))
    assert ran.returncode == 0, ran.stdout + ran.stderr
