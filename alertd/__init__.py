"""alertd: asks Prometheus, judges rules, tells people.

The packages in the order in which data flows (imports go the other way, `tests/test_architecture.py` holds the table):

`config`    what the files say: alertd.yml, rule files and packs, presets, cross checks, lint; their schemas and reference
`query`     the needs of the due rules -> the fewest requests -> Prometheus -> `SeriesBatch`; the past of a series, in chunks
`detect`    numpy only: how unusual a value is for its series, what the rest of a period brings; one call for thousands of series
`ledger`    what every scope spent in its period, from raw counters; prices of tokens
`rules`     groups, kinds of rules: PromQL, threshold, anomaly, budget, projection; a kind judges a `SeriesBatch` into findings
`alerts`    `step()`: the only state machine; labels and annotations; what is sent on, and when
`dispatch`  the routes to receivers, aggregation groups and when each is due; silences, inhibition, time intervals
`notify`    is a notification owed, and why; the notification log; messages, digests of many; the states of a delivery
`receivers` one module per integration: payload and send
`engine`    the loops that make the stages move: scheduler, evaluator, dispatcher, deliverer, warm-up, janitor
`store`     keeps it all: memory, SQLite
`replay`    the same evaluator on other series: unit tests of rules, backtests of recorded history, tuning

Languages and tools under them: `charts`, `labels`, `template`, `yamlio`, `http`, `telemetry`. Doors: `api`, `cli`; `demo` shows it all.
`links.py` builds what a configuration talks to, `entrance.py` who is let in, `app.py` everything else; `clock.py` alone reads the clock;
`deferred.py` keeps a start from importing what it does not need, `batches.py` does in one go what many ask for at one time.
"""

__version__ = "0.1.0"
