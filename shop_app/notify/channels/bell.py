"""The bell: notifications that wait in the app. Nothing is sent; open pages are told by the live stream."""

from __future__ import annotations

from shop_app.base.settings import Settings
from shop_app.base.text import _l
from shop_app.notify.channels.channel import Channel, Letter

BELL = "bell"


class Bell(Channel):
    """Stays in the list of notifications, also after it was read."""

    name, label = BELL, _l("In the app")

    def send(self, settings: Settings, letter: Letter) -> None:
        """It is there already."""
