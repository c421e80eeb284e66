"""What a start of the daemon does without."""

from __future__ import annotations

import subprocess
import sys

START = """
import sys
from alertd.cli import main

try:
    main(["run", "--config.file=/nonexistent.yml"])
except SystemExit:
    pass
assert "alertd.app" in sys.modules, "it got as far as importing the daemon"
print("rich" in sys.modules)
import rich
"""


def test_rich_is_not_imported_but_can_be() -> None:
    ran = subprocess.run([sys.executable, "-c", START], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout == "False\n"
