"""Runs the tests that read the clock at another moment: `make test-moment MOMENT="2028-02-28 23:58 Asia/Kolkata"`.

The clock of the tests and of what they start is shifted by libfaketime (Debian: `apt-get install faketime`); the
monotonic clock stays. Without a moment, one of MOMENTS is chosen by the commit: what fails then fails again.
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
    "2028-02-28 23:58 Europe/Berlin",  # a leap day begins, in the zone of the tests' shop
    "2028-12-31 23:58 Europe/Berlin",  # a day, a week, a month, a quarter and a year end at once
    "2027-12-31 23:58 UTC",  # a year ends where the shop has had the new one for an hour
    "2027-03-28 01:58 Europe/Berlin",  # clocks go forward
    "2027-10-31 02:58 Europe/Berlin",  # clocks go back
    "2027-11-07 01:58 America/New_York",  # they go back where the machine is, and not in the shop
    "2027-09-30 23:58 Asia/Kolkata",  # half an hour beside the hours of UTC
    "2029-01-01 00:01 Pacific/Kiritimati",  # it is the day before almost everywhere else
    "2026-11-30 12:00 UTC",
    "2044-07-17 05:13 Pacific/Chatham",
]

# What reads the clock most: the shop, what is told to it, and day and night. Not the framework, whose time is that of
# the pictures; and not the cluster: nats-server is a program in Go, which asks the kernel, and so no library, for the time.
TESTS = ["tests/shop", "tests/plugins/shop", "tests/plugins/abnormality/test_day_night.py"]
# What many do at once, prices, and the addresses of pages: long, and no clock in them.
LEFT_OUT = [f"--ignore=tests/shop/test_{name}.py" for name in ("limits", "pricing", "races", "routes")]
# MariaDB has the clock of the machine, and its tests are those of SQLite; Chromium opens no page under libfaketime.
MARKS = "not slow and not browser and not mariadb and not file_times"


def chosen() -> str:
    """The moment that belongs to the commit checked out."""
    head = subprocess.run(["git", "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout
    return MOMENTS[int(head, 16) % len(MOMENTS)]


def main(moment: str, *arguments: str) -> None:
    """Become pytest, at that moment. SystemExit where libfaketime is not installed."""
    moment = moment or chosen()
    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
    if library is None:
        sys.exit("tests: libfaketime is missing; `sudo apt-get install faketime` installs it")
    try:
        day, hour, zone = f"{moment} UTC".split()[:3]
        offset = datetime.fromisoformat(f"{day} {hour}").replace(tzinfo=ZoneInfo(zone)).timestamp() - time.time()
    except (ValueError, KeyError) as error:
        sys.exit(f'tests: MOMENT="{moment}" is no moment ({error}); one is "2028-02-28 23:58 Asia/Kolkata"')
    print(f'Again by: make test-moment MOMENT="{day} {hour} {zone}"', flush=True)
    os.environ |= {
        "TZ": zone, "LD_PRELOAD": str(library), "FAKETIME": f"{offset:+.0f}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DONT_RESET": "1", "PYTHONPATH": str(Path(__file__).parent),
    }  # fmt: skip
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *TESTS, *LEFT_OUT, "-m", MARKS, *arguments])


if __name__ == "__main__":
    main(*sys.argv[1:])
