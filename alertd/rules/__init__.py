"""Rule groups, the kinds of rules, and what a kind finds in the answers to its queries. Pure.

In: a rule and the `SeriesBatch` it needs. Out: `Finding`s (breached, held, clear), or an error that leaves everything unknown.
Never: what was true before (that is `alerts/`), fetching.
"""
