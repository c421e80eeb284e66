"""A backtest as one self-contained HTML page, or one picture: a chart for each series that fired."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta

import jinja2
from markupsafe import Markup

from alertd.charts import Chart, draw, stacked, svg
from alertd.labels import LabelSet
from alertd.replay.backtest import Backtest
from alertd.replay.backtest_report import (
    EPISODE_COLUMNS,
    SUMMARY_COLUMNS,
    comparison_rows,
    episode_row,
    summaries,
    summary_row,
)
from alertd.replay.episodes import Episode
from alertd.rules.rule import AlertingRule

MOST_CHARTS = 40
MOST_IN_A_PICTURE = 8


def page(runs: Mapping[str, Backtest]) -> str:
    """The HTML; every text in it is escaped, nothing is loaded from elsewhere."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("alertd.replay", "pages"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("backtest.html").render(
        runs=[_shown(name, run) for name, run in runs.items()],
        comparison=list(comparison_rows(runs)) if len(runs) > 1 else [],
        names=list(runs),
        summary_columns=SUMMARY_COLUMNS,
        episode_columns=EPISODE_COLUMNS,
    )


def picture(runs: Mapping[str, Backtest]) -> bytes:
    """A PNG of the series that fired longest, one below the other; raises NoImagesError."""
    from alertd.charts.png import png

    drawings = [draw(chart) for run in runs.values() for chart in charts(run)[:MOST_IN_A_PICTURE]]
    return png(stacked(drawings or [draw(_nothing(next(iter(runs.values()))))]))


def charts(run: Backtest) -> list[Chart]:
    """One per series that fired, those that fired longest first."""
    if run.recorder is None:
        return []
    by_series: dict[tuple[str, str, LabelSet], list[Episode]] = defaultdict(list)
    for episode in run.episodes:
        by_series[episode.group, episode.rule, episode.series].append(episode)
    until = run.reached or run.period.start
    units = {rule.name: rule.unit for group in run.groups for rule in group.rules if isinstance(rule, AlertingRule)}
    longest_first = sorted(
        by_series.items(), key=lambda item: sum((one.lasted(until) for one in item[1]), timedelta()), reverse=True
    )
    return [
        run.recorder.chart(group, rule, series, episodes, unit=units.get(rule, ""))
        for (group, rule, series), episodes in longest_first[:MOST_CHARTS]
    ]


def _shown(name: str, run: Backtest) -> dict[str, object]:
    until = run.reached or run.period.start
    return {
        "name": name,
        "start": run.period.start,
        "end": until,
        "complete": run.is_complete,
        "rules": [summary_row(one) for one in summaries(run)],
        "episodes": [episode_row(one, until) for one in run.episodes],
        "charts": [Markup(svg(draw(chart))) for chart in charts(run)],  # noqa: S704 - svg escapes every text
    }


def _nothing(run: Backtest) -> Chart:
    import numpy as np

    return Chart(title=f"nothing fired: {', '.join(run.rule_names())}", times=np.empty(0), values=np.empty(0))
