"""The needs of the due rules -> a plan of few requests -> a source -> one `SeriesBatch` per need.

In: `QueryNeed`s and an evaluation time. Out: per need a `SeriesBatch`, or the `QueryError` that kept it from being known.
Beside it: the past of an expression (`HistoryNeed` -> `SeriesMatrix`, in chunks), and the bodies of remote write.
Never: judging values, remembering alerts.
"""
