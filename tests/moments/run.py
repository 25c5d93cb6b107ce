"""Runs a command at another moment: `python tests/moments/run.py "2028-02-28 23:58 Asia/Kolkata" pytest tests/shop`.

The clock of the command and of what it starts is shifted by libfaketime (Debian: `apt-get install faketime`); the
monotonic clock stays, and so do the times that the kernel and servers of other people write. An empty moment
stands for one of MOMENTS, chosen by the commit, so that a failure comes back when the commit is tried again.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

MOMENTS = [
    "2028-02-28 23:58 Europe/Berlin",  # the night before a leap day
    "2027-12-31 23:58 UTC",  # a year ends in the middle of the night of the shop
    "2027-12-31 23:58 Europe/Berlin",
    "2027-03-28 01:58 Europe/Berlin",  # clocks go forward
    "2027-10-31 02:58 Europe/Berlin",  # clocks go back
    "2027-11-07 01:58 America/New_York",  # they go back where the machine is, and not in the shop
    "2027-09-30 23:58 Asia/Kolkata",  # a quarter ends, half an hour beside the hours of UTC
    "2026-11-30 12:00 UTC",
    "2029-01-01 00:01 Pacific/Kiritimati",  # it is still the day before almost everywhere
    "2031-07-18 05:58 Europe/Berlin",  # opening time of a Friday
]


def chosen() -> str:
    """The moment that belongs to the commit checked out."""
    head = subprocess.run(["git", "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout
    return MOMENTS[int(head, 16) % len(MOMENTS)]


def main(moment: str, *command: str) -> None:
    """Become the command, at that moment. Raises SystemExit where libfaketime is not installed."""
    moment = moment or chosen()
    day, hour, *zones = moment.split()
    zone = zones[0] if zones else "UTC"
    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
    if library is None:
        sys.exit("libfaketime is missing; `sudo apt-get install faketime` brings it")
    offset = datetime.fromisoformat(f"{day} {hour}").replace(tzinfo=ZoneInfo(zone)).timestamp() - time.time()
    print(f"At {moment}: make test-moment MOMENT={moment!r}", flush=True)
    os.environ |= {
        "TZ": zone, "LD_PRELOAD": str(library), "FAKETIME": f"{offset:+.0f}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DONT_RESET": "1", "PYTHONPATH": str(Path(__file__).parent),
    }  # fmt: skip
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
