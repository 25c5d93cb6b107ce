"""Manifest and service worker; the pages work without either, as they must on a LAN without TLS."""

from __future__ import annotations

from flask import Response, current_app, jsonify, render_template, send_from_directory

from shop_app.base.permissions import Permission as P
from shop_app.base.text import _
from shop_app.web.area import Area, profile

area = Area("pwa", __name__)


@area.get("/manifest.webmanifest", may=P.PUBLIC)
def manifest() -> Response:
    """The name, icons and colours of the installed app."""
    static_url = current_app.jinja_env.globals["static_url"]
    assert callable(static_url)
    response = jsonify(
        {
            "name": profile().name,
            "short_name": profile().name[:12],
            "id": "/",
            "start_url": "/",
            "scope": "/",
            "display": "standalone",
            "background_color": "#f6f7f9",
            "theme_color": "#2457c5",
            "icons": [
                {"src": static_url("icon.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "any"},
                {"src": "/icon-192.png", "sizes": "192x192", "type": "image/png", "purpose": "any"},
                {"src": "/icon-512.png", "sizes": "512x512", "type": "image/png", "purpose": "any maskable"},
            ],
        }
    )
    response.mimetype = "application/manifest+json"
    return response


@area.get("/icon-<int:size>.png", may=P.PUBLIC)
def icon_png(size: int) -> Response:
    """The icon as PNG, for phones that take no SVG; drawn here, so that no picture is kept in the project."""
    from shop_app.home.pwa.icon import draw  # Pillow, needed once per installation

    return Response(draw(512 if size > 192 else 192), mimetype="image/png")


@area.get("/service-worker.js", may=P.PUBLIC)
def service_worker() -> Response:
    """Served from the root, so that it may stand before every page."""
    response = send_from_directory(current_app.static_folder or "", "service-worker.js", max_age=0)
    response.headers["Service-Worker-Allowed"] = "/"
    return response


@area.get("/offline", may=P.PUBLIC)
def offline() -> str:
    """What is shown without a connection."""
    return render_template("offline.html", text=_("There is no connection to the shop. Nothing was sent."))
