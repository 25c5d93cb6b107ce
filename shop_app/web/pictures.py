"""Pictures that people upload: decoded, made small, and written anew; nothing of the sent file is kept."""

from __future__ import annotations

import io
import os
import secrets
import warnings
from contextlib import suppress
from pathlib import Path

from flask import Response, send_from_directory
from PIL import Image, ImageOps, UnidentifiedImageError
from werkzeug.datastructures import FileStorage

from shop_app.base.errors import Invalid, NotFound
from shop_app.base.text import _

LARGEST_PIXELS = 40_000_000
LARGEST_SIDE = 1000


def store(upload: FileStorage, folder: Path) -> str:
    """Write an uploaded picture as WebP under a made-up name; returns the name."""
    name = secrets.token_hex(16) + ".webp"
    picture = _decode(upload.stream.read())
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / (name + ".part")
    try:
        picture.save(part, "WEBP", quality=82)
        part.replace(folder / name)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    return name


def replaced(folder: Path, name: str | None) -> None:
    """Begin the time after which retention deletes a picture that has lost its product."""
    if name:
        with suppress(FileNotFoundError):
            os.utime(folder / name)


def send(folder: Path, name: str | None) -> Response:
    """A stored picture. The name comes from the database, never from an address."""
    if not name or not (folder / name).is_file():
        raise NotFound(_("There is no such picture."))
    response: Response = send_from_directory(folder.resolve(), name, mimetype="image/webp", max_age=0)
    return response


def _decode(content: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP", "GIF")).verify()
            opened = Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP", "GIF"))
            if opened.width * opened.height > LARGEST_PIXELS:
                raise Invalid(_("The picture was not taken: it has too many pixels."))
            upright = ImageOps.exif_transpose(opened) or opened
            upright.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
            return upright.convert("RGB")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError, Warning):
        raise Invalid(_("The picture was not taken: it is no JPEG, PNG, WebP or GIF that can be read.")) from None
