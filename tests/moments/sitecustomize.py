"""Imported by every Python process of a run at another moment: sleeping by `select`.

libfaketime up to 0.9.10 passes a negative time to the kernel where Python 3.11 and later sleep (its issue 426).
"""

import select
import time


def _sleep(seconds: float, /) -> None:
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    select.select([], [], [], seconds)


time.sleep = _sleep
