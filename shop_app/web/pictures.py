"""Pictures that people upload: decoded, made small, and written anew; nothing of the sent file is kept."""

from __future__ import annotations

import os
import secrets
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import IO

from flask import Response, send_from_directory
from PIL import Image, ImageOps
from werkzeug.datastructures import FileStorage

from shop_app.base.errors import Invalid, NotFound
from shop_app.base.text import _

LARGEST_PIXELS = 50_000_000  # telephones take pictures of 48 to 50 million
LARGEST_COPIED = 16_000_000  # of WebP and GIF, whose decoders keep several copies
LARGEST_SIDE = 1000
_ORIENTATION = 0x0112
# One at a time: a large picture takes 200 MB while it is decoded. In one thread, as each thread's allocator keeps what it freed.
_decoder = ThreadPoolExecutor(1, "pictures")


def store(upload: FileStorage, folder: Path) -> str:
    """Write an uploaded picture as WebP under a made-up name; returns the name."""
    name = secrets.token_hex(16) + ".webp"
    picture = decode(upload.stream)
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


def decode(
    stream: IO[bytes], *, longest_side: int = LARGEST_SIDE, formats: tuple[str, ...] = ("JPEG", "PNG", "WEBP", "GIF")
) -> Image.Image:
    """The picture, upright, in RGB on white, no side longer than `longest_side`; `Invalid` where it is none or too large."""
    try:
        return _decoder.submit(_decode, stream, longest_side, formats).result()
    except _TooLarge:
        raise Invalid(_("This picture has too many pixels. Please choose a smaller one.")) from None
    except Exception:  # Pillow raises many kinds for a broken file
        raise Invalid(_("This is no JPEG, PNG, WebP or GIF that can be read. Please choose another picture.")) from None


class _TooLarge(Exception):
    pass


def _decode(stream: IO[bytes], longest_side: int, formats: tuple[str, ...]) -> Image.Image:
    Image.open(stream, formats=formats).verify()
    stream.seek(0)
    opened = Image.open(stream, formats=formats)
    if opened.width * opened.height > (LARGEST_PIXELS if opened.format in ("JPEG", "PNG") else LARGEST_COPIED):
        raise _TooLarge
    opened.draft(None, (2 * longest_side, 2 * longest_side))  # a JPEG is made small while it is decoded
    small = _reduced(opened, max(1, max(opened.size) // (2 * longest_side)))
    small.thumbnail((longest_side, longest_side))
    if _ORIENTATION in opened.getexif():
        small.getexif()[_ORIENTATION] = opened.getexif()[_ORIENTATION]
    return _on_paper(ImageOps.exif_transpose(small))


def _reduced(opened: Image.Image, factor: int) -> Image.Image:
    """The picture with a `factor`th of its width and height, strip by strip: no second copy of a large one is made."""
    mode = "RGBA" if opened.has_transparency_data else "RGB"
    small = Image.new(mode, (-(-opened.width // factor), -(-opened.height // factor)))
    rows = 64 * factor
    for top in range(0, opened.height, rows):
        strip = opened.crop((0, top, opened.width, min(top + rows, opened.height)))
        small.paste(_eight_bits(strip).convert(mode).reduce(factor), (0, top // factor))
    return small


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Of 16 bits of grey the upper 8: Pillow's own conversion makes all above 255 white."""
    if not picture.mode.startswith("I"):
        return picture
    return picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")


def _on_paper(picture: Image.Image) -> Image.Image:
    if picture.mode == "RGB":
        return picture
    paper = Image.new("RGB", picture.size, "white")  # what is seen through a cut-out picture
    paper.paste(picture, mask=picture.getchannel("A"))
    return paper
