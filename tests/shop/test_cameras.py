"""Cameras: what may be an address, whose passwords nobody sees, and a wizard that ends with a running camera."""

from __future__ import annotations

import html
import http.server
import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from flask import Flask
from playwright.sync_api import expect
from sqlalchemy import select

from shop_app import Settings
from shop_app.base.db import Base, Database
from shop_app.base.errors import Invalid
from shop_app.base.models import Camera, Product, Zone
from shop_app.base.permissions import Role
from shop_app.security.cameras import address, testing
from tests.shop.conftest import Person, Window
from tests.shop.night import CameraSystem, jpeg

CANARY = "S3.cr@t:p%40ss"


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """This shop has a sample clip, and its network of cameras is one that answers nobody."""
    folder = tmp_path / "samples"
    folder.mkdir()
    with av.open(str(folder / "aisle.mp4"), "w") as output:
        stream: Any = output.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for shade in (40, 80, 120):
            output.mux(
                stream.encode(av.VideoFrame.from_ndarray(np.full((180, 320, 3), shade, np.uint8), format="rgb24"))
            )
        output.mux(stream.encode())
    return settings.model_copy(update={"sample_clips": folder, "camera_networks": ["192.0.2.0/24"]})


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The network's cameras answer nobody, which is known at once and not after seconds."""
    monkeypatch.setattr(testing, "SECONDS", 0.3)


def camera_form(**changes: str) -> dict[str, str]:
    """What an admin types."""
    return {"title": "Tea Shelf", "kind": "network", "address": "rtsp://192.0.2.7/stream", "user": "admin",
            "password": CANARY, "keep_days": "30", "anyway": "yes"} | changes  # fmt: skip


@pytest.mark.parametrize(
    "typed",
    [
        "file:///etc/passwd", "/etc/passwd", "concat:a|b", "data:video/mp4;base64,AAAA", "srt://192.0.2.7:9000", "ftp://192.0.2.7/",
        "rtsp://127.0.0.1/stream", "rtsp://localhost/stream", "rtsp://[::1]/stream", "rtsp://0.0.0.0/", "rtsp://169.254.169.254/latest",
        "http://[::ffff:127.0.0.1]/", "rtsp://224.0.0.1/", "rtsp://10.1.2.3/stream", "rtsp://8.8.8.8/stream", "http://2130706433/",
        "http://0x7f000001/", "http://127.1/",
        "rtsp://192.0.2.7:22/stream", "rtsp://192.0.2.7:3306/", "rtsp://192.0.2.7/a b", "rtsp://192.0.2.7/a!filesink", "rtsp://192.0.2.7/\"x",
        "rtsp://192.0.2.7/'x", "rtsp://192.0.2.7/a\nb", "rtsp://192.0.2.7/\x00", "rtsp://192.0.2.7/$(id)", "rtsp://192.0.2.7/;ls",
        "rtsp://192.0.2.7/?password=x", "rtsp:///stream", "-i", "rtsp://-x/", "",
    ],
)  # fmt: skip
def test_what_is_no_address_of_a_camera_is_refused(typed: str, app: Flask) -> None:  # S7, S25, S26
    with app.test_request_context(), pytest.raises(Invalid):
        address.resolve(address.read_address(typed), ["192.0.2.0/24"])


