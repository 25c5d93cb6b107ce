"""Pages of the cameras: live tiles, the wizard, zones, camera systems."""

from __future__ import annotations

import json
from datetime import time
from typing import Any

from flask import flash, jsonify, redirect, render_template, request, send_file, url_for
from PIL import Image
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from shop_app.base.errors import Conflict, Invalid, NotFound
from shop_app.base.models import Account, Camera, ZoneWatcher
from shop_app.base.permissions import Permission as P
from shop_app.base.permissions import Role
from shop_app.base.text import _, _l
from shop_app.catalogue.products.service import on_sale
from shop_app.security.cameras import live, service, systems, testing
from shop_app.security.cameras.address import read_address, resolve
from shop_app.security.cameras.coverage import coverage
from shop_app.security.cameras.forms import CameraForm, SystemForm
from shop_app.security.cameras.shapes import drawable
from shop_app.web.area import Area, actor, profile, session, shop, unit
from shop_app.web.forms import whole_number
from shop_app.web.vault import vault

MOST_WORDS = 300  # characters of an event's facts on a page

area = Area("cameras", __name__, url_prefix="/cameras")
area.menu(_l("Cameras"), "index", icon="camera", may=P.CAMERAS_VIEW, order=310, group=_l("Security"), phone=True)


@area.get("", may=P.CAMERAS_VIEW)
def index() -> str:
    """The wall of live tiles."""
    return render_template(
        "cameras/index.html", coverage=coverage(session(), profile()), drawings=service.drawings(session()),
        is_connected=systems.is_connected(session()),
    )  # fmt: skip


@area.get("/states", may=P.CAMERAS_VIEW)
def states() -> BaseResponse:
    """The state of each camera, for the tiles of an open page."""
    found = coverage(session(), profile())
    return jsonify(
        coverage=render_template("alerts/_coverage.html", coverage=found),
        cameras=[
            {"name": tile.name, "state": tile.state, "does": does, "reason": tile.reason}
            for tile, does, _ in found.posts
        ],
    )


@area.get("/<name>/picture", may=P.CAMERAS_VIEW)
def picture(name: str) -> BaseResponse:
    """The present picture of a camera; asking for it makes the camera send some."""
    if not service.exists(session(), name):
        raise NotFound(_("There is no such camera."))
    media = shop().settings.media
    live.want(media, name)
    return send_file(live.picture(media, name).absolute(), mimetype="image/jpeg", max_age=0)


@area.get("/new", may=P.CAMERAS_MANAGE, fresh=True)
def new() -> str:
    """Step 1 of the wizard: where the camera is."""
    return render_template("cameras/new.html", form=CameraForm(), samples=testing.samples(shop().settings))


@area.post("/new", may=P.CAMERAS_MANAGE, fresh=True)
def create() -> BaseResponse | tuple[str, int]:
    """Try the camera; where it answers with a picture, or the admin insists, it is added."""
    form = CameraForm()
    samples = testing.samples(shop().settings)
    if not form.validate():
        return render_template("cameras/new.html", form=form, samples=samples), 422
    try:
        wish = _wish(form)
        outcome = testing.ask(shop().settings, wish.kind, wish.address, wish.credentials)
    except Invalid as problem:
        form.refuse("address", problem.detail)
        return render_template("cameras/new.html", form=form, samples=samples), 422
    if outcome.word != "ok" and "anyway" not in request.form:
        return render_template("cameras/new.html", form=form, samples=samples, problem=words(outcome.word)), 422
    camera = service.create(session(), actor(), wish, vault())
    _warn_of(outcome.codec)
    if outcome.jpeg:
        _keep_still(camera, outcome.jpeg)
    return redirect(url_for("cameras.zones", name=camera.name, first=1), 303)


@area.get("/<name>", may=P.CAMERAS_MANAGE, fresh=True)
def show(name: str) -> str:
    """One camera: its settings, and what its false alarms suggest."""
    camera = service.get_camera(session(), name)
    form = CameraForm(
        title=camera.title, kind=camera.kind, address=camera.address, night_from=_time(camera.night_from),
        night_to=_time(camera.night_to), emotion=camera.emotion, keep_days=camera.keep_days,
    )  # fmt: skip
    return _camera_page(camera, form)


