"""Imported by each Python process of a run at another moment: sleeps by `select`.

libfaketime 0.9.10 tells the kernel to sleep until a negative time where Python, from 3.11 on, sleeps (its issue 426).
"""

from __future__ import annotations

import select
import time
from typing import SupportsIndex


def _sleep(seconds: float | SupportsIndex, /) -> None:
    if float(seconds) < 0:
        raise ValueError("sleep length must be non-negative")
    select.select([], [], [], float(seconds))


time.sleep = _sleep