def test_a_name_that_stands_for_this_machine_is_refused(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:  # S26
    both = [(socket.AF_INET, 1, 6, "", (ip, 554)) for ip in ("192.0.2.7", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: both)

    with app.test_request_context(), pytest.raises(Invalid):
        address.resolve(address.read_address("rtsp://camera.example/stream"), ["192.0.2.0/24", "127.0.0.0/8"])


@pytest.mark.parametrize(
    ("typed", "url", "login"),
    [
        ("rtsp://192.0.2.7/stream?channel=1", "rtsp://192.0.2.7/stream?channel=1", None),
        ("rtsp://u:p%40ss@192.0.2.7:554/", "rtsp://192.0.2.7/", "u:p@ss"),
        ("http://192.0.2.7:8080/video.mjpg", "http://192.0.2.7:8080/video.mjpg", None),
    ],
)
def test_an_address_is_built_anew_and_its_login_taken_out(
    typed: str, url: str, login: str | None, app: Flask
) -> None:  # S25
    with app.test_request_context():
        parts = address.read_address(typed)

    assert (parts.url, parts.credentials) == (url, login)


def test_password_signs_survive_the_way_to_the_camera(app: Flask) -> None:
    with app.test_request_context():
        secret = address.read_address("rtsp://192.0.2.7/stream").secret_url("192.0.2.7", f"admin:{CANARY}")

    assert secret == "rtsp://admin:S3.cr%40t%3Ap%2540ss@192.0.2.7/stream"


@pytest.mark.slow
def test_no_page_log_or_row_holds_the_password(  # S4, S6, S27
    app: Flask, admin: Person, sign_in: Callable[..., Person], database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    admin.client.post("/cameras/new", data=camera_form())
    camera = admin.client.get("/cameras").text
    people = [admin, *(sign_in(role) for role in Role if role is not Role.ADMIN)]
    pages = [rule.rule.replace("<name>", "tea-shelf") for rule in app.url_map.iter_rules()
             if rule.endpoint.startswith("cameras.") and "GET" in (rule.methods or ())]  # fmt: skip

    answers = [person.client.get(page).text for person in people for page in pages]
    admin.client.post("/cameras/tea-shelf/test")

    assert "Tea Shelf" in camera
    assert CANARY not in "".join(answers) + caplog.text
    with database.reading() as session:
        dump = str([list(session.execute(select(table))) for table in Base.metadata.sorted_tables])
        assert CANARY not in dump
        assert "tea-shelf" in dump


def test_the_camera_system_alone_gets_the_password(
    app: Flask, admin: Person, make_product: Callable[..., Product]
) -> None:
    product = make_product(sku="TEA-250")
    admin.client.post("/cameras/new", data=camera_form(night_from="22:00", night_to="06:00"))
    zone = {"name": "tea", "kind": "product", "product": product.sku, "points": [[0.1, 0.1], [0.5, 0.1], [0.5, 0.6]]}
    staff = {"name": "behind the till", "kind": "staff", "points": [[0.6, 0.1], [0.9, 0.1], [0.9, 0.6]]}
    drawn = admin.client.post(
        "/cameras/tea-shelf/zones", data={"zones": json.dumps([zone, staff]), "version": "1", "start": "yes"}
    )

    cameras = CameraSystem.of(app).ask("GET", "/cameras").json["cameras"]

    assert drawn.status_code == 303
    assert [(c["name"], c["source"], c["credentials"], c["night"], c["emotion"]) for c in cameras] == [
        ("tea-shelf", "rtsp://192.0.2.7/stream", f"admin:{CANARY}", "22:00-06:00", False)
    ]
    assert [(z["name"], z["kind"], z["product"]) for z in cameras[0]["zones"]] == [
        ("behind the till", "staff", None), ("tea", "product", "TEA-250"),
    ]  # fmt: skip


def test_a_password_does_not_follow_to_another_host(app: Flask, admin: Person, database: Database) -> None:
    admin.client.post("/cameras/new", data=camera_form())

    admin.client.post("/cameras/tea-shelf", data=camera_form(address="rtsp://192.0.2.99/stream", user="", password=""))

    with database.reading() as session:
        assert session.scalars(select(Camera.credentials)).all() == [None]


@pytest.mark.parametrize(
    "zones",
    ["nonsense", "{}", "[1]", '[{"name": "a", "kind": "product", "points": [[0,0],[1,0],[1,1]]}]',
     '[{"name": "a", "kind": "staff", "points": [[0,0],[1,0]]}]', '[{"name": "a", "kind": "staff", "points": [[0,0],[2,0],[1,1]]}]',
     '[{"name": "a", "kind": "staff", "points": [[0,0],[0.001,0],[0,0.001]]}]', '[{"name": "", "kind": "staff", "points": [[0,0],[1,0],[1,1]]}]',
     '[{"name": "a", "kind": "spy", "points": [[0,0],[1,0],[1,1]]}]'],
    ids=["text", "object", "number", "no product", "two corners", "outside", "tiny", "no name", "unknown kind"],
)  # fmt: skip
def test_zones_that_make_no_sense_change_nothing(zones: str, admin: Person, database: Database) -> None:
    admin.client.post("/cameras/new", data=camera_form())

    answer = admin.client.post("/cameras/tea-shelf/zones", data={"zones": zones, "version": "1"})

    assert answer.status_code == 422
    with database.reading() as session:
        assert session.scalars(select(Zone)).all() == []


def _shown(page: str) -> Any:
    found = re.search(r'data-zones="([^"]*)"', page)
    assert found is not None
    return json.loads(html.unescape(found.group(1)))


def test_zones_that_are_refused_stay_on_the_page_with_the_reason(admin: Person) -> None:
    admin.client.post("/cameras/new", data=camera_form())
    drawn = [
        {"name": "Tea", "kind": "staff", "product": "", "shelf": "", "points": [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]]},
        {"name": "<Till>", "kind": "service", "product": "", "shelf": "", "points": [[0.1, 0.1], [0.2, 0.1]]},
    ]

    answer = admin.client.post("/cameras/tea-shelf/zones", data={"zones": json.dumps(drawn), "version": "1"})

    assert answer.status_code == 422
    assert "&lt;Till&gt;: A zone needs 3 to 40 corners" in answer.text
    assert _shown(answer.text) == drawn


def test_what_was_drawn_too_late_stays_on_the_page_too(admin: Person) -> None:
    admin.client.post("/cameras/new", data=camera_form())
    admin.client.post("/cameras/tea-shelf/zones", data={"zones": "[]", "version": "1"})
    drawn = [{"name": "Tea", "kind": "staff", "product": "", "shelf": "", "points": [[0, 0], [1, 0], [1, 1]]}]

    answer = admin.client.post("/cameras/tea-shelf/zones", data={"zones": json.dumps(drawn), "version": "1"})

    assert answer.status_code == 409
    assert _shown(answer.text) == drawn
    assert "Show the zones as they are now" in answer.text


@pytest.mark.parametrize("path", ["/cameras/new", "/cameras/tea-shelf"])
def test_half_a_night_is_told_on_the_form_which_keeps_the_rest(path: str, admin: Person) -> None:
    admin.client.post("/cameras/new", data=camera_form())

    answer = admin.client.post(path, data=camera_form(title="Coffee shelf", night_from="22:00", night_to=""))

    assert answer.status_code == 422
    assert "A night needs a beginning and an end." in answer.text
    assert 'value="Coffee shelf"' in answer.text


def test_an_admin_is_told_while_no_camera_server_is_connected(
    app: Flask, admin: Person, security: Person, database: Database
) -> None:
    admin.client.post("/cameras/new", data=camera_form())
    admin.client.post("/cameras/tea-shelf/enabled", data={"on": "yes"})
    hint = "No camera server is connected"

    assert hint in admin.client.get("/cameras").text
    assert hint not in security.client.get("/cameras").text
    CameraSystem.of(app).ask("GET", "/cameras")
    assert hint not in admin.client.get("/cameras").text


def test_of_two_admins_who_draw_the_later_one_is_told(admin: Person) -> None:
    admin.client.post("/cameras/new", data=camera_form())

    answers = [
        admin.client.post("/cameras/tea-shelf/zones", data={"zones": "[]", "version": "1"}).status_code for _ in "ab"
    ]

    assert answers == [303, 409]


@pytest.mark.parametrize("role", [Role.BILLING, Role.SALES, Role.SECURITY, Role.CUSTOMER])
def test_only_an_admin_changes_cameras(role: Role, sign_in: Callable[..., Person], admin: Person) -> None:  # S1
    admin.client.post("/cameras/new", data=camera_form())
    stranger = sign_in(role).client

    answers = [
        stranger.get(path)
        for path in ("/cameras/new", "/cameras/tea-shelf", "/cameras/tea-shelf/zones", "/cameras/systems")
    ]
    answers += [stranger.post(f"/cameras/{path}", data=camera_form())
                for path in ("new", "tea-shelf", "tea-shelf/test", "tea-shelf/remove", "tea-shelf/zones", "systems")]  # fmt: skip

    assert {answer.status_code for answer in answers} == {403}


def test_a_camera_whose_video_browsers_cannot_play_is_told_of_when_it_is_added(
    admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(testing, "SECONDS", 20)

    page = admin.client.post(
        "/cameras/new", data=camera_form(kind="sample", address="aisle.mp4"), follow_redirects=True
    ).text

    assert "This camera sends MPEG-4 Part 2. Many browsers cannot play that: set the camera to H.264." in page


@pytest.mark.file_times
def test_a_picture_is_asked_for_only_while_somebody_looks(app: Flask, security: Person) -> None:
    cameras = CameraSystem.of(app)
    beat = {"state": "live", "mode": "day"}
    before = cameras.ask("POST", "/cameras/door/beat", json=beat).json["picture"]

    nothing = security.client.get("/cameras/door/picture")
    wanted = cameras.ask("POST", "/cameras/door/beat", json=beat).json["picture"]
    cameras.ask("PUT", "/cameras/door/picture", data=jpeg())
    with security.client.get("/cameras/door/picture") as shown:
        picture = shown.get_data()

    assert (before, nothing.status_code, wanted) == (False, 404, True)
    assert picture.startswith(b"\xff\xd8")
    assert security.client.get("/cameras/../secret.key/picture").status_code == 404


class Answers(http.server.BaseHTTPRequestHandler):
    """A machine that is no camera: asks for a password, redirects, sends a playlist, or says nothing."""

    def do_GET(self) -> None:
        """Answer by the path."""
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        code = {"/auth": 401, "/away": 302}.get(self.path, 200)
        self.send_response(code)
        if code == 302:
            self.send_header("Location", "/secret")
        self.send_header("Content-Type", "application/vnd.apple.mpegurl" if self.path == "/list" else "text/plain")
        self.end_headers()
        if code == 200:
            port = self.server.server_port  # type: ignore[attr-defined]
            self.wfile.write(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:{port}/secret\n".encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize(
    ("path", "word"), [("/auth", "auth"), ("/away", "not-video"), ("/list", "not-video"), ("/text", "not-video")]
)
def test_a_picture_follows_neither_redirects_nor_playlists(path: str, word: str) -> None:  # S7, S26
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.asked = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    request = json.dumps({"url": f"http://127.0.0.1:{server.server_address[1]}{path}", "scheme": "http"})

    done = subprocess.run(
        [sys.executable, "-I", str(testing.GRAB)], input=request.encode(), stdout=subprocess.PIPE, check=True
    )
    server.shutdown()
    server.server_close()

    assert json.loads(done.stdout.partition(b"\n")[0]) == {"word": word, "codec": ""}
    assert "/secret" not in server.asked  # type: ignore[attr-defined]


@pytest.mark.browser
def test_an_admin_adds_a_camera_and_draws_on_its_picture(
    window: Window, app: Flask, admin: Person, database: Database, make_product: Callable[..., Product],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(testing, "SECONDS", 12.0)  # a sample does answer
    make_product(sku="TEA-250", name="Green tea")
    page = window.open("/cameras/new", person=admin)
    page.get_by_label("Name", exact=True).fill("Tea shelf")
    page.get_by_label("Kind").select_option("sample")
    page.get_by_label("Address").fill("aisle.mp4")
    page.get_by_role("button", name="Try it and go on").click()
    box = page.locator("#drawing svg").bounding_box()
    assert box is not None
    for x, y in ((0.2, 0.2), (0.6, 0.2), (0.6, 0.7)):
        page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
    page.get_by_label("Product (SKU)").fill("TEA-25")
    page.get_by_label("Name", exact=True).fill("tea")
    page.get_by_role("button", name="Save and start the camera").click()
    page.get_by_role("alert").filter(has_text="The zone tea needs the SKU of a product").wait_for()
    page.get_by_label("Name", exact=True).fill("")
    page.get_by_label("Product (SKU)").fill("TEA-250")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Green tea")
    page.get_by_role("button", name="Save and start the camera").click()
    page.locator(".camera", has_text="Tea shelf").locator(".zones-drawn", has_text="Green tea").wait_for(
        state="attached"
    )
    CameraSystem.of(app).incident("tea-shelf")
    page.goto(f"{page.url.partition('/cameras')[0]}/alerts")
    page.get_by_role("link", name="Movement · Tea shelf").click()
    page.locator(".picture .zones-drawn", has_text="Green tea").wait_for()

    with database.reading() as session:
        zone = session.scalars(select(Zone)).one()
        assert zone.points == [pytest.approx(corner, abs=0.01) for corner in ([0.2, 0.2], [0.6, 0.2], [0.6, 0.7])]
        assert session.scalars(select(Camera.enabled)).all() == [True]
