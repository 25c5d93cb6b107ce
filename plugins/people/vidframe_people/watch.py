"""Decides where to look for bodies in each frame, and keeps what is known of each."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import count

import numpy as np

from vidframe import Box, Detection, Frame
from vidframe.detectors import Detector
from vidframe_people.cells import GRAY_WIDTH, Cells, Mask, cells_of, part_of, patches_of
from vidframe_people.flow import shifts_of
from vidframe_people.life import Gray, Life
from vidframe_people.looks import look_of
from vidframe_people.regions import in_frame, joined, merged, share_inside, square_about, squares_of
from vidframe_people.settings import Settings
from vidframe_people.tracker import Track, Tracker, find_again

Shares = tuple[float, float, float, float]  # x, y, width, height as parts of the frame

ROUNDING = 0.001  # seconds: what the times of frames are off
MOST_CLOSE = 3  # close looks in one search
SMALL = 0.4  # of a square's side: a body or a change that is smaller is looked at closely
UNTOLD = 1.2  # seconds without a sighting, after which a body that was not told yet is given up
HIDDEN = 1.2  # seconds without a sighting, after which a body is not in the frame any more
AGO = 2.5  # seconds: what came since then, has arrived
FIRST = 0.55  # score from which a body is told that was there when the camera started
LONGEST_UNSHOWN = 12.0  # seconds that something looks exactly the same which never moved, until it is furniture
LONGEST_STILL = 60.0  # the same, of what moved before: nobody stands as still as that
MOST_FIXTURES = 50
EMPTY_RECHECK = 10.0  # seconds between two searches of a picture in which nothing changes and nobody is


class Watch:
    """What is known of one camera's picture."""

    def __init__(self, settings: Settings, detector: Detector, fixtures: Sequence[Shares] = ()) -> None:
        """`fixtures`: what an earlier run learned, as parts of the frame's width and height."""
        self._settings = settings
        self._known_fixtures = fixtures
        self._detector = detector
        self._numbers = count(1)
        self._size = (0, 0)

    def tracks_in(self, frame: Frame) -> list[Track]:
        """The bodies that are in this frame and are sure to be people."""
        if (frame.width, frame.height) != self._size:
            self._start(frame)
        gray = frame.scaled_gray(GRAY_WIDTH)
        cells = cells_of(gray)
        self._carry(gray, cells)
        if self._is_due(cells, frame.seconds):
            self._search(frame, gray, cells)
        self._before, self._cells_before = gray, cells
        self._remember(gray, frame.seconds)
        self._keep_still(cells, frame.seconds)
        return [track for track in self._tracker.tracks if track.number and frame.seconds - track.seen <= HIDDEN]

    def next_number(self) -> int:
        """A number that nobody has."""
        return next(self._numbers)

    def has_number(self, number: int) -> bool:
        """Whether a body that is followed has this number."""
        return any(track.number == number for track in self._tracker.tracks)

    @property
    def fixtures(self) -> list[Shares]:
        """Where something looks like a body and never moved, as parts of the frame's width and height."""
        width, height = self._size
        if not width:
            return list(self._known_fixtures)
        return [(box.x / width, box.y / height, box.width / width, box.height / height) for box in self._fixtures]

    def _start(self, frame: Frame) -> None:
        self._size = (frame.width, frame.height)
        self._squares = squares_of(frame.width, frame.height)
        self._tracker = Tracker(self._settings.confidence, 0.45 * self._settings.confidence)
        self._before: Gray | None = None
        self._cells_before: Cells | None = None
        self._searched: Cells | None = None  # as it was when it was last searched
        self._last_search = -np.inf
        self._earlier: deque[tuple[float, Gray]] = deque()  # pictures of the last seconds
        width, height = self._size
        self._fixtures = [Box(x * width, y * height, w * width, h * height) for x, y, w, h in self._known_fixtures]

    def _remember(self, gray: Gray, now: float) -> None:
        if not self._earlier or now - self._earlier[-1][0] >= AGO / 3:
            self._earlier.append((now, gray))
        while len(self._earlier) > 1 and now - self._earlier[1][0] >= AGO:
            self._earlier.popleft()

    # --- between searches ---

    def _carry(self, gray: Gray, cells: Cells) -> None:
        if self._before is None or self._cells_before is None:
            return
        scale = self._size[0] / gray.shape[1]
        changed = np.abs(cells - self._cells_before) >= self._settings.motion / 2
        moving = [track for track in self._tracker.tracks if changed[part_of(track.box, cells, *self._size)].any()]
        boxes = [Box(*(value / scale for value in track.box)) for track in moving]
        for track, (across, down) in zip(moving, shifts_of(self._before, gray, boxes), strict=True):
            track.moved(across * scale, down * scale)

    def _keep_still(self, cells: Cells, now: float) -> None:
        """Who was seen, and where nothing changed since, is still there."""
        for track in self._tracker.tracks:
            if track.cells is not None and not self._has_changed(track, cells):
                track.seen = now
        self._tracker.tracks = [
            track
            for track in self._tracker.tracks
            if now - track.seen <= (self._settings.lost_after if track.number else UNTOLD)
        ]

    def _has_changed(self, track: Track, cells: Cells) -> bool:
        assert track.cells is not None
        part = part_of(track.box, cells, *self._size)
        return bool((np.abs(cells[part] - track.cells[part]) >= self._settings.motion).any())

    # --- searching ---

    def _is_due(self, cells: Cells, now: float) -> bool:
        passed = now - self._last_search + ROUNDING
        if self._searched is None:
            return True
        if passed < self._settings.search_every:
            return False
        if (np.abs(cells - self._searched) >= self._settings.motion).any():
            return True
        is_waiting = any(track.number or track.hits < 2 for track in self._tracker.tracks)
        return passed >= (self._settings.recheck if is_waiting else EMPTY_RECHECK)

    def _search(self, frame: Frame, gray: Gray, cells: Cells) -> None:
        now = frame.seconds
        if self._searched is None or now - self._last_search >= EMPTY_RECHECK:
            changed = np.ones(cells.shape, bool)
        else:
            changed = np.abs(cells - self._searched) >= self._settings.motion
        self._last_search, self._searched = now, cells
        found = self._look(frame, self._wide(changed, cells))
        owners, new = self._tracker.assign(found, now)
        missing = [track for track in self._tracker.tracks if not any(track is owner for owner in owners.values())]
        close = self._look(frame, self._close(changed, found, missing))
        if close:
            found = merged([*found, *close])
            owners, new = self._tracker.assign(found, now)
        for index, track in owners.items():
            track.see(found[index], now)
            track.cells = cells
            track.look = look_of(frame.image, track.box)
        for detection in new:
            self._begin(frame, detection, gray, cells)
        self._judge(gray, now)

    def _look(self, frame: Frame, squares: Sequence[Box]) -> list[Detection]:
        found = []
        for square in squares:
            left, top = max(0, round(square.x)), max(0, round(square.y))
            right, bottom = round(square.x + square.width), round(square.y + square.height)
            part = frame.image[top:bottom, left:right]
            place = Box(left, top, part.shape[1], part.shape[0])
            found += [
                in_frame(each, place, frame.width, frame.height)
                for each in self._detector.detect(part, self._tracker.unsure)
                if each.label == "person"
            ]
        return merged(found)

    def _wide(self, changed: Mask, cells: Cells) -> list[Box]:
        """The large squares in which something changed, or somebody is."""
        return [
            square
            for square in self._squares
            if changed[part_of(square, cells, *self._size)].any()
            or any(share_inside(track.box, square) > 0.5 for track in self._tracker.tracks)
        ]

    def _close(self, changed: Mask, found: Sequence[Detection], missing: Sequence[Track]) -> list[Box]:
        """Squares about bodies that were not found where they are expected, and about small changes without a body."""
        small = SMALL * self._squares[0].height
        told = sorted(missing, key=lambda track: (track.number is None, -track.seen))
        places = [track.box.grown(1.5) for track in told]
        known = [each.box for each in found] + [track.box for track in self._tracker.tracks]
        for patch in sorted(patches_of(changed, *self._size), key=lambda patch: -patch.area):
            is_known = any(share_inside(patch, box.grown(1.3)) > 0.5 for box in known)
            if not is_known and max(patch.width, patch.height) < small:
                places.append(patch.grown(2.0))
        squares = [square_about(place, 1.2, *self._size) for place in places]
        return joined([square for square in squares if square.width < 0.9 * self._squares[0].width][:MOST_CLOSE])

    def _begin(self, frame: Frame, detection: Detection, gray: Gray, cells: Cells) -> None:
        now = frame.seconds
        known = [track for track in self._tracker.tracks if now - track.seen <= HIDDEN]
        if any(
            track.box.overlap(detection.box) > 0.45 or share_inside(detection.box, track.box) > 0.7 for track in known
        ):
            return
        look = look_of(frame.image, detection.box)
        lost = [track for track in self._tracker.tracks if track.number and track.seen < now]
        again = find_again(lost, detection, look, now, self._settings.lost_after)
        if again is not None:
            again.see(detection, now)
            again.cells, again.look = cells, look
            return
        before = self._earlier[0][1] if self._earlier and now - self._earlier[0][0] >= AGO / 2 else None
        life = Life(before, gray, self._small(detection.box), now)
        self._tracker.tracks.append(Track(detection.box, detection.score, now, now, life, look, cells=cells))

    def _judge(self, gray: Gray, now: float) -> None:
        """Tells the bodies that are sure to be people, and gives up what turned out to be none."""
        told = [track for track in self._tracker.tracks if track.number]
        for track in [track for track in self._tracker.tracks if track.seen == now]:
            others = [other for other in told if other is not track]
            is_free = not any(share_inside(track.box, other.box) > 0.2 for other in others)
            track.life.look(gray, self._small(track.box), now, is_free)
            if self._is_fixture(track, now):
                self._learn(track.box)
                self._tracker.tracks.remove(track)
            elif track.number is None and self._is_person(track):
                track.number, track.told = next(self._numbers), now

    def _is_person(self, track: Track) -> bool:
        if track.hits < 2:
            return False
        if track.life.is_shown:
            return True
        return track.life.is_first and track.score >= FIRST and not self._is_known(track.box)

    def _is_fixture(self, track: Track, now: float) -> bool:
        has_moved = track.life.is_shown and not self._is_known(track.box)
        return track.life.rigid_for(now) > (LONGEST_STILL if has_moved else LONGEST_UNSHOWN)

    def _is_known(self, box: Box) -> bool:
        return any(box.overlap(fixture) > 0.4 for fixture in self._fixtures)

    def _learn(self, box: Box) -> None:
        if not self._is_known(box):
            self._fixtures.append(box)
            del self._fixtures[:-MOST_FIXTURES]

    def _small(self, box: Box) -> Box:
        """A box of the frame as one of the grey picture."""
        scale = min(1.0, GRAY_WIDTH / self._size[0])
        return Box(*(value * scale for value in box))
