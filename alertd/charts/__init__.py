"""Charts of one series: value, expected band, limits, firing spans, and what a projection expects.

In: a `Chart` of arrays. Out: the same drawing as SVG text or as the bytes of a PNG (extra `images`).
Never: queries, files, colours that mean something only together with the others.
"""

from alertd.charts.chart import Chart, Fan, Limit, Span, limits_in
from alertd.charts.layout import draw, stacked
from alertd.charts.svg import svg

__all__ = ["Chart", "Fan", "Limit", "Span", "draw", "limits_in", "stacked", "svg"]
