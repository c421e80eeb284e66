"""What is true since when: `Alert`, the one state machine `step()`, and the alerts handed on to dispatch. Pure.

In: findings of one slot and the alerts before it. Out: the alerts after it, what changed, what is to be sent on.
Never: whom to tell (that is `dispatch/`), fetching, reading the clock.
"""
