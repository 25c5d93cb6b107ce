"""Names that changed and are still understood, for one minor version."""

from __future__ import annotations

import logging
import warnings

log = logging.getLogger(__name__)

GOES_WITH = "0.3"  # the version that no longer knows them

_logged: set[str] = set()


def deprecated(old: str, new: str) -> None:
    """Says once a process in the log, and as a DeprecationWarning at each use, what the new name is."""
    message = f"{old} is now {new}; the old name goes with version {GOES_WITH}"
    warnings.warn(message, DeprecationWarning, stacklevel=3)
    if old not in _logged:
        _logged.add(old)
        log.warning("%s", message)
