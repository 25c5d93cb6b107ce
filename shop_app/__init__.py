"""The shop app: a Flask application that shows what the cameras report and runs the shop.

It knows neither vidframe nor a plugin; it meets them in the event contract (docs/events.md).
"""

from shop_app.app import create_app
from shop_app.base.settings import Settings

__all__ = ["Settings", "create_app"]
