"""Is a notification owed, and why; the notification log; messages; the states of a delivery. Pure.

In: a `GroupFlush` and the last log entry. Out: a `Reason` or none, a `Message` per integration, `Delivery` rows.
Never: sending (that is `receivers/` and `engine/`).
"""
