"""Draws the shop's icon: a store front on the accent colour."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw


def draw(size: int) -> bytes:
    """The icon as PNG, `size` pixels wide and high; drawn four times as large, then made smooth."""
    scale = size * 4 / 64
    picture = Image.new("RGB", (size * 4, size * 4), "#2457c5")
    pen = ImageDraw.Draw(picture)
    width = round(4 * scale)

    def line(*points: tuple[float, float]) -> None:
        pen.line([(x * scale, y * scale) for x, y in points], fill="white", width=width, joint="curve")

    line((14, 29), (18, 17), (46, 17), (50, 29), (14, 29))
    line((19, 34), (19, 48), (45, 48), (45, 34))
    for x in (14, 23, 32, 41):
        pen.arc([x * scale, 24 * scale, (x + 9) * scale, 35 * scale], 0, 180, fill="white", width=width)
    out = io.BytesIO()
    picture.resize((size, size), Image.Resampling.LANCZOS).save(out, "PNG")
    return out.getvalue()
