"""The anomaly detectors on labelled series in NAB's layout, scored as the Numenta Anomaly Benchmark scores.

python -m tests.bench.nab --data DIR --labels FILE --files LIST [--threshold T]

`nab_score.py` is looked for above the data. What runs is `alertd.detect.Detector` as it judges in production, with its default constants
for every file. Only what has a unit or asks for an opinion is set: both directions, no relative and no absolute floor and no multiple of
the 99th percentile (a temperature may fall by 2 %, a price may halve). NAB judges rows, not events, so its score is the `news` of a
slot (strength where nothing as strong was news during the last 12 hours) and `points: 2 of 3` plays no part.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from alertd.detect import Detector, DetectorSettings, MethodName
from alertd.detect.columns import F64

METHODS: tuple[MethodName, ...] = ("sigma", "seasonal")
BLIND_HOURS = 12
STEP, DAY_POINTS = 600.0, 144


@dataclass(frozen=True)
class Corpus:
    """Labelled series side by side: times and values [points, files], short files padded at their end."""

    truth: list[Any]
    lengths: list[int]
    times: F64
    values: F64

    def split(self, scores: F64) -> list[F64]:
        """One array per file, without the padding."""
        return [scores[:length, file] for file, length in enumerate(self.lengths)]


def load_scorer(data: Path) -> ModuleType:
    """The `nab_score.py` nearest above the data, or in a folder beside them."""
    for folder in (data, *data.parents):
        for path in (folder / "nab_score.py", folder / "nab" / "nab_score.py"):
            if path.is_file():
                spec = importlib.util.spec_from_file_location("nab_score", path)
                assert spec is not None
                assert spec.loader is not None
                scorer = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(scorer)
                return scorer
    raise SystemExit(f"no nab_score.py above {data}")


def load(data: Path, labels: Path, files: Path, scorer: ModuleType) -> Corpus:
    """Read the listed files."""
    names = [name for line in files.read_text().splitlines() if (name := line.split("#")[0].strip())]
    truth = scorer.load_truth(str(data), json.loads(labels.read_text()), names)
    columns = [_read(data / name, scorer) for name in names]
    longest = max(len(times) for times, _ in columns)
    # The last time again, without a value: a row's clock stands still once its file has ended.
    times = np.stack([np.pad(t, (0, longest - len(t)), mode="edge") for t, _ in columns], axis=1)
    values = np.stack([np.pad(x, (0, longest - len(x)), constant_values=np.nan) for _, x in columns], axis=1)
    return Corpus(truth, [len(t) for t, _ in columns], times, values)


def _read(path: Path, scorer: ModuleType) -> tuple[F64, F64]:
    times = [_unix(scorer.parse_time(text)) for text in scorer.read_column(path, "timestamp")]
    return np.array(times), np.array([float(text or "nan") for text in scorer.read_column(path, "value")])


def _unix(at: datetime) -> float:
    return at.replace(tzinfo=UTC).timestamp()


def settings(method: MethodName) -> DetectorSettings:
    """The defaults, without what has a unit."""
    return DetectorSettings(method=method, direction="both", min_change=0.0, min_value=0.0, sparse_factor=0.0)


def scores(corpus: Corpus, method: MethodName) -> list[F64]:
    """One pass over all files at once, each row with its own clock."""
    detector = Detector(settings(method))
    detector.add(len(corpus.lengths))
    news = [detector.judge(at, x).news for at, x in zip(corpus.times, corpus.values, strict=True)]
    return corpus.split(np.array(news))


def blind(corpus: Corpus) -> list[F64]:
    """An alarm every twelve hours, without a look at the data: what a score is worth that says nothing."""
    slots = np.floor_divide(corpus.times, BLIND_HOURS * 3600.0)
    return corpus.split(np.diff(slots, axis=0, prepend=slots[:1]) > 0.0)


def microseconds_per_point(method: MethodName, rows: int, *, points: int = 400, block: int = 20) -> tuple[float, float]:
    """CPU time of one point of `rows` series on one clock, ten days old: of the best block, and of the middle one."""
    detector = Detector(settings(method))
    detector.add(rows)
    past = 10 * DAY_POINTS
    values = np.random.default_rng(1).lognormal(5.0, 1.0, (past + points, rows))
    times = STEP * np.arange(past + points)
    detector.learn(times[:past], values[:past])
    seconds = []
    for first in range(past, past + points, block):
        before = time.process_time()
        for at, row in zip(times[first : first + block].tolist(), values[first : first + block], strict=True):
            detector.judge(at, row)
        seconds.append(time.process_time() - before)
    scale = 1e6 / block / rows
    return min(seconds) * scale, float(np.median(seconds)) * scale


def _report(scorer: ModuleType, name: str, corpus: Corpus, found: list[F64], threshold: float | None) -> list[float]:
    report = scorer.score(corpus.truth, found, None if threshold is None else [threshold] * 3)
    values = [profile["score"] for profile in report.values()]
    standard = report["standard"]
    print(
        f"{name:10} standard {values[0]:6.1f}  lowFP {values[1]:6.1f}  lowFN {values[2]:6.1f}   threshold"
        f" {standard['threshold']:.2f}  windows {standard['hit']}/{standard['windows']}  rows outside {standard['fp_rows']}"
    )
    return values


def _report_halves(scorer: ModuleType, corpus: Corpus, found: list[F64]) -> None:
    """Every second file's best threshold, on itself and on the others."""
    halves = [range(first, len(found), 2) for first in (0, 1)]
    for chosen, others in (halves, halves[::-1]):
        own, other = ([corpus.truth[i] for i in half] for half in (chosen, others))
        best = scorer.score(own, [found[i] for i in chosen])["standard"]
        carried = scorer.score(other, [found[i] for i in others], [best["threshold"]] * 3)["standard"]
        print(
            f"{'':10} half: {best['score']:.1f} at its own threshold, which gives the other half {carried['score']:.1f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("data", "labels", "files"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--threshold", type=float, help="use this one instead of the best for these files")
    options = parser.parse_args()
    scorer = load_scorer(options.data.resolve())
    corpus = load(options.data, options.labels, options.files, scorer)
    print(f"{len(corpus.lengths)} files, {sum(corpus.lengths)} rows")
    _report(scorer, "blind", corpus, blind(corpus), None)
    values: list[float] = []
    for method in METHODS:
        found = scores(corpus, method)
        values = _report(scorer, method, corpus, found, options.threshold)
        _report_halves(scorer, corpus, found)
    for method in METHODS:
        (best, usual), (best_ten, usual_ten) = (microseconds_per_point(method, rows) for rows in (1000, 10_000))
        print(
            f"{method:10} {best:.2f} us per point at 1,000 series (median {usual:.2f});"
            f" a slot of 10,000 series {best_ten * 10:.1f} ms (median {usual_ten * 10:.1f})"
        )
    print(f"standard {values[0]:.1f} lowFP {values[1]:.1f} lowFN {values[2]:.1f}")


if __name__ == "__main__":
    main()
