"""The API of camera systems: events, their files, signs of life, pictures, and the cameras an admin added."""

from __future__ import annotations

import logging
from typing import Any

from flask import Response, jsonify, request
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import BadRequest

from shop_app.base.contract import BATCH, CameraName
from shop_app.base.errors import Invalid
from shop_app.base.permissions import Permission as P
from shop_app.base.text import _
from shop_app.security import files
from shop_app.security.alerts import incidents
from shop_app.security.cameras import definitions, live, systems
from shop_app.security.ingest import service, states
from shop_app.web.area import Area, actor, session, shop, unit

log = logging.getLogger(__name__)
area = Area("ingest", __name__, bearer=True, url_prefix="/api/v1")

_camera_name = TypeAdapter(CameraName)


@area.post("/events", may=P.CAMERA_SYSTEM)
def events() -> Response:
    """Take a batch of events; the answer says of each what became of it."""
    body = _body()
    batch = body.get("events")
    if not isinstance(batch, list):
        raise Invalid(_('The body must be {"events": [...]}. Nothing was taken.'))
    if len(batch) > BATCH:
        raise Invalid(
            _("%(n)s events at once are too many; %(most)s are taken. Nothing was taken.", n=len(batch), most=BATCH)
        )
    return jsonify(results=service.take(session(), actor(), batch, clip_bytes=shop().settings.clip_bytes))


@area.get("/events/<event_id>/files/<role>", may=P.CAMERA_SYSTEM)
def file_state(event_id: str, role: str) -> Response:
    """How much of a file is here."""
    file = files.find(session(), actor(), event_id, role)
    return jsonify(received=files.received(shop().settings.media, file), complete=file.complete_at is not None)


@area.patch("/events/<event_id>/files/<role>", may=P.CAMERA_SYSTEM)
def add_piece(event_id: str, role: str) -> Response:
    """Add a piece of a file; the last one completes it."""
    offset = request.headers.get("Upload-Offset", "", type=str)
    if not offset.isascii() or not offset.isdigit() or len(offset) > 15:
        raise Invalid(_("The header Upload-Offset must say where the piece begins. Nothing was kept."))
    if request.content_length is None or request.content_length > files.PIECE:
        raise Invalid(_("A piece has a length, and at most %(most)s bytes. Nothing was kept.", most=files.PIECE))
    media = shop().settings.media
    with shop().database.reading() as reading:  # slow work comes before the write transaction
        file = files.find(reading, actor(), event_id, role)
    if file.complete_at is not None:
        return jsonify(received=file.bytes, complete=True)
    there, name = files.append(media, file, int(offset), request.get_data(cache=False))
    if name is None:
        return jsonify(received=there, complete=False)
    if files.complete(session(), file.id, name, file.bytes):
        incidents.file_arrived(session(), file)
    return jsonify(received=file.bytes, complete=True)


@area.delete("/events/<event_id>/files/<role>", may=P.CAMERA_SYSTEM)
def give_up_file(event_id: str, role: str) -> Response:
    """The sender says that this file will never come."""
    file = files.find(session(), actor(), event_id, role)
    if file.complete_at is None:
        files.part_path(shop().settings.media, file).unlink(missing_ok=True)
        incidents.file_lost(session(), file)
    return jsonify(complete=file.complete_at is not None)


@area.get("/cameras", may=P.CAMERA_SYSTEM)
def cameras() -> Response:
    """The cameras that run, with credentials and zones."""
    token = actor().token_id
    if token is not None and systems.is_note_due(session(), token):
        try:
            with shop().database.writing() as writing:
                systems.note_fetch(writing, token)
        except DBAPIError as error:  # a full disk: cameras go on with what they are told
            log.warning("could not note that a camera server fetched its cameras: %s", type(error.orig).__name__)
    return jsonify(definitions.for_system(session()))


@area.post("/cameras/<camera>/beat", may=P.CAMERA_SYSTEM)
def beat(camera: str) -> Response:
    """A sign of life; the answer asks for a picture where somebody looks, and names the mode set by hand."""
    name, facts = _name(camera), _body()
    mode = states.heard(session(), name, facts)
    return jsonify(picture=live.is_wanted(shop().settings.media, name), mode=mode)


@area.put("/cameras/<camera>/picture", may=P.CAMERA_SYSTEM)
def picture(camera: str) -> Response:
    """The present picture; only the last one is kept, and only for a minute."""
    name = _name(camera)
    if request.content_length is None or request.content_length > live.LARGEST:
        raise Invalid(_("A picture has at most %(most)s bytes. Nothing was kept.", most=live.LARGEST))
    live.keep(shop().settings.media, name, files.small_jpeg(request.get_data(cache=False), longest_side=1280))
    unit().finish(keep=False)
    return jsonify(kept=True)


def _name(camera: str) -> str:
    try:
        return _camera_name.validate_python(camera)
    except ValidationError:
        raise Invalid(_("The name of a camera has 1 to 40 letters, digits, - and _.")) from None


def _body() -> dict[str, Any]:
    try:
        body = request.get_json(force=True)
    except (BadRequest, RecursionError):
        raise Invalid(_("The body is not JSON. Nothing was taken.")) from None
    if not isinstance(body, dict):
        raise Invalid(_("The body must be a JSON object. Nothing was taken."))
    return body
