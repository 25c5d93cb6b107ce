"""What a form was answered with, as a page of its own: Back and Refresh show it again and send nothing.

A browser that sends a form and is not led on (a refusal, a one-time code) is redirected to the page of the form, where
the finished answer is shown. It is kept for a quarter of an hour, sealed with the vault's key, under a name that only the
same browser with the same sign-in can tell. Programs that post a form have the answer at once.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
import time
import zlib
from base64 import b64decode, b64encode
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Flask, Response, current_app, make_response, redirect, request
from flask import session as page_session
from werkzeug.wrappers import Response as BaseResponse

from shop_app.base.errors import Refused
from shop_app.web.area import maybe_actor, shop
from shop_app.web.vault import vault

log = logging.getLogger(__name__)
KEPT_SECONDS = 900
MOST, LARGEST = 1000, 200_000  # answers of all browsers together; bytes of one
_ARGUMENT = "answer"


def init_app(app: Flask) -> None:
    """Lead a browser from the answer of a form to a page that can be opened again."""

    @app.after_request
    def lead_on(response: Response) -> BaseResponse:
        if not (_is_navigation() and request.method == "POST" and _is_page(response)):
            return response
        token = secrets.token_urlsafe(16)
        try:
            if not _keep(token, response):
                return response
        except OSError as error:  # a full disk: the answer itself is worth more than a second look at it
            log.warning("the answer of a form is not kept: %s", error)
            return response
        return redirect(_form_page(token), HTTPStatus.SEE_OTHER)


def kept_answer() -> Response | None:
    """The answer that this page was opened for; None where it is too old, or another browser's."""
    token = request.args.get(_ARGUMENT)
    if not token or request.method != "GET":
        return None
    file = _folder() / _name(token)
    with suppress(OSError, Refused):
        if time.time() - file.stat().st_mtime < KEPT_SECONDS:
            status, page = json.loads(zlib.decompress(b64decode(vault().open(file.read_text("ascii")))))
            return make_response(page, status)
    return None


def _is_navigation() -> bool:
    """Whether a browser shows the answer as its page. Over plain http it does not tell its mode."""
    mode = request.headers.get("Sec-Fetch-Mode")
    return mode == "navigate" if mode else request.headers.get("Upgrade-Insecure-Requests") == "1"


def _is_page(response: Response) -> bool:
    moved = 300 <= response.status_code < 400
    return response.mimetype == "text/html" and not moved and not response.is_streamed and "csrf_token" in page_session


def _keep(token: str, response: Response) -> bool:
    page = json.dumps([response.status_code, response.get_data(as_text=True)]).encode()
    sealed = vault().seal(b64encode(zlib.compress(page)).decode())
    if len(sealed) > LARGEST:
        return False
    _folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    _forget_old()
    path = _folder() / _name(token)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        file.write(sealed)
    os.utime(
        path, (time.time(), time.time())
    )  # by the clock that it is read by: that of a network's disk may be another
    return True


def _forget_old() -> None:
    by_age = sorted(((entry.stat().st_mtime, entry.path) for entry in os.scandir(_folder())), reverse=True)
    for index, (at, path) in enumerate(by_age):
        if index >= MOST or time.time() - at >= KEPT_SECONDS:
            Path(path).unlink(missing_ok=True)


def _folder() -> Path:
    return shop().settings.instance / "answers"


def _name(token: str) -> str:
    present = maybe_actor()
    owner = [token, page_session.get("csrf_token", ""), present.login_id if present else None]
    return hashlib.sha256(json.dumps(owner).encode()).hexdigest()


def _form_page(token: str) -> str:
    """The page that the form stood on: its own address where that can be opened, or where it was sent from."""
    address = urlsplit(request.full_path)
    if not current_app.create_url_adapter(request).test(request.path, "GET"):  # type: ignore[union-attr]
        sent_from = urlsplit(request.referrer or "")
        address = sent_from if sent_from.netloc == request.host else urlsplit("/")
    asked = [pair for pair in parse_qsl(address.query, keep_blank_values=True) if pair[0] != _ARGUMENT]
    return f"{address.path or '/'}?{urlencode([*asked, (_ARGUMENT, token)])}"
