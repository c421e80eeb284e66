"""For each integration its settings, its payload (pure) and its send, in modules that begin with its name.

In: a `Message`. Out: an outcome: `Delivered`, `Retry`, `Rejected`.
Never: deciding whether to send, remembering.
"""
