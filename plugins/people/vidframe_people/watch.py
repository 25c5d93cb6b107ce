"""Follows the bodies in one camera's picture: carried from frame to frame, searched where it is due, told when sure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np

from vidframe import Box, Detection, Frame
from vidframe.detectors import Detector
from vidframe_people.cells import GRAY_WIDTH, Cells, Mask, cells_of, part_of
from vidframe_people.fixtures import Fixtures
from vidframe_people.flow import shifts_of
from vidframe_people.life import Gray, Life
from vidframe_people.looks import look_of
from vidframe_people.regions import merged, share_inside
from vidframe_people.search import Search
from vidframe_people.settings import Settings
from vidframe_people.tracker import Track, Tracker, find_again

LIFE_WIDTH = 640  # pixels across the grey picture in which bodies are told from what never moves
ROUNDING = 0.001  # seconds: what the times of frames are off
UNSURE = 0.45  # of the score that begins a track: what continues one
UNTOLD = 1.2  # seconds without a sighting, after which a body that was not told yet is given up
COASTS = 0.5  # seconds for which a body goes on at its last speed where flow loses it
HIDDEN = 1.2  # seconds without a sighting, after which a body is not in the frame any more
EMPTY_SHARE = 0.9  # of the cells of a body's box, that look as without anybody, from which the body has left
AGO = 2.5  # seconds: what was not there so long ago, has arrived
TOUCH = 0.2  # share of a body that lies in another's box, from which they may be one
NEW = 3.0  # seconds after it was told, in which a track may turn out to be another's
SURE = 0.6  # score from which a body that has arrived is told at its first sighting; others at the second
FIRST = 0.55  # score from which a body is told that was there when the camera started
LONGEST_UNSHOWN = 12.0  # seconds that something looks exactly the same which never moved, until it is furniture
LONGEST_STILL = 60.0  # the same, of what moved before: nobody stands as still as that
EXPLAINED = 0.9  # seconds between two searches while nothing moves but people who are followed
FACED = 2.0  # the same, while their faces are followed, too
AGAIN = 1.0  # seconds after which a body that was found once is looked for again where nothing changes
EMPTY_RECHECK = 120.0  # seconds between two searches of a picture in which nothing changes and nobody is


class Watch:
    """The bodies in frames of one size."""

    def __init__(
        self,
        settings: Settings,
        detector: Detector,
        fixtures: Fixtures,
        next_number: Callable[[], int],
        size: tuple[int, int],
    ) -> None:
        self.size = size
        self._fixtures = fixtures
        self._settings = settings
        self._next_number = next_number
        self._tracker = Tracker(settings.confidence, UNSURE * settings.confidence)
        self._search = Search(detector, *size, self._tracker.unsure)
        self._before: tuple[Gray, Cells, float] | None = None  # the frame before this one
        self._searched: Cells | None = None  # the frame of the last search
        self._last_search = -np.inf  # seconds
        self._glanced = -np.inf  # seconds, when the picture was last compared
        self._empty: Cells | None = None  # the picture without people, as far as it was seen so; NaN elsewhere
        self._earlier: deque[tuple[float, Gray]] = deque()  # pictures of the last AGO seconds

    def tracks_in(self, frame: Frame) -> list[Track]:
        """The bodies that are in this frame and are sure to be people."""
        if not self._is_anybody() and frame.seconds - self._glanced < self._settings.search_every / 2:
            self._before = None  # nobody to be carried
            return []
        self._glanced = frame.seconds
        gray = frame.scaled_gray(GRAY_WIDTH)
        cells = cells_of(gray)
        self._carry(gray, cells, frame.seconds)
        if self._is_due(cells, frame.seconds):
            self._look(frame, cells)
            self._note_empty(cells)
        self._keep_still(cells, frame.seconds)
        self._before = gray, cells, frame.seconds
        self._remember(frame)
        return [track for track in self._tracker.tracks if self._is_here(track, frame.seconds)]

    def _is_anybody(self) -> bool:
        """Whether there is a person, or what may soon be one; what is found again and again and never moves is none."""
        return any(track.number or track.hits < 2 for track in self._tracker.tracks)

    def _is_here(self, track: Track, now: float) -> bool:
        return track.number is not None and not track.is_gone and now - track.seen <= HIDDEN

    def has_number(self, number: int) -> bool:
        """Whether a body that is followed has this number."""
        return any(track.number == number for track in self._tracker.tracks)

    def _remember(self, frame: Frame) -> None:
        now = frame.seconds
        if not self._earlier or now - self._earlier[-1][0] >= AGO / 3:
            self._earlier.append((now, frame.scaled_gray(LIFE_WIDTH).copy()))  # the decoder's own plane is not kept
        while len(self._earlier) > 1 and now - self._earlier[1][0] >= AGO:
            self._earlier.popleft()

    # --- between searches ---

    def _carry(self, gray: Gray, cells: Cells, now: float) -> None:
        if self._before is None:
            return
        gray_before, cells_before, before = self._before
        changed = np.abs(cells - cells_before) >= self._settings.motion / 2
        moving = [track for track in self._tracker.tracks if changed[part_of(track.box, cells, *self.size)].any()]
        scale = self.size[0] / gray.shape[1]
        shifts = shifts_of(gray_before, gray, [self._scaled(track.box, GRAY_WIDTH) for track in moving])
        for track, shift in zip(moving, shifts, strict=True):
            if shift is not None and not self._tracker.is_beside(track):
                track.moved(shift[0] * scale, shift[1] * scale)
            elif now - track.seen < COASTS:
                track.moved(*(speed * (now - before) for speed in track.velocity))

    def _keep_still(self, cells: Cells, now: float) -> None:
        """Who was seen, and where nothing changed since, is still there."""
        for track in self._tracker.tracks:
            if not self._changed(track.cells, cells)[part_of(track.box, cells, *self.size)].any():
                track.seen = now
            elif track.seen < self._last_search and self._is_empty(track.box, cells):
                track.is_gone = True
        self._tracker.tracks = [
            track
            for track in self._tracker.tracks
            if now - track.seen <= (self._settings.lost_after if track.number else UNTOLD)
        ]

    def _note_empty(self, cells: Cells) -> None:
        """Takes over the picture where nobody is."""
        if self._empty is None:
            self._empty = np.full_like(cells, np.nan)
        is_free = np.ones(cells.shape, bool)
        for track in self._tracker.tracks:
            is_free[part_of(track.box.grown(1.2), cells, *self.size)] = False
        self._empty[is_free] = cells[is_free]

    def _is_empty(self, box: Box, cells: Cells) -> bool:
        """Whether a place looks as it does without anybody."""
        part = part_of(box, cells, *self.size)
        if self._empty is None:
            return False
        alike = np.abs(cells[part] - self._empty[part]) < self._settings.motion  # false where it is not known
        return float(alike.mean()) > EMPTY_SHARE

    def _changed(self, before: Cells, after: Cells) -> Mask:
        changed: Mask = np.abs(after - before) >= self._settings.motion
        return changed

    # --- searching ---

    def _is_due(self, cells: Cells, now: float) -> bool:
        passed = now - self._last_search + ROUNDING
        if self._searched is None:
            return True
        if passed < self._settings.search_every:
            return False
        changed = self._changed(self._searched, cells)
        if changed.any():
            return passed >= self._pause(now) or not self._is_explained(changed, cells)
        if any(track.hits < 2 for track in self._tracker.tracks):
            return passed >= AGAIN
        return passed >= (self._settings.recheck if self._is_anybody() else EMPTY_RECHECK)

    def _pause(self, now: float) -> float:
        """Seconds between two searches while only people move who are followed; faces are followed better than bodies."""
        return FACED if all(now - track.faced < COASTS for track in self._tracker.tracks) else EXPLAINED

    def _is_explained(self, changed: Mask, cells: Cells) -> bool:
        """Whether only people moved who are followed well, and nobody left."""
        left = changed.copy()
        for track in self._tracker.tracks:
            if not track.number or track.seen < self._last_search or self._is_empty(track.box, cells):
                return False
            left[part_of(track.box.grown(1.2), left, *self.size)] = False
        return not left.any()

    def _look(self, frame: Frame, cells: Cells) -> None:
        now, tracks = frame.seconds, self._tracker.tracks
        before, passed = self._searched, now - self._last_search
        changed = np.ones(cells.shape, bool) if before is None else self._changed(before, cells)
        self._last_search, self._searched = now, cells
        everywhere = np.ones(cells.shape, bool) if passed >= EMPTY_RECHECK else changed
        found = self._search.wide(frame.image, everywhere, [track.box for track in tracks])
        found = self._tracker.split(found, now)
        owners, new = self._tracker.assign(found, now)
        missing = [track for track in tracks if not any(track is owner for owner in owners.values())]
        bodies = [track.box for track in tracks] + [each.box for each in found if each.score >= self._tracker.sure]
        close = self._search.close(frame.image, changed, bodies, missing)
        if close:
            found = merged([*found, *self._tracker.split(close, now)])
            owners, new = self._tracker.assign(found, now)
        for index, track in owners.items():
            track.see(found[index], now, cells, look_of(frame.image, found[index].box))
        for detection in new:
            self._begin(frame, detection, cells)
        self._join_doubles(now)
        self._judge(frame.scaled_gray(LIFE_WIDTH), now)

    def _begin(self, frame: Frame, detection: Detection, cells: Cells) -> None:
        now, box = frame.seconds, detection.box
        followed = [track for track in self._tracker.tracks if now - track.seen <= HIDDEN and not track.is_gone]
        if any(track.box.overlap(box) > 0.45 or share_inside(box, track.box) > 0.7 for track in followed):
            return
        look = look_of(frame.image, box)
        lost = [track for track in self._tracker.tracks if track.number and track.seen < now]
        again = find_again(lost, detection, look, now, self._settings.lost_after)
        if again is not None:
            again.see(detection, now, cells, look)
            return
        before = self._earlier[0][1] if self._earlier and now - self._earlier[0][0] >= AGO / 2 else None
        life = Life(before, frame.scaled_gray(LIFE_WIDTH), self._scaled(box, LIFE_WIDTH), now)
        self._tracker.tracks.append(Track(box, detection.score, now, life, cells, look))

    # --- telling ---

    def _join_doubles(self, now: float) -> None:
        """Somebody who comes in piece by piece may have begun two tracks: the one that is seen takes the first number."""
        seen = [track for track in self._tracker.tracks if track.seen == now and track.number]
        for lost in [track for track in self._tracker.tracks if track.seen < now and track.number]:
            same = next((track for track in seen if _is_double(lost, track)), None)
            if same is not None and now - lost.told < NEW:
                same.number, same.told = min(lost.number or 0, same.number or 0), min(lost.told, same.told)
                self._tracker.tracks.remove(lost)

    def _judge(self, gray: Gray, now: float) -> None:
        """Tells the bodies that are sure to be people, and gives up what turned out to be none."""
        for track in [track for track in self._tracker.tracks if track.seen == now]:
            is_alone = not any(_touch(track, other) for other in self._tracker.tracks if other.number)
            track.life.look(gray, self._scaled(track.box, LIFE_WIDTH), now, is_alone)
            if self._is_fixture(track, now):
                self._fixtures.learn(track.box, self.size)
                self._tracker.tracks.remove(track)
            elif track.number is None and self._is_person(track, is_alone):
                track.number, track.told = self._next_number(), now

    def _is_person(self, track: Track, is_alone: bool) -> bool:
        """Beside another body more is asked for: it may be a part of that."""
        if track.life.is_shown:
            enough = 3 if not is_alone else 2 if track.score < SURE else 1
            return track.hits >= enough
        is_known = self._fixtures.has(track.box, self.size)
        return track.hits >= 2 and track.life.is_first and track.score >= FIRST and not is_known

    def _is_fixture(self, track: Track, now: float) -> bool:
        has_moved = track.life.is_shown and not self._fixtures.has(track.box, self.size)
        return track.life.rigid_for(now) > (LONGEST_STILL if has_moved else LONGEST_UNSHOWN)

    def _scaled(self, box: Box, width: int) -> Box:
        """A box of the frame as one of the grey picture of that width."""
        scale = min(1.0, width / self.size[0])
        return Box(*(value * scale for value in box))


def _touch(one: Track, other: Track) -> bool:
    """Whether two bodies are before each other."""
    return one is not other and (share_inside(one.box, other.box) > TOUCH or share_inside(other.box, one.box) > TOUCH)


def _is_double(one: Track, other: Track) -> bool:
    return one.box.overlap(other.box) > 0.2 and (
        share_inside(one.box, other.box) > 0.7 or share_inside(other.box, one.box) > 0.7
    )
