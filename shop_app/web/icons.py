"""Icons: strokes on a 24 x 24 grid, set into the page, so that no second file is fetched."""

from __future__ import annotations

from functools import cache

from markupsafe import Markup

_STROKES = {
    "home": "M3 11l9-7 9 7M5.5 9.5V20h13V9.5M10 20v-6h4v6",
    "people": "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20c0-3.6 2.9-6 6.5-6s6.5 2.4 6.5 6M16 4.4a3.5 3.5 0 0 1 0 6.2M17.5 14.3c2.4.6 4 2.7 4 5.7",
    "person": "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.5c0-4 3.4-6.5 7.5-6.5s7.5 2.5 7.5 6.5",
    "tag": "M3.5 12.5v-8h8l9 9-8 8zM8 8h.01",
    "box": "M12 3l8.5 4.5v9L12 21l-8.5-4.5v-9zM3.5 7.5L12 12l8.5-4.5M12 12v9",
    "cart": "M3 4h2.5l2.4 11h10.2l2.4-8H7M9.5 20h.01M17 20h.01",
    "receipt": "M5.5 3.5h13v17l-2.2-1.5-2.1 1.5-2.2-1.5-2.2 1.5-2.1-1.5-2.2 1.5zM9 8.5h6M9 12.5h6",
    "wallet": "M4 7h15a1.5 1.5 0 0 1 1.5 1.5v10A1.5 1.5 0 0 1 19 20H5.5A1.5 1.5 0 0 1 4 18.5zM4 7l11-3.5V7M16.5 13.5h.01",
    "percent": "M5 19L19 5M7.5 9.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM16.5 19.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
    "chart": "M4 4v16h16M8.5 16v-5M13 16V7M17.5 16v-7",
    "eye": "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
    "camera": "M3 7.5h12v10H3zM15 11.5l6-3.5v9l-6-3.5",
    "shield": "M12 3l8 3v6c0 4.5-3.2 7.6-8 9-4.8-1.4-8-4.5-8-9V6z",
    "bell": "M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15zM10 21h4",
    "chat": "M4 4.5h16v11H9.5L4 20z",
    "star": "M12 3.5l2.6 5.4 5.9.8-4.3 4.1 1 5.9-5.2-2.8-5.2 2.8 1-5.9L3.5 9.7l5.9-.8z",
    "log": "M6 3.5h9l3.5 3.5v13.5H6zM9.5 11h6M9.5 15h6",
    "gear": "M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM12 2.5v3M12 18.5v3M2.5 12h3M18.5 12h3M5.3 5.3l2.1 2.1M16.6 16.6l2.1 2.1M5.3 18.7l2.1-2.1M16.6 7.4l2.1-2.1",
    "out": "M14 4H5v16h9M10.5 12H21M17 8l4 4-4 4",
    "plus": "M12 5v14M5 12h14",
    "minus": "M5 12h14",
    "check": "M4.5 12.5l5 5 10-11",
    "cross": "M6 6l12 12M18 6L6 18",
    "search": "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16 16l4.5 4.5",
    "filter": "M3.5 5h17l-6.5 8v6l-4-2v-4z",
    "download": "M12 4v11M7 10.5l5 5 5-5M4.5 20h15",
    "print": "M7 9V3.5h10V9M7 17H3.5V9h17v8H17M7 14h10v6.5H7z",
    "warn": "M12 3.5l9.5 17h-19zM12 10v4.5M12 17.5h.01",
    "info": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v5.5M12 7.5h.01",
    "clock": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5.5l3.5 2",
    "play": "M7 4.5l12 7.5-12 7.5z",
    "pause": "M8 5v14M16 5v14",
    "more": "M4 6.5h16M4 12h16M4 17.5h16",
    "left": "M15 5l-7 7 7 7",
    "right": "M9 5l7 7-7 7",
    "up": "M12 20V5M6 10.5l6-6 6 6",
    "down": "M12 4v15M6 13.5l6 6 6-6",
    "edit": "M4 20l1-4.5L16.5 4l3.5 3.5L8.5 19z",
    "undo": "M4 9.5h10a5.5 5.5 0 0 1 0 11H9M8 5.5l-4 4 4 4",
    "help": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.7M12 16.5h.01",
    "key": "M8 18a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM11 11.5l8.5-8.5M16 6.5l3 3",
    "phone": "M7 2.5h10v19H7zM11 18.5h2",
    "zone": "M4 6l7-2.5 9 4-2 11-10 2z",
    "sound": "M4 9.5v5h3.5L13 19V5L7.5 9.5zM16.5 9a4 4 0 0 1 0 6M19 6.5a8 8 0 0 1 0 11",
    "mood": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM8.5 14c.8 1.3 2 2 3.5 2s2.7-.7 3.5-2M9 9.5h.01M15 9.5h.01",
    "hold": "M6 4h12v16l-6-4-6 4z",
}  # fmt: skip


@cache
def icon(name: str, label: str = "") -> Markup:
    """An icon; hidden from screen readers unless it stands alone and has a label."""
    strokes = Markup('<path d="{}"/>').format(_STROKES[name])
    if label:
        return Markup('<svg class="icon" viewBox="0 0 24 24" role="img" aria-label="{}">{}</svg>').format(
            label, strokes
        )
    return Markup('<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{}</svg>').format(strokes)