@area.post("/<name>", may=P.CAMERAS_MANAGE, fresh=True)
def change(name: str) -> BaseResponse | tuple[str, int]:
    """Save what was changed."""
    form = CameraForm()
    try:
        if not form.validate():
            raise Invalid(_("Please check the errors below."))
        wish = _wish(form)
        if wish.kind == "network":
            resolve(read_address(wish.address), shop().settings.camera_networks)
        service.change(session(), actor(), name, wish, vault(), forget_credentials=bool(form.forget.data))
    except Invalid as problem:
        unit().finish(keep=False)
        if not form.errors:
            form.refuse("address", problem.detail)
        return _camera_page(service.get_camera(session(), name), form), 422
    _flash_saved(_("Saved. The camera follows within seconds."))
    return redirect(url_for("cameras.show", name=name), 303)


@area.post("/<name>/test", may=P.CAMERAS_MANAGE)
def test(name: str) -> BaseResponse:
    """Take a new picture to draw on."""
    with shop().database.reading() as reading:
        camera = service.get_camera(reading, name)
        secret = vault().open(camera.credentials) if camera.credentials else None
    outcome = testing.ask(shop().settings, camera.kind, camera.address, secret)
    if outcome.word == "ok":
        _keep_still(camera, outcome.jpeg)
        flash(_("The camera answered; this is its picture."))
        _warn_of(outcome.codec)
    else:
        flash(words(outcome.word), "error")
    return redirect(url_for("cameras.zones", name=name), 303)


@area.post("/<name>/enabled", may=P.CAMERAS_MANAGE)
def set_enabled(name: str) -> BaseResponse:
    """Start or stop a camera."""
    on = request.form.get("on") == "yes"
    service.set_enabled(session(), actor(), name, on)
    _flash_saved(_("The camera starts within seconds.") if on else _("The camera stops within seconds."))
    return redirect(url_for("cameras.index"), 303)


@area.post("/<name>/remove", may=P.CAMERAS_MANAGE)
def remove(name: str) -> BaseResponse:
    """Remove a camera, once its name was typed."""
    if request.form.get("name", "").strip() != name:
        raise Invalid(_("Type the camera's short name to confirm."))
    service.remove(session(), actor(), name, shop().settings.media)
    flash(_("The camera is removed. Its alerts and figures stay."))
    return redirect(url_for("cameras.index"), 303)


@area.get("/<name>/zones", may=P.CAMERAS_MANAGE)
def zones(name: str) -> str:
    """Step 2 of the wizard: draw zones on the picture."""
    camera = service.get_camera(session(), name)
    return _zones_page(camera, [_zone(zone) for zone in camera.zones], camera.version)


@area.post("/<name>/zones", may=P.CAMERAS_MANAGE)
def draw(name: str) -> BaseResponse | tuple[str, int]:
    """Save what was drawn; in the wizard, start the camera. What is refused stays on the page."""
    try:
        drawn = json.loads(request.form.get("zones", "[]"))
    except (ValueError, RecursionError):
        raise Invalid(_("What was drawn could not be read.")) from None
    number = whole_number(request.form.get("version", ""), 10**9)
    version = -1 if number is None else number
    try:
        service.draw(session(), actor(), name, drawn, version)
    except (Invalid, Conflict) as problem:
        unit().finish(keep=False)
        page = _zones_page(service.get_camera(session(), name), drawable(drawn), version, problem.detail)
        return page, problem.status
    if "start" in request.form:
        service.set_enabled(session(), actor(), name, True)
        _flash_saved(_("Saved. The camera starts within seconds."))
        return redirect(url_for("cameras.index"), 303)
    _flash_saved(_("Saved. The camera follows within seconds."))
    return redirect(url_for("cameras.show", name=name), 303)


@area.get("/<name>/still", may=P.CAMERAS_MANAGE)
def still(name: str) -> BaseResponse:
    """The picture to draw on."""
    camera = service.get_camera(session(), name)
    path = service.still_path(shop().settings.media, camera.name)
    if not path.is_file():
        raise NotFound(_("There is no picture of this camera yet."))
    return send_file(path.absolute(), mimetype="image/jpeg", max_age=0)


@area.get("/<name>/watchers", may=P.CAMERAS_MANAGE)
def watchers(name: str) -> str:
    """Who in sales gets the notes of which zone."""
    camera = service.get_camera(session(), name)
    people = session().scalars(
        select(Account).where(Account.role == Role.SALES.value, Account.active.is_(True)).order_by(Account.name)
    )
    chosen = session().execute(
        select(ZoneWatcher.zone_id, ZoneWatcher.account_id).where(ZoneWatcher.zone_id.in_([z.id for z in camera.zones]))
    )
    return render_template(
        "cameras/watchers.html", camera=camera, people=people.all(), chosen={tuple(row) for row in chosen}
    )


