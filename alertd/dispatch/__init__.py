"""Whom to tell and when: routing tree, aggregation groups and their timers, and what mutes them. Pure.

In: `PostedAlert`s, silences and a time. Out: the groups that are due, as `GroupFlush`es with their muted alerts set apart.
Never: whether a notification is owed (that is `notify/`), sending.
"""
