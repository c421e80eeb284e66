"""What can go wrong with saved state."""

from __future__ import annotations

from alertd.errors import AlertdError


class SavedStateError(AlertdError):
    """Saved bytes are of another version, other settings, or damaged: start afresh and learn anew."""
