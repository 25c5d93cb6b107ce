"""Draws nights that are hard, as H.264 files with exact truth, for `vidframe eval abnormality --data FOLDER`.

    python benchmarks/hard_nights.py FOLDER [--data DIR] [--only WORD]

Each film is a room, a fault of light, weather or camera, and, at a time that is known, somebody who comes in. The rooms
and the people are drawn; with --data (a folder with `videos` and `night`) real ones are taken as well: footage of
other places as rooms, and the six visitors of intel_one_by_one.mp4, cut out against their empty room.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[Any]  # height x width x 3, BGR, uint8
Layer = tuple[Pixels, NDArray[Any]]  # a picture and where it covers what is behind it, 0..1, float32
Actor = Callable[[int, tuple[int, int]], Layer | None]  # frame number and (height, width)
Fault = Callable[[int, Pixels, np.random.Generator], Pixels]

VISIBLE = 0.002  # share of the picture from which somebody counts as there
SIZE = (640, 360)


@dataclass
class Film:
    """One night: where, who, and what goes wrong."""

    name: str
    room: str = "shelves"
    actors: list[Actor] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    tampered: list[tuple[int, int]] = field(default_factory=list)  # incidents that nobody has to come in for
    frames: int = 300
    fps: int = 10
    size: tuple[int, int] = SIZE
    crf: int = 23
    keyframes: int = 20  # frames from one to the next

    def pictures(self, data: Path | None) -> Iterator[tuple[Pixels, float]]:
        """Each picture, and the share of it that people cover."""
        width, height = self.size
        ground = cv2.resize(room(self.room, data), self.size, interpolation=cv2.INTER_AREA)
        rng = np.random.default_rng(11)
        for index in range(self.frames):
            picture, covered = ground.copy(), np.zeros((height, width), bool)
            for actor in self.actors:
                layer = actor(index, (height, width))
                if layer is not None:
                    pixels, cover = layer
                    picture = (picture * (1 - cover[..., None]) + pixels * cover[..., None]).astype(np.uint8)
                    covered |= cover > 0.5
            for fault in self.faults:
                picture = fault(index, picture, rng)
            yield picture, float(covered.mean())

    def write(self, folder: Path, data: Path | None) -> dict[str, Any]:
        """Writes FOLDER/NAME.mp4; its truth."""
        shares = []
        with av.open(str(folder / f"{self.name}.mp4"), "w") as output:
            options = {"preset": "veryfast", "crf": str(self.crf), "g": str(self.keyframes), "bf": "0"}
            stream: Any = output.add_stream("libx264", rate=Fraction(self.fps), options=options)
            stream.width, stream.height, stream.pix_fmt = *self.size, "yuv420p"
            for index, (picture, share) in enumerate(self.pictures(data)):
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="bgr24")
                frame.pts, frame.time_base = index, Fraction(1, self.fps)
                output.mux(stream.encode(frame))
                shares.append(share)
            output.mux(stream.encode())
        incidents = sorted(self.tampered + spans([share >= VISIBLE for share in shares]))
        due = [next((i for i in range(a, b + 1) if shares[i] >= 0.006), a) for a, b in incidents]
        return {"fps": self.fps, "frames": self.frames, "size": self.size, "incidents": incidents, "due": due}


def spans(there: list[bool], join: int = 5) -> list[tuple[int, int]]:
    """First and last frame of each stretch; stretches with fewer than `join` frames between them are one."""
    found: list[tuple[int, int]] = []
    for index in (i for i, here in enumerate(there) if here):
        if found and index - found[-1][1] <= join:
            found[-1] = (found[-1][0], index)
        else:
            found.append((index, index))
    return found


# --- rooms ---------------------------------------------------------------------------------------------------------

FOOTAGE = {
    "table": "videos/bottle-detection.mp4",
    "asphalt": "videos/car-detection.mp4",
    "classroom": "videos/classroom.gif",
    "aisle": "videos/store-aisle-detection.gif",
    "motorway": "night/dvrscan_traffic_camera.mp4",
}


@cache
def room(name: str, data: Path | None) -> Pixels:
    """A still picture of an empty place."""
    if name in FOOTAGE and data is not None:
        with av.open(str(data / FOOTAGE[name])) as container:
            shown = [picture.to_ndarray(format="bgr24") for picture in islice(container.decode(video=0), 150)]
        return np.asarray(np.median(np.stack(shown[:: max(1, len(shown) // 15)]), 0).astype(np.uint8))
    if name in ("coffee", "camera", "brick", "motorcycle_left", "rocket"):
        from skimage import data as pictures  # a dev dependency

        picture = {"rocket": pictures.rocket, "coffee": pictures.coffee, "camera": pictures.camera}.get(
            name, pictures.brick
        )()
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR) if picture.ndim == 2 else picture[..., ::-1])
    return shelves(plain=name == "wall")


def shelves(plain: bool = False) -> Pixels:
    """A shop with goods on shelves and a tiled floor; plain: walls and a door alone."""
    rng = np.random.default_rng(3)
    picture = np.full((720, 1280, 3), (150, 155, 150), np.uint8)
    picture[480:] = (95, 105, 110)
    for x in range(-400, 1700, 130):
        cv2.line(picture, (640 + (x - 640) // 2, 480), (x, 720), (80, 88, 92), 2, cv2.LINE_AA)
    for y in (500, 540, 600, 680):
        cv2.line(picture, (0, y), (1280, y), (80, 88, 92), 2)
    cv2.rectangle(picture, (80, 150), (260, 500), (60, 75, 100), -1)
    cv2.rectangle(picture, (80, 150), (260, 500), (40, 40, 40), 4)
    for shelf in range(0 if plain else 4):
        top = 110 + shelf * 100
        cv2.rectangle(picture, (440, top + 70), (1200, top + 82), (50, 60, 70), -1)
        for place in range(38):
            low, colour = int(rng.integers(15, 60)), [int(c) for c in rng.integers(30, 230, 3)]
            cv2.rectangle(picture, (445 + place * 20, top + 70 - low), (460 + place * 20, top + 69), colour, -1)
    grain = cv2.GaussianBlur(rng.normal(0, 12, (720, 1280, 1)).astype(np.float32), (9, 9), 0)[..., None]
    return np.asarray(np.clip(picture + grain * 3, 0, 255).astype(np.uint8))


# --- people and things ---------------------------------------------------------------------------------------------


def walker(
    start: int,
    end: int,
    *,
    tall: float = 0.6,
    clothes: tuple[int, int, int] = (60, 50, 45),
    from_to: tuple[float, float] = (-0.1, 1.1),
    feet: float = 0.95,
    stand: tuple[int, int] | None = None,
    texture: float = 12,
) -> Actor:
    """Somebody who walks through the picture; `tall` and `feet` in heights of it, the way in widths.

    `stand`: frames between which the way is interrupted; who stands shifts from one foot to the other.
    """

    def at(index: int, size: tuple[int, int]) -> Layer | None:
        if not start <= index <= end:
            return None
        height, width = size
        walked, standing = index, False
        if stand is not None:
            standing = stand[0] <= index < stand[1]
            walked = min(index, stand[0]) if index < stand[1] else index - (stand[1] - stand[0])
        last = end - (stand[1] - stand[0] if stand else 0)
        part = (walked - start) / max(1, last - start)
        x = (from_to[0] + part * (from_to[1] - from_to[0])) * width
        sway = np.sin(index / 9) * 0.004 * height
        return _figure(
            size,
            x + (sway if standing else 0),
            feet * height,
            tall * height,
            0 if standing else walked,
            clothes,
            texture,
        )

    return at


def _figure(
    size: tuple[int, int], x: float, feet: float, tall: float, step: int, clothes: tuple[int, int, int], texture: float
) -> Layer:
    height, width = size
    cover = np.zeros((height, width), np.uint8)
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:] = clothes
    swing = np.sin(step * 0.9) * 0.11 * tall

    def to(dx: float, up: float) -> tuple[int, int]:
        return round((x + dx) * 8), round((feet - up) * 8)

    thick = max(1, round(0.085 * tall))
    for side in (-1, 1):
        cv2.line(cover, to(0, 0.48 * tall), to(side * swing, 0), 255, thick, cv2.LINE_AA, 3)
        cv2.line(
            cover, to(0, 0.8 * tall), to(-side * swing * 0.8, 0.42 * tall), 255, max(1, thick * 2 // 3), cv2.LINE_AA, 3
        )
    cv2.ellipse(
        cover, to(0, 0.66 * tall), (round(0.11 * tall * 8), round(0.2 * tall * 8)), 0, 0, 360, 255, -1, cv2.LINE_AA, 3
    )
    head = to(0, 0.93 * tall)
    cv2.circle(cover, head, round(0.07 * tall * 8), 255, -1, cv2.LINE_AA, 3)
    cv2.circle(pixels, head, round(0.062 * tall * 8), (140, 160, 190), -1, cv2.LINE_AA, 3)
    pixels = np.clip(pixels + _cloth(size)[..., None] * texture, 0, 255).astype(np.uint8)
    return pixels, (cv2.GaussianBlur(cover, (3, 3), 0) / np.float32(255)).astype(np.float32)


@cache
def _cloth(size: tuple[int, int]) -> NDArray[Any]:
    coarse = np.random.default_rng(8).normal(0, 1, (size[0] // 6, size[1] // 6)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC))


def crawler(start: int, end: int, **kwargs: Any) -> Actor:
    """Somebody who crawls along the lower edge: flat and long."""
    upright = walker(start, end, tall=0.5, feet=0.9, **kwargs)

    def at(index: int, size: tuple[int, int]) -> Layer | None:
        layer = upright(index, size)
        if layer is None:
            return None
        height, width = size
        flat = np.float32([[1, 0, 0], [0, 0.36, 0.62 * height]])
        return cv2.warpAffine(layer[0], flat, (width, height)), cv2.warpAffine(layer[1], flat, (width, height))

    return at


def box(start: int, end: int, place: tuple[float, float, float, float] = (0.3, 0.72, 0.1, 0.16)) -> Actor:
    """A parcel that stands there from one frame to another."""

    def at(index: int, size: tuple[int, int]) -> Layer | None:
        if not start <= index <= end:
            return None
        height, width = size
        x, y, w, h = (round(v * s) for v, s in zip(place, (width, height) * 2, strict=True))
        pixels, cover = np.zeros((height, width, 3), np.uint8), np.zeros((height, width), np.float32)
        cv2.rectangle(pixels, (x, y), (x + w, y + h), (70, 120, 160), -1)
        cv2.rectangle(pixels, (x, y + h // 2), (x + w, y + h // 2 + 3), (120, 190, 220), -1)
        cv2.rectangle(cover, (x, y), (x + w, y + h), 1.0, -1)
        return pixels, cover

    return at


@cache
def _footage(data: Path, first: int, last: int) -> list[Layer]:
    path = data / "night" / "intel_one_by_one.mp4"
    with av.open(str(path)) as container:
        shown = {}
        for index, picture in enumerate(container.decode(video=0)):
            if index < 40 or first <= index <= last:
                shown[index] = picture.to_ndarray(format="bgr24")
            if index > last:
                break
    empty = np.median(np.stack([shown[i] for i in range(0, 40, 4)]), 0).astype(np.uint8)
    layers = []
    for index in range(first, last + 1):
        now = shown[index]
        gain = np.median(now[:, ::9].astype(np.float32) / np.maximum(empty[:, ::9], 1))
        differs = np.abs(now.astype(np.float32) - empty * gain).max(2)
        mask = (cv2.GaussianBlur(differs, (5, 5), 0) > 32).astype(np.uint8)
        mask = cv2.morphologyEx(
            cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((5, 5))), cv2.MORPH_CLOSE, np.ones((15, 15))
        )
        count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
        keep = [i for i in range(1, count) if stats[i, 4] > 800]
        cover = np.isin(labels, keep).astype(np.float32) if keep else np.zeros(mask.shape, np.float32)
        layers.append((now, cv2.GaussianBlur(cover, (5, 5), 0)))
    return layers


def visitor(data: Path, visit: tuple[int, int], start: int, *, scale: float = 1.0, mirrored: bool = False) -> Actor:
    """One of the visitors of intel_one_by_one.mp4, smaller about the middle of the lower edge."""

    def at(index: int, size: tuple[int, int]) -> Layer | None:
        layers = _footage(data, *visit)
        if not start <= index < start + len(layers):
            return None
        height, width = size
        pixels, cover = layers[index - start]
        rows, columns = cover.shape
        x, y = width / columns * scale, height / rows * scale
        move = np.float32([[x, 0, width * (1 - scale) / 2], [0, y, height * (0.98 - scale * 0.98)]])
        if mirrored:
            move[0] = [-x, 0, width - width * (1 - scale) / 2]
        return cv2.warpAffine(pixels, move, (width, height)), cv2.warpAffine(cover, move, (width, height))

    return at


# --- faults of light, weather and camera ---------------------------------------------------------------------------


def gain(how: Callable[[int], float]) -> Fault:
    """The whole picture brighter or darker."""
    return lambda i, p, r: cv2.LUT(p, np.clip(np.arange(256) * how(i), 0, 255).astype(np.uint8))


def grey(i: int, p: Pixels, r: np.random.Generator) -> Pixels:
    return cv2.cvtColor(cv2.cvtColor(p, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)


def noise(sigma: float, *, correlated: bool = False) -> Fault:
    """Noise of the sensor; correlated: in space and time, as a camera's own noise reduction leaves it."""
    state: dict[str, Any] = {}

    def at(i: int, p: Pixels, r: np.random.Generator) -> Pixels:
        grain = cv2.resize(
            r.normal(0, sigma, (p.shape[0] // (2 if correlated else 1), p.shape[1] // (2 if correlated else 1))).astype(
                np.float32
            ),
            p.shape[1::-1],
        )
        if correlated:
            state["grain"] = grain = 0.8 * state.get("grain", grain) + 0.6 * grain
        return np.clip(p + grain[..., None], 0, 255).astype(np.uint8)

    return at


def between(first: int, last: int, fault: Fault) -> Fault:
    return lambda i, p, r: fault(i, p, r) if first <= i <= last else p


def lamp(centre: tuple[float, float], radius: float, level: float) -> Fault:
    """A lamp that lights part of the room: multiplies."""

    def at(i: int, p: Pixels, r: np.random.Generator) -> Pixels:
        height, width = p.shape[:2]
        y, x = np.ogrid[:height, :width]
        far = ((x / width - centre[0]) ** 2 + ((y / height - centre[1]) * height / width) ** 2) / radius**2
        return np.clip(p * (1 + level * np.exp(-far))[..., None], 0, 255).astype(np.uint8)

    return at


def headlights(starts: list[int], lasts: int = 20, level: float = 80) -> Fault:
    """A beam that sweeps across: part adds, part multiplies."""

    def at(i: int, p: Pixels, r: np.random.Generator) -> Pixels:
        for start in starts:
            if start <= i < start + lasts:
                width = p.shape[1]
                centre = ((i - start) / lasts * 1.5 - 0.25) * width
                beam = np.exp(-(((np.arange(width) - centre) / (width * 0.13)) ** 2))[None, :, None]
                return np.clip(p * (1 + beam * 0.7) + beam * level * 0.5, 0, 255).astype(np.uint8)
        return p

    return at


def banding(strength: float, bands: float = 2.5, speed: float = 0.37) -> Fault:
    """Lamps on 50 or 60 Hz under a rolling shutter: bands that wander."""

    def at(i: int, p: Pixels, r: np.random.Generator) -> Pixels:
        rows = np.arange(p.shape[0]) / p.shape[0]
        wave = 1 + strength * np.sin(2 * np.pi * (bands * rows + speed * i))
        return np.clip(p * wave[:, None, None], 0, 255).astype(np.uint8)

    return at


def streaks(count: int, length: int, thick: int, slant: int, shade: int = 210) -> Fault:
    """Rain; with a length of 0 snow."""

    def at(i: int, p: Pixels, r: np.random.Generator) -> Pixels:
        wet = p.copy()
        for _ in range(count):
            x, y = int(r.integers(p.shape[1])), int(r.integers(p.shape[0]))
            cv2.line(wet, (x, y), (x + slant, y + length), (shade,) * 3, thick, cv2.LINE_AA)
        return cv2.addWeighted(p, 0.4, wet, 0.6, 0)

    return at


def insects(every: int, lasts: int = 3, size: float = 0.05) -> Fault:
    """Blurred bright insects that fly by near the lens."""

    def at(i: int, p: Pixels, r: np.random.Generator) -> Pixels:
        if i < 40 or (i - 40) % every >= lasts:
            return p
        own = np.random.default_rng((i - 40) // every)
        start, way = own.random(2), own.normal(0, 0.12, 2)
        x, y = start + way * ((i - 40) % every)
        height, width = p.shape[:2]
        spot = np.zeros((height, width), np.float32)
        cv2.ellipse(
            spot,
            (int(x * width), int(y * height)),
            (int(size * width), int(size * width * 0.4)),
            own.random() * 180,
            0,
            360,
            1.0,
            -1,
        )
        spot = cv2.GaussianBlur(spot, (0, 0), size * width / 4)[..., None]
        return np.clip(p * (1 - spot) + 225 * spot, 0, 255).astype(np.uint8)

    return at


def web(i: int, p: Pixels, r: np.random.Generator) -> Pixels:
    """Threads of a spider's web that glow and sway in the wind."""
    height, width = p.shape[:2]
    glow = np.zeros((height, width), np.float32)
    for thread in range(3):
        bend = np.sin(i * (0.5 + 0.2 * thread) + thread) * 0.02 + 0.01 * np.sin(i * 0.11)
        points = np.array([[0.1 + 0.25 * thread, 0], [0.2 + 0.2 * thread + bend, 0.25], [0.3 + 0.22 * thread, 0.5]]) * (
            width,
            height,
        )
        cv2.polylines(glow, [points.astype(np.int32)], False, 1.0, 5, cv2.LINE_AA)
    glow = cv2.GaussianBlur(glow, (0, 0), 4)[..., None]
    return np.clip(p + 70 * glow, 0, 255).astype(np.uint8)


def plant(place: tuple[float, float, float, float] = (0.75, 0.3, 0.2, 0.5), sway: float = 0.012) -> Fault:
    """Leaves in the draught of the heating; gusts come and go."""

    def at(i: int, p: Pixels, r: np.random.Generator) -> Pixels:
        height, width = p.shape[:2]
        own = np.random.default_rng(4)
        gust = 0.6 + 0.4 * np.sin(i / 37)
        for _ in range(70):
            x, y = place[0] + own.random() * place[2], place[1] + own.random() * place[3]
            shade, turn, phase = int(own.integers(20, 110)), own.random() * 180, own.random() * 6
            x += gust * sway * np.sin(i * 0.8 + phase) * (place[1] + place[3] - y) / place[3] * 2
            cv2.ellipse(
                p,
                (int(x * width), int(y * height)),
                (int(0.022 * width), int(0.008 * width)),
                turn,
                0,
                360,
                (shade // 2, shade, shade // 2),
                -1,
                cv2.LINE_AA,
            )
        return p

    return at


def television(place: tuple[float, float, float, float] = (0.62, 0.12, 0.16, 0.2), scene: int = 23) -> Fault:
    """A screen whose picture moves and is cut to another every few seconds."""

    def at(i: int, p: Pixels, r: np.random.Generator) -> Pixels:
        height, width = p.shape[:2]
        x, y, w, h = (round(v * s) for v, s in zip(place, (width, height) * 2, strict=True))
        own = np.random.default_rng(i // scene)
        shown = cv2.resize(own.integers(0, 255, (6, 8, 3), dtype=np.uint8), (w * 2, h), interpolation=cv2.INTER_CUBIC)
        p[y : y + h, x : x + w] = shown[:, (i * 3) % w : (i * 3) % w + w]
        return p

    return at


def shake(sigma: float) -> Fault:
    """The camera trembles; pixels of the picture."""

    def at(i: int, p: Pixels, r: np.random.Generator) -> Pixels:
        return moved(p, *r.normal(0, sigma, 2))

    return at


def moved(p: Pixels, dx: float, dy: float, turn: float = 0.0) -> Pixels:
    height, width = p.shape[:2]
    move = cv2.getRotationMatrix2D((width / 2, height / 2), turn, 1.0)
    move[:, 2] += dx, dy
    return cv2.warpAffine(p, move, (width, height), borderMode=cv2.BORDER_REFLECT)


def clock(fps: int, start: str = "2026-11-24 23:59:41", scale: float = 0.04, corner: str = "top") -> Fault:
    """The time that cameras write into the picture: it changes each second, and all of it at midnight."""
    from datetime import datetime, timedelta

    began = datetime.fromisoformat(start)

    def at(i: int, p: Pixels, r: np.random.Generator) -> Pixels:
        height = p.shape[0]
        text = f"{began + timedelta(seconds=i // fps):%d-%m-%Y %a %H:%M:%S}"
        size = scale * height / 22
        place = (8, round(scale * height * 1.4)) if corner == "top" else (8, height - 8)
        for colour, thick in (((0, 0, 0), 4), ((255, 255, 255), 2)):
            cv2.putText(
                p, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, colour, max(1, round(thick * size)), cv2.LINE_AA
            )
        return p

    return at


def frozen_now_and_then(i: int, p: Pixels, r: np.random.Generator, state: dict[str, Pixels] = {}) -> Pixels:  # noqa: B006
    """Frames that were lost: the last one stands for up to a second."""
    if i % 40 < 8 and i > 40:
        return state.get("last", p)
    state["last"] = p
    return p


def covered_by_hand(start: int) -> Fault:
    def at(i: int, p: Pixels, r: np.random.Generator) -> Pixels:
        if i < start:
            return p
        down = min(1.0, (i - start + 1) / 4)
        hand = np.full_like(p, (40, 50, 70))
        hand = np.clip(
            hand + cv2.GaussianBlur(np.random.default_rng(2).normal(0, 30, p.shape).astype(np.float32), (0, 0), 15) * 4,
            0,
            255,
        )
        rows = round(p.shape[0] * down)
        p[:rows] = hand[:rows].astype(np.uint8)
        return p

    return at


def blurred(start: int, sigma: float) -> Fault:
    return lambda i, p, r: cv2.GaussianBlur(p, (0, 0), sigma) if i >= start else p


def blinded(start: int, end: int) -> Fault:
    """A torch into the lens."""

    def at(i: int, p: Pixels, r: np.random.Generator) -> Pixels:
        if not start <= i <= end:
            return p
        height, width = p.shape[:2]
        y, x = np.ogrid[:height, :width]
        glare = np.exp(-(((x - width * 0.45) / (width * 0.5)) ** 2 + ((y - height * 0.5) / (height * 0.7)) ** 2))
        return np.clip(p * 0.3 + 400 * glare[..., None], 0, 255).astype(np.uint8)

    return at


# --- the nights ----------------------------------------------------------------------------------------------------

LIGHT_ON = 100
COMES, GOES = 180, 240
REAL_ROOMS = ("table", "asphalt", "classroom", "aisle", "motorway")
VISITS = ((60, 198), (227, 449), (502, 700), (744, 869), (921, 1200), (1234, 1360))


def films(data: Path | None) -> Iterator[Film]:
    """All nights."""
    yield from who_comes()
    yield from what_disturbs()
    yield from what_is_done_to_the_camera()
    if data is not None:
        yield from real_people(data)


def who_comes() -> Iterator[Film]:
    """Nothing disturbs; who comes in is hard to see."""
    for place in ("shelves", "wall", "coffee", "camera", "brick", "rocket", *REAL_ROOMS):
        yield Film(f"walks_{place}", place, [walker(80, 130, clothes=(70, 60, 55))], frames=200)
    dark: list[Fault] = [gain(lambda i: 0.22), grey, noise(4)]
    for place in ("shelves", "classroom", "aisle", "motorway"):
        yield Film(f"dark_{place}", place, [walker(80, 130)], dark, frames=200)
        yield Film(f"dark_pale_{place}", place, [walker(80, 130, clothes=(150, 150, 150))], dark, frames=200)
    yield Film("small", "wall", [walker(80, 180, tall=0.24, feet=0.8)], frames=240)
    yield Film("small_aisle", "aisle", [walker(80, 180, tall=0.26, feet=0.8)], frames=240)
    yield Film("slow", "shelves", [walker(80, 380, from_to=(-0.1, 0.5))], frames=420)
    yield Film("crawls", "shelves", [crawler(80, 200)], frames=240)
    yield Film("crawls_dark", "aisle", [crawler(80, 200)], dark, frames=240)
    yield Film("like_the_wall", "wall", [walker(80, 140, clothes=(132, 137, 132), texture=3)], frames=200)
    yield Film("like_the_wall_dark", "wall", [walker(80, 140, clothes=(120, 125, 120), texture=3)], dark, frames=200)
    yield Film("first_second", "shelves", [walker(8, 90)], frames=160)
    yield Film("there_at_the_switch", "shelves", [walker(-60, 60)], frames=200)
    yield Film("stands", "shelves", [walker(80, 760, stand=(110, 730))], frames=840)
    yield Film("two", "shelves", [walker(80, 140), walker(100, 170, from_to=(1.1, -0.1), tall=0.5)], frames=240)
    yield Film("left", "shelves", [box(100, 219)], frames=220)
    yield Film("left_by_somebody", "shelves", [walker(80, 150), box(115, 260)], frames=260)
    yield Film("runs", "shelves", [walker(80, 92)], frames=160)
    for fps in (5, 15, 25, 30):
        yield Film(f"fps{fps}", "shelves", [walker(8 * fps, 13 * fps)], frames=20 * fps, fps=fps)
    yield Film("qvga", "aisle", [walker(80, 130)], frames=200, size=(320, 240))
    yield Film("odd", "aisle", [walker(80, 130)], frames=200, size=(354, 286))
    yield Film("hd", "aisle", [walker(80, 130)], frames=200, size=(1920, 1080), crf=28)
    yield Film("portrait", "aisle", [walker(80, 130)], frames=200, size=(360, 640))


def what_disturbs() -> Iterator[Film]:
    """Something that is no incident, alone and then while somebody comes in."""
    off = gain(lambda i: 0.35 if i >= LIGHT_ON else 1)
    on = gain(lambda i: 1.0 if i >= LIGHT_ON else 0.3)
    with_entry = gain(lambda i: 1.0 if i >= COMES + 6 else 0.3)
    off_with_entry = gain(lambda i: 0.3 if i >= COMES + 6 else 1.0)
    dusk = gain(lambda i: 0.35)
    disturbances: dict[str, list[Fault]] = {
        "noise10": [dusk, grey, noise(10)],
        "noise20": [dusk, grey, noise(20)],
        "noise_correlated": [dusk, grey, noise(9, correlated=True)],
        "dawn": [gain(lambda i: 0.3 + 0.7 * i / 300)],
        "light_off": [off],
        "light_on": [on],
        "light_on_with_entry": [with_entry],
        "light_off_with_entry": [off_with_entry],
        "lamp": [dusk, between(LIGHT_ON, 999, lamp((0.3, 0.4), 0.25, 2.2))],
        "lamp_with_entry": [dusk, between(COMES + 6, 999, lamp((0.3, 0.4), 0.25, 2.2))],
        "headlights": [dusk, headlights([60, 110, 150, 200])],
        "banding": [banding(0.12)],
        "banding_dark": [dusk, banding(0.2, 1.5, 0.21), noise(4)],
        "auto_exposure": [gain(lambda i: [1, 1.25, 0.8, 1.1][max(0, i - 40) // 45 % 4])],
        "infrared": [lambda i, p, r: p if i < LIGHT_ON else noise(5)(i, grey(i, gain(lambda _: 0.7)(i, p, r), r), r)],
        "rain": [streaks(90, 18, 1, 2)],
        "heavy_rain": [dusk, streaks(260, 26, 1, 4)],
        "snow": [dusk, streaks(60, 1, 5, 1, 230)],
        "insects": [dusk, grey, insects(37)],
        "web": [dusk, grey, web],
        "plant": [plant()],
        "television": [dusk, television()],
        "shake1": [shake(1.0)],
        "shake3": [shake(3.0)],
        "clock": [clock(10)],
        "clock_big": [dusk, clock(10, scale=0.07, corner="bottom")],
        "lost_frames": [frozen_now_and_then],
    }
    places = ("shelves", "aisle", "classroom", "motorway", "wall", "table")
    for number, (name, faults) in enumerate(disturbances.items()):
        comes = [walker(COMES, GOES, clothes=(75, 65, 60))]
        yield Film(name, places[number % len(places)], comes, faults)
    yield Film("low_bitrate", "aisle", [walker(COMES, GOES)], [noise(4)], crf=38, keyframes=25)
    yield Film("low_bitrate_dark", "shelves", [walker(COMES, GOES)], [dusk, grey, noise(6)], crf=40, keyframes=50)
    yield Film("clock_hd", "classroom", [walker(COMES, GOES)], [dusk, clock(10, scale=0.045)], size=(1280, 720))


def what_is_done_to_the_camera() -> Iterator[Film]:
    """Tampering, from frame 120 on."""
    done: dict[str, Fault] = {
        "covered": covered_by_hand(120),
        "blurred": blurred(120, 9),
        "blinded": blinded(120, 220),
        "bumped_right": lambda i, p, r: moved(p, 14, 0) if i >= 120 else p,
        "bumped_down": lambda i, p, r: moved(p, 2, 12) if i >= 120 else p,
        "bumped_far": lambda i, p, r: moved(p, 90, 40) if i >= 120 else p,
        "turned": lambda i, p, r: moved(p, 0, 0, 6) if i >= 120 else p,
        "panned": lambda i, p, r: moved(p, 5 * min(max(0, i - 120), 30), 0),
    }
    for number, (name, fault) in enumerate(done.items()):
        for place in (("shelves", "classroom", "aisle")[number % 3], "wall" if number % 2 else "motorway"):
            end = 220 if name == "blinded" else 239
            yield Film(
                f"tampering_{name}_{place}", place, [], [gain(lambda i: 0.6), fault, noise(2)], [(120, end)], 240
            )


def real_people(data: Path) -> Iterator[Film]:
    """Visitors cut out of footage, in other places, by day and in the dark."""
    dark: list[Fault] = [gain(lambda i: 0.25), grey, noise(5)]
    rain: list[Fault] = [gain(lambda i: 0.5), streaks(90, 18, 1, 2)]
    weathers = {"day": [], "dark": dark, "rain": rain, "swept": [gain(lambda i: 0.5), headlights([40, 90, 240])]}
    for number, place in enumerate((*REAL_ROOMS, "shelves", "brick", "coffee")):
        visit = VISITS[(0, 3, 5)[number % 3]]
        weather = list(weathers)[number % 4]
        come = visitor(data, visit, 60, scale=(1, 0.6, 0.4)[number % 3], mirrored=bool(number % 2))
        yield Film(f"visitor_{place}_{weather}", place, [come], weathers[weather], frames=60 + visit[1] - visit[0] + 50)


def main() -> None:
    """Writes the films and their truth."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", type=Path, help="a folder with `videos` and `night`")
    parser.add_argument("--only", default="", help="only films whose name contains this")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    path = arguments.folder / "truth.json"
    truth = json.loads(path.read_text()) if path.exists() else {}
    for film in films(arguments.data):
        if arguments.only in film.name and (arguments.data is not None or film.room not in FOOTAGE):
            truth[f"{film.name}.mp4"] = film.write(arguments.folder, arguments.data)
            path.write_text(json.dumps(truth, indent=1))
            print(film.name, truth[f"{film.name}.mp4"]["incidents"], flush=True)


if __name__ == "__main__":
    main()
