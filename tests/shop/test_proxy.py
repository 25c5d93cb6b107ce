"""Behind nginx, as deploy/nginx-shop.conf sets it up: live alerts come at once, clips by Range, pieces of clips pass."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from flask import Flask
from sqlalchemy import select

from shop_app.base.db import Database
from shop_app.base.models import Alert
from tests.cameras import wait_for
from tests.needs import missing
from tests.shop.conftest import Person
from tests.shop.night import CameraSystem, mp4
from tests.shop.test_alerts import read_stream

SITE = Path(__file__).parents[2] / "deploy/nginx-shop.conf"
AROUND = """\
daemon off; user root; worker_processes 1; pid {folder}/pid; error_log {folder}/errors;
events {{}}
http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; {site} }}
"""


@pytest.fixture
def proxy(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """nginx with the project's own site in front of `server`; gives its https address."""
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if nginx is None:
        missing("no nginx")
    key, certificate, port = tmp_path / "key.pem", tmp_path / "certificate.pem", free_port()
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True,
    )  # fmt: skip
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    site = SITE.read_text().partition("server {\n    listen 80;")[0]
    for found, here in (
        ("listen 443", f"listen 127.0.0.1:{port}"),
        (r"/etc/letsencrypt/\S+/fullchain.pem", str(certificate)),
        (r"/etc/letsencrypt/\S+/privkey.pem", str(key)),
        ("http://127.0.0.1:8000", server),
    ):
        site, times = re.subn(found, here, site)
        assert times
    (tmp_path / "nginx.conf").write_text(AROUND.format(folder=tmp_path, site=site))
    running = subprocess.Popen([str(nginx), "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")])
    wait_for(lambda: running.poll() is not None or listens(port), 30)
    assert running.poll() is None, (tmp_path / "errors").read_text()
    yield f"https://localhost:{port}"
    running.terminate()
    running.wait(timeout=30)


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_live_alerts_pass_at_once(proxy: str, app: Flask, security: Person) -> None:
    cameras, got = CameraSystem.of(app), list[tuple[int, float]]()
    reader = threading.Thread(target=read_stream, args=(f"{proxy}/alerts/stream", security.token, 1, got), daemon=True)
    reader.start()
    while not got and reader.is_alive():  # the stream may not be open yet when the first one comes
        cameras.incident()
        reader.join(timeout=3)

    assert got


def test_clips_pass_by_range_and_pieces_of_them_at_their_full_size(
    proxy: str, app: Flask, security: Person, database: Database
) -> None:
    cameras, clip = CameraSystem.of(app), mp4(6_000_000)
    event = cameras.send("clip.ready", incidents=[cameras.incident()], files={})
    cameras.clip(cameras.incident(), mp4())
    with database.reading() as session:
        alert = session.scalars(select(Alert.id).where(Alert.clip_id.is_not(None))).one()

    part = requests.get(
        f"{proxy}/alerts/{alert}/clip",
        cookies={"login": security.token},
        headers={"Range": "bytes=100-199"},
        timeout=30,
    )
    piece = requests.patch(
        f"{proxy}/api/v1/events/{event}/files/clip", data=clip[:4_000_000], timeout=30,
        headers={"Authorization": f"Bearer {cameras.token}", "Upload-Offset": "0"},
    )  # fmt: skip

    assert (part.status_code, part.content) == (206, mp4()[100:200])
    assert piece.status_code == 404  # it came to the app, which knows of no such file; nginx would answer 413
