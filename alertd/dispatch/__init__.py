"""Whom to tell and when: route, aggregation groups and their timers. Pure.

In: `PostedAlert`s and a time. Out: the groups that are due, as `GroupFlush`es.
Never: whether a notification is owed (that is `notify/`), sending.
"""
