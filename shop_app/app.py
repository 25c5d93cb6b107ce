"""Makes the app: settings, database, guards, areas."""

from __future__ import annotations

import atexit
import hashlib
import os
from datetime import timedelta
from typing import Any

from flask import Flask, g, request
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, Map

from shop_app.accounts import guards
from shop_app.areas import areas
from shop_app.base.db import Database
from shop_app.base.settings import Settings, load_settings
from shop_app.base.version import check_version
from shop_app.notify.notifications.service import unread_count
from shop_app.ops import background, instance_lock
from shop_app.web import answers, i18n, navigation, template_filters
from shop_app.web.area import Shop, Unit, register, shop_of
from shop_app.web.error_pages import init_errors


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application. Without settings, they are read from the environment (`SHOP_*`)."""
    settings = settings or load_settings(os.environ)
    app = Flask("shop_app")
    app.config.update(flask_config(settings))
    if settings.proxies:
        count = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
    database = Database(settings.database_url)
    app.extensions["shop"] = Shop(settings, database)
    app.url_map.converters["int"] = _Id
    init_errors(app)
    i18n.init_app(app)
    template_filters.init_app(app)
    navigation.init_app(app, unread_count)
    _one_unit_per_request(app)
    guards.init_app(app)
    answers.init_app(app)
    register(app, areas())
    if not settings.testing:
        check_version(settings)
        if settings.is_sqlite:
            instance_lock.open_sqlite(settings)
        atexit.register(background.start(database, settings))
    return app


class _Id(IntegerConverter):
    """A number in an address: one that no database can hold is no address of ours."""

    def __init__(self, url_map: Map, *arguments: Any, **options: Any) -> None:
        super().__init__(url_map, *arguments, **{"max": 2**63 - 1} | options)


def flask_config(settings: Settings) -> dict[str, object]:
    """What Flask and its extensions are told of the settings."""
    secure = not settings.plain_http
    key = settings.secret_key()
    # Cookies know no ports: two shops of one host would end each other's sign-ins. `__Host-` binds one to its host over TLS.
    cookie = f"{'__Host-' if secure else ''}%s-{hashlib.sha256(b'cookies' + key).hexdigest()[:8]}"
    return {
        "SECRET_KEY": key,
        "LOGIN_COOKIE_NAME": cookie % "login",
        "TESTING": settings.testing,
        "MAX_CONTENT_LENGTH": settings.upload_bytes + 100_000,
        "MAX_FORM_MEMORY_SIZE": 500_000,
        "MAX_FORM_PARTS": 500,
        "TRUSTED_HOSTS": settings.hosts,
        # Flask's own session holds the CSRF token and messages for the next page; who is signed in stands in the database.
        "SESSION_COOKIE_NAME": cookie % "page",
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "PERMANENT_SESSION_LIFETIME": timedelta(hours=24),
        "WTF_CSRF_CHECK_DEFAULT": False,  # guards.py asks for it, except where a bearer token stands for the cookie
        "WTF_CSRF_TIME_LIMIT": None,  # as long as the session that holds it
        "WTF_CSRF_SSL_STRICT": False,  # guards.py compares Origin and Sec-Fetch-Site itself
        "SEND_FILE_MAX_AGE_DEFAULT": timedelta(days=30),
    }


def _one_unit_per_request(app: Flask) -> None:
    @app.before_request
    def begin() -> None:
        g.unit = Unit(shop_of(app).database, writes=request.method not in {"GET", "HEAD", "OPTIONS"})

    @app.teardown_request
    def end(_error: BaseException | None) -> None:
        left_open = g.pop("unit", None)
        if left_open is not None:
            left_open.finish(keep=False)
