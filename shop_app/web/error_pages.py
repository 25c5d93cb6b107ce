"""How a refusal or a failure is shown: a page that says what was not done, or a JSON problem (RFC 9457)."""

from __future__ import annotations

import errno
import logging
import secrets
import sqlite3
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, g, jsonify, make_response, render_template, request
from sqlalchemy.exc import DataError, DBAPIError
from werkzeug.exceptions import HTTPException, SecurityError

from shop_app.base.errors import Invalid, Refused
from shop_app.base.text import _

log = logging.getLogger(__name__)
_MARIADB_FULL = {1021, 1114}  # no room on the disk; a table that cannot grow


def wants_json() -> bool:
    """Whether the caller is a program: the API, or a script of one of our pages."""
    if request.path.startswith("/api/"):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json", "application/problem+json"])
    return best is not None and best != "text/html" and request.accept_mimetypes["text/html"] == 0


def init_errors(app: Flask) -> None:
    """Answer every refusal and failure with a page or a problem, and a reference id that stands in the log too."""

    @app.errorhandler(Refused)
    def refused(error: Refused) -> Response:
        return answer(error.status, error.detail, error.more)

    @app.errorhandler(SecurityError)
    def wrong_host(_error: SecurityError) -> Response:
        # No page can be made: its links would lead to a host that is not ours.
        return Response(_explain(421) or "", HTTPStatus.BAD_REQUEST, mimetype="text/plain")

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        if error.code is None or error.code < 400:
            return make_response(error.get_response())
        response = answer(HTTPStatus(error.code), _explain(error.code) or error.description or error.name, {})
        for name, value in error.get_headers():
            if name in {"Allow", "Retry-After"}:
                response.headers[name] = value
        return response

    @app.errorhandler(OverflowError)  # SQLite's driver
    @app.errorhandler(DataError)  # MariaDB
    def too_large(error: Exception) -> Response:
        log.info("%s %r: a value that no column holds [%s]", request.method, request.path, reference())
        return answer(Invalid.status, _("A number or text is larger than the shop can keep."), {})

    @app.errorhandler(RecursionError)  # JSON that is thousands of values deep
    @app.errorhandler(UnicodeEncodeError)  # half a character
    def unreadable(error: Exception) -> Response:
        if not request.is_json:
            return failed(error)
        return answer(Invalid.status, _explain(400) or "", {})

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        # A database error repeats the statement's values, which may be personal: only its kind is logged.
        if isinstance(error, DBAPIError):
            log.error("%s %r: %s [%s]", request.method, request.path, type(error.orig).__name__, reference())
            log.debug("statement failed", exc_info=error)
        else:
            log.error("%s %r failed [%s]", request.method, request.path, reference(), exc_info=error)
        if "unit" in g:
            g.unit.finish(keep=False)  # what failed before the view; the error's page reads in a transaction of its own
        status = HTTPStatus.INSUFFICIENT_STORAGE if _is_full(error) else HTTPStatus.INTERNAL_SERVER_ERROR
        return answer(status, _explain(status) or "", {})


def reference() -> str:
    """An id of this request, shown to people and written to the log."""
    if "reference" not in g:
        g.reference = secrets.token_hex(4)
    return str(g.reference)


def answer(status: HTTPStatus, detail: str, more: dict[str, Any]) -> Response:
    """The response that tells of a refusal."""
    if wants_json():
        problem = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
        response = jsonify(problem | {"reference": reference()} | more)
        response.content_type = "application/problem+json"
    else:
        response = _page(status, detail, more)
    response.status_code = status.value
    if "retry_after" in more:
        response.headers["Retry-After"] = str(more["retry_after"])
    return response


def _page(status: HTTPStatus, detail: str, more: dict[str, Any]) -> Response:
    try:
        return make_response(
            render_template("error.html", status=status, detail=detail, reference=reference(), more=more)
        )
    except Exception:  # the page itself needs the database; where that is gone, words must do
        log.exception("the error page failed too [%s]", reference())
        return Response(f"{detail}\n\n{_('Reference')}: {reference()}\n", mimetype="text/plain")


def _is_full(error: BaseException | None) -> bool:
    """Whether it failed because the server's disk has no room: for a file, for SQLite, or for MariaDB."""
    if isinstance(error, DBAPIError):
        code = (getattr(error.orig, "args", ()) or (0,))[0]
        return getattr(error.orig, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL or code in _MARIADB_FULL
    return isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}


def _explain(code: int) -> str | None:
    return {
        400: _("The request could not be understood."),
        404: _("Page not found, or you have no access to it."),
        405: _("This page cannot be used that way."),
        413: _("What was sent is too large."),
        421: _("This shop is not reached by that name."),
        415: _("This kind of content is not taken."),
        500: _(
            "Something went wrong on our side. Nothing was changed. Please try again, and tell the admin the reference."
        ),
        507: _("The disk of the shop's server is full. Nothing was changed. Please tell the admin."),
    }.get(code)
