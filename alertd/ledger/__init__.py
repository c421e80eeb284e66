"""What was spent per scope and period, kept from raw counters. Pure: arrays in, sums out.

In: samples of counter series, slot by slot or as read from history. Out: spend per scope and period, how much of the period
was observed, who spent it. Never: queries, limits (those are the rule kinds').
"""
