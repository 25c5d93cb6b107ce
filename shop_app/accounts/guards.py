"""What stands before every view: host, sign-in, permission, CSRF; and what every answer carries: the headers."""

from __future__ import annotations

import logging
from datetime import timedelta

from flask import Flask, Response, g, redirect, request, url_for
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.wrappers import Response as BaseResponse

from shop_app.accounts import sessions
from shop_app.base.db import now
from shop_app.base.errors import Forbidden, NotSignedIn, Refused
from shop_app.base.permissions import Permission
from shop_app.base.text import _
from shop_app.web.answers import kept_answer
from shop_app.web.area import actor, shop, shop_of
from shop_app.web.error_pages import answer, reference

log = logging.getLogger(__name__)
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
FRESH = timedelta(minutes=15)
_SAFE = {"GET", "HEAD", "OPTIONS"}


def init_app(app: Flask) -> None:
    """Deny by default: a route that nobody declared, or an actor who may not use it, ends here."""
    csrf = CSRFProtect(app)

    @app.before_request
    def admit() -> BaseResponse | None:
        if request.url_rule is None or request.endpoint is None:
            raise request.routing_exception or NotFound()
        if request.method == "OPTIONS":
            raise MethodNotAllowed()
        may = shop().access.get(request.endpoint)
        if may is None:
            raise NotFound()
        bearer = request.blueprint in shop().bearer_areas
        if request.endpoint != "static":
            g.actor = sessions.bearer_actor() if bearer else sessions.browser_actor()
        if (kept := kept_answer()) is not None:
            return kept
        _check_permission(may)
        if request.method not in _SAFE and not bearer:
            _check_origin()
            csrf.protect()
        return _ask_again() if request.endpoint in shop().fresh else None

    @app.errorhandler(CSRFError)
    def no_token(error: CSRFError) -> Response:
        return answer(_Stale.status, _Stale(_stale()).detail, {})

    @app.after_request
    def headers(response: Response) -> Response:
        return _secure(response, https=not shop_of(app).settings.plain_http)


class _Stale(Refused):
    pass


def _stale() -> str:
    return _("This form is too old or came from another site. Nothing was changed; open the page again and repeat.")


def _check_permission(may: Permission) -> None:
    if may is Permission.PUBLIC:
        return
    present = g.get("actor")
    if present is None:
        raise NotSignedIn(_("Please sign in."))
    if may is not Permission.SIGNED_IN and may not in present.permissions:
        raise Forbidden(_("You do not have permission for this."))


def is_fresh() -> bool:
    """Whether the password was given a short while ago."""
    return now() - (actor().confirmed_at or now()) < FRESH


def _ask_again() -> BaseResponse | None:
    if is_fresh():
        return None
    if request.method in _SAFE:
        return redirect(url_for("accounts.confirm", next=request.full_path.rstrip("?")))
    raise Forbidden(_("Your password is needed again for this. Reload the page."))


def _check_origin() -> None:
    origin = request.headers.get("Origin")
    foreign_site = request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}
    if foreign_site or (origin is not None and origin.partition("://")[2] != request.host):
        _warn_of_port(origin or "")
        raise _Stale(_stale())


def _warn_of_port(origin: str) -> None:
    """The commonest mistake of a proxy that is not on port 443."""
    name, _colon, port = origin.partition("://")[2].partition(":")
    if port and request.host == name:
        log.warning(
            "form from %s refused: the host is %s without the port; let the proxy pass it (nginx: $http_host)",
            origin,
            name,
        )


def _secure(response: Response, *, https: bool) -> Response:
    headers = response.headers
    headers["Content-Security-Policy"] = CSP
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    headers["X-Frame-Options"] = "DENY"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
    headers["X-Request-Id"] = reference()
    if https:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    if request.endpoint != "static":
        headers["Cache-Control"] = "no-store, private"
        headers["Vary"] = "Cookie, Accept-Language"
    return response
