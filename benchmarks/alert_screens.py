"""How long after its event an alert is on every open page, with fifty pages open.

    python benchmarks/alert_screens.py [alerts] [database URL]

A server in processes of its own (one on SQLite, two on MariaDB) with its default threads; fifty streams as browsers open
them; an event a second, sent as a camera system sends it. Prints the time from the moment before the event is sent to
the moment when its line has come, over all pages, and beside it the time until the event's own answer.
A database given by URL must be empty; it is filled.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import requests
from pydantic import SecretStr

from shop_app.accounts import sessions
from shop_app.app import create_app
from shop_app.base.db import now
from shop_app.base.models import Account
from shop_app.base.permissions import Role
from shop_app.base.settings import Settings
from shop_app.ops.schema import initialise, upgrade_database
from shop_app.web.area import shop_of
from tests.shop.night import CameraSystem
from tests.shop.test_kill import Server

PAGES = 50
PAUSE = 1.0  # seconds between two alerts


def main(alerts: int, url: str) -> None:
    """Measure, and print one line per figure."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(instance=Path(folder), database=SecretStr(url), plain_http=True, testing=True)
        upgrade_database(settings)
        app = create_app(settings)
        database = shop_of(app).database
        with app.test_request_context(), database.writing() as session:
            initialise(session, name="Bench", currency="EUR", time_zone="Europe/Berlin")
            guard = Account(role=Role.SECURITY.value, name="Guard", email="g@example.com", email_norm="g@example.com", created_at=now(), active=True)  # fmt: skip
            session.add(guard)
            session.flush()
            cookie = sessions.begin(session, guard, kind="browser", label="bench")
        token = CameraSystem.of(app).token
        server = Server(settings, threads=settings.threads)
        try:
            delays, answers = measure(f"http://{server.address[0]}:{server.address[1]}", cookie, token, alerts)
        finally:
            server.kill()
            database.close()
    report("on the pages", delays)
    report("event's answer", answers)


def measure(server: str, cookie: str, token: str, alerts: int) -> tuple[list[float], list[float]]:
    """Seconds from sending to each page, and from sending to the answer."""
    got: list[list[float]] = [[] for _ in range(PAGES)]
    pages = [threading.Thread(target=read, args=(server, cookie, alerts, moments)) for moments in got]
    for page in pages:
        page.start()
    time.sleep(3)
    sent, answers = [], []
    with requests.Session() as camera_system:
        camera_system.headers["Authorization"] = f"Bearer {token}"
        for number in range(alerts):
            sent.append(time.monotonic())
            camera_system.post(f"{server}/api/v1/events", json={"events": [incident(number)]}).raise_for_status()
            answers.append(time.monotonic() - sent[-1])
            time.sleep(PAUSE)
    for page in pages:
        page.join(timeout=30)
    assert [len(moments) for moments in got] == [alerts] * PAGES, "a page has not seen every alert"
    return [moments[n] - sent[n] for moments in got for n in range(alerts)], answers


def read(server: str, cookie: str, alerts: int, moments: list[float]) -> None:
    """Notes when each alert came to one page."""
    with requests.get(f"{server}/alerts/stream", cookies={"login": cookie}, stream=True, timeout=60) as answer:
        for line in answer.iter_lines(chunk_size=1):
            if line.startswith(b"id: "):
                moments.append(time.monotonic())
                if len(moments) == alerts:
                    return


def incident(number: int) -> dict[str, object]:
    """An event without files, so that each alert is told once."""
    at = datetime.now(UTC).isoformat()
    facts = {"incident": f"cam.run-{number}", "change": "motion", "severity": "alert", "start": at, "peak_area": 0.02}
    return {"version": 1, "id": f"cam.run-{number}", "kind": "incident.opened", "camera": f"cam-{number % 4}", "time": at,
            "reporter": "bench", "facts": facts, "files": []}  # fmt: skip


def report(name: str, taken: list[float]) -> None:
    """One line."""
    taken = sorted(taken)
    p50, p95 = (taken[int(len(taken) * share)] * 1000 for share in (0.5, 0.95))
    load = os.getloadavg()[0]
    print(
        f"{name:15} n={len(taken):5} p50={p50:6.1f} ms p95={p95:6.1f} ms max={taken[-1] * 1000:6.1f} ms (load {load:.1f})"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30, sys.argv[2] if len(sys.argv) > 2 else "")
