"""One module per integration: its settings, its payload (pure) and its send.

In: a `Message`. Out: an outcome: `Delivered`, `Retry`, `Rejected`.
Never: deciding whether to send, remembering.
"""