@area.post("/<name>/watchers", may=P.CAMERAS_MANAGE)
def set_watchers(name: str) -> BaseResponse:
    """Save who gets the notes."""
    camera = service.get_camera(session(), name)
    for zone in camera.zones:
        ticked = [whole_number(value, 2**63 - 1) for value in request.form.getlist(f"zone-{zone.id}")]
        service.watch(session(), actor(), zone.id, [account for account in ticked if account is not None])
    flash(_("Saved."))
    return redirect(url_for("cameras.show", name=name), 303)


@area.get("/systems", may=P.CAMERAS_MANAGE, fresh=True)
def system_list() -> str:
    """Installations of vidframe that may report."""
    return _systems_page(SystemForm())


@area.post("/systems", may=P.CAMERAS_MANAGE, fresh=True)
def add_system() -> str | tuple[str, int]:
    """Make a token; this page alone shows it."""
    form = SystemForm()
    if not form.validate():
        return _systems_page(form), 422
    token = systems.issue(session(), actor(), form.name.data)
    session().flush()
    return _systems_page(SystemForm(formdata=None), token)


@area.post("/systems/<int:token_id>/end", may=P.CAMERAS_MANAGE)
def end_system(token_id: int) -> BaseResponse:
    """Take a token back."""
    systems.end(session(), actor(), token_id)
    flash(_("Token revoked."))
    return redirect(url_for("cameras.system_list"), 303)


def _warn_of(codec: str) -> None:
    """Tell of a codec that browsers lack, before the first clip of it is needed."""
    name = {"hevc": "H.265 (HEVC)", "mpeg4": "MPEG-4 Part 2"}.get(codec)
    if name:
        text = _("This camera sends %(codec)s. Many browsers cannot play that: set the camera to H.264.", codec=name)
        flash(text, "warning")


def _flash_saved(text: str) -> None:
    """Tell what a camera server does within seconds, or that none is there to do it."""
    if systems.is_connected(session()):
        flash(text)
    else:
        flash(_("Saved. No camera server is connected now; it takes effect when one is."), "warning")


def words(word: str) -> str:
    """What came of asking a camera, and what to do."""
    return {
        "refused": _("The camera refuses the connection. Is the port right, and is RTSP switched on in the camera?"),
        "timeout": _("The camera does not answer. Is it on, and is the address right?"),
        "auth": _("The camera does not take this user and password."),
    }.get(word, _("Something answers, but it is no video that can be read. Is the path after the host right?"))


def _wish(form: CameraForm) -> service.Wish:
    if form.kind.data == "sample":
        testing.sample_path(shop().settings, form.address.data)
        return form.wish(form.address.data, None)
    parts = read_address(form.address.data)
    return form.wish(parts.url, parts.credentials)


def _zones_page(camera: Camera, zones: list[dict[str, Any]], version: int, problem: str = "") -> str:
    return render_template(
        "cameras/zones.html", camera=camera, products=on_sale(session()), zones=zones, version=version, problem=problem,
        has_still=service.still_path(shop().settings.media, camera.name).exists(), first="first" in request.args,
    )  # fmt: skip


def _systems_page(form: SystemForm, token: str | None = None) -> str:
    found = [(event, _short(event.facts)) for event in systems.unknown_events(session())]
    return render_template(
        "cameras/systems.html", form=form, systems=systems.systems(session()), token=token, events=found
    )


def _short(facts: dict[str, Any] | None) -> str:
    text = ", ".join(f"{name}: {json.dumps(fact, ensure_ascii=False)}" for name, fact in (facts or {}).items())
    return text if len(text) <= MOST_WORDS else text[:MOST_WORDS] + "…"


def _camera_page(camera: Camera, form: CameraForm) -> str:
    return render_template(
        "cameras/show.html", camera=camera, form=form, samples=testing.samples(shop().settings),
        advice=service.advice(session(), camera.name),
    )  # fmt: skip


def _keep_still(camera: Camera, jpeg: bytes) -> None:
    path = service.still_path(shop().settings.media, camera.name)
    part = path.with_suffix(".part")
    part.write_bytes(jpeg)
    part.replace(path)
    with Image.open(path) as picture:
        camera.width, camera.height = picture.size


def _zone(zone: Any) -> dict[str, Any]:
    return {"name": zone.name, "kind": zone.kind, "points": zone.points, "shelf": zone.shelf or "",
            "product": zone.product.sku if zone.product else ""}  # fmt: skip


def _time(text: str | None) -> time | None:
    return time.fromisoformat(text) if text else None
