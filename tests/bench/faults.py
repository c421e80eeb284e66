"""Whether anything is lost: 500 alerts to three receivers, one flapping, while alertd is killed 200 times with kill -9.

python -m tests.bench.faults --kills 200
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.support.faults import run


def _progress(kills: int) -> None:
    if kills % 20 == 0:
        print(f"{kills} kills", file=sys.stderr)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alerts", type=int, default=500)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = asyncio.run(
            run(Path(folder), alerts=options.alerts, kills=options.kills, seed=options.seed, progress=_progress)
        )
    print(report)
    return 1 if report.lost else 0


if __name__ == "__main__":
    sys.exit(main())
