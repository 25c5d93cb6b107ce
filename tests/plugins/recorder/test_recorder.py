"""Clips of drawn recordings: what is in them, what is not, and what becomes of them when something breaks."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from time import time
from typing import Any

import av
import cv2
import numpy as np
import pytest
from vidframe_recorder.plugin import Recorder

from tests.cameras import RtspCamera
from tests.clips import moving_square, write_clip
from vidframe import Camera, Event, Frame
from vidframe.core.model.kinds import KINDS
from vidframe.core.sources.decoded import decoded_frames
from vidframe.core.sources.opening import open_source
from vidframe.testing import TestCamera, make_camera, make_frame

FPS = 10
Script = dict[int, tuple[str, str]]  # frame -> kind of an event and the incident that it is about


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 seconds of H.264 with a keyframe each second."""
    pictures = list(itertools.islice(itertools.cycle(moving_square(60, 64, 48)), 600))
    return write_clip(tmp_path_factory.mktemp("source") / "camera.mp4", pictures, fps=FPS)


def copied(path: Path | str, camera: Camera, **options: Any) -> Iterator[Frame]:
    """Frames with the packets of a recording or a camera."""
    with open_source(str(path), wants_packets=True, **options) as source:
        for index, decoded in enumerate(decoded_frames(source)):
            yield Frame(decoded.picture, camera, index, decoded.seconds, decoded.packets)


def drawn(camera: Camera, count: int = 600) -> Iterator[Frame]:
    """Frames without packets."""
    for index, picture in zip(range(count), itertools.cycle(moving_square(60, 65, 49)), strict=False):
        yield make_frame(picture, camera=camera, index=index)


def facts_of(kind: str, **changes: Any) -> dict[str, Any]:
    """The facts of a kind, changed where it has those that are named and they are not null."""
    facts = KINDS[kind].example if kind in KINDS else {}
    return facts | {name: changes[name] for name in changes if facts.get(name) is not None}


def record(frames: Iterator[Frame], camera: TestCamera, script: Script, **settings: Any) -> list[Event]:
    """Runs a recorder; the events of the script come after the frames that it names."""
    recorder = Recorder(**settings)
    report = camera.report
    recorder.open_camera(camera)
    try:
        for frame in frames:
            report.seconds = frame.seconds
            recorder.process_frame(frame)
            if frame.index in script:
                kind, incident = script[frame.index]
                now = camera.utc(frame.seconds).isoformat()
                changes = {"state": incident, "incident": incident, "start": now, "end": now}
                recorder.handle_event(report(kind, **facts_of(kind, **changes)))
    finally:
        recorder.close_camera()
    return [event for event in report.events if event.kind.startswith(("clip.", "storage."))]


def joined(paths: list[Path], camera: Camera) -> Iterator[Frame]:
    """Frames of recordings one after the other, as a camera sends them whose settings somebody changes."""
    began, index = 0.0, 0
    for path in paths:
        with open_source(str(path), wants_packets=True) as source:
            for decoded in decoded_frames(source):
                packets = [
                    replace(p, seconds=p.seconds + began, decode_seconds=p.decode_seconds + began)
                    for p in decoded.packets
                ]
                yield Frame(decoded.picture, camera, index, decoded.seconds + began, packets)
                index, last = index + 1, decoded.seconds + began
        began = last + 1 / FPS


def sizes_of(clip: Path) -> set[tuple[int, int]]:
    """Of all pictures of a clip, decoded to its end; av.error.InvalidDataError if one is damaged."""
    with av.open(str(clip), options={"err_detect": "explode"}) as container:
        return {(picture.width, picture.height) for picture in container.decode(video=0)}


def seconds_of(clip: Path) -> list[float]:
    """The times of all pictures of a clip, decoded to its end."""
    with av.open(str(clip)) as container:
        return [picture.time for picture in container.decode(video=0)]


def clips_below(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.mp4"))


ONE: Script = {200: ("incident.opened", "a"), 250: ("incident.closed", "a")}


def test_a_quiet_night_writes_not_one_byte(recording: Path, tmp_path: Path) -> None:
    camera = make_camera(state=tmp_path / "door")

    assert record(copied(recording, camera), camera, {}) == []
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_clip_begins_before_the_incident_and_ends_after_it(recording: Path, tmp_path: Path) -> None:
    camera = make_camera(state=tmp_path)

    (ready,) = record(copied(recording, camera), camera, ONE, before=3, after=5)

    assert ready.kind == "clip.ready"
    assert ready.facts["incidents"] == ["a"]
    # The incident is from 20 to 25 s; keyframes are a second apart.
    start = (datetime.fromisoformat(ready.facts["start"]) - camera.utc(0)).total_seconds()
    assert 16 <= start <= 17
    assert 13 <= ready.facts["seconds"] <= 14.2
    times = seconds_of(clips_below(tmp_path)[0])
    assert len(times) == pytest.approx(ready.facts["seconds"] * FPS, abs=1)
    assert times[0] == pytest.approx(0, abs=0.11)


def test_the_figures_tell_how_many_clips_there_are_and_what_they_take(recording: Path, tmp_path: Path) -> None:
    camera = make_camera(state=tmp_path)

    record(copied(recording, camera), camera, ONE)

    (clip,) = clips_below(tmp_path)
    metrics = camera.metrics
    assert (metrics["clips"], metrics["clip_bytes"]) == (1, clip.stat().st_size)
    assert (metrics["clips_ready_total"], metrics["clips_failed_total"]) == (1, 0)
    assert metrics["disk_free_bytes"] > 0


def test_copied_pictures_are_the_pictures_of_the_camera(recording: Path, tmp_path: Path) -> None:
    camera = make_camera(state=tmp_path)

    (_ready,) = record(copied(recording, camera), camera, ONE)

    with av.open(str(recording)) as source, av.open(str(clips_below(tmp_path)[0])) as clip:
        ours = [picture.to_ndarray(format="gray") for picture in clip.decode(video=0)]
        theirs = [picture.to_ndarray(format="gray") for picture in source.decode(video=0)]
    first = round((20 - 3) * FPS)
    assert np.array_equal(ours[0], theirs[first])
    assert np.array_equal(ours[-1], theirs[first + len(ours) - 1])


def test_the_files_are_what_the_event_says(recording: Path, tmp_path: Path) -> None:
    camera = make_camera(state=tmp_path)

    (ready,) = record(copied(recording, camera), camera, ONE)

    clip, thumbnail = ready.files
    assert (clip.role, clip.media_type) == ("clip", "video/mp4")
    assert (thumbnail.role, thumbnail.media_type) == ("thumbnail", "image/jpeg")
    assert thumbnail.read().startswith(b"\xff\xd8")
    note = json.loads(clips_below(tmp_path)[0].with_suffix(".json").read_text())
    assert note["sha256"] == hashlib.sha256(clip.read()).hexdigest()
    assert note["bytes"] == len(clip.read()) == ready.facts["bytes"]


def test_the_metadata_has_the_start_in_utc(recording: Path, tmp_path: Path) -> None:
    camera = make_camera(state=tmp_path)

    (ready,) = record(copied(recording, camera), camera, ONE)

    with av.open(str(clips_below(tmp_path)[0])) as clip:
        assert clip.metadata["creation_time"] == ready.facts["start"]


def test_incidents_that_touch_share_a_clip(recording: Path, tmp_path: Path) -> None:
    camera = make_camera(state=tmp_path)
    script = ONE | {320: ("incident.opened", "b"), 330: ("incident.closed", "b")}  # 7 s later: 5 after and 3 before

    (ready,) = record(copied(recording, camera), camera, script, before=3, after=5)

    assert ready.facts["incidents"] == ["a", "b"]
    gaps = np.diff(seconds_of(clips_below(tmp_path)[0]))
    assert gaps.max() < 0.15


def test_incidents_that_are_apart_have_a_clip_each(recording: Path, tmp_path: Path) -> None:
    camera = make_camera(state=tmp_path)
    script = ONE | {450: ("incident.opened", "b"), 460: ("incident.closed", "b")}

    events = record(copied(recording, camera), camera, script)

    assert [event.facts["incidents"] for event in events] == [["a"], ["b"]]


def test_a_long_incident_goes_on_in_another_clip_without_a_gap(recording: Path, tmp_path: Path) -> None:
    camera = make_camera(state=tmp_path)
    script: Script = {100: ("incident.opened", "a"), 400: ("incident.closed", "a")}

    events = record(copied(recording, camera), camera, script, max_length=10)

    assert len(events) >= 4
    for one, other in itertools.pairwise(events):
        gap = datetime.fromisoformat(other.facts["start"]) - datetime.fromisoformat(one.facts["end"])
        assert abs(gap.total_seconds()) < 0.05


def test_an_event_of_a_moment_has_a_clip(recording: Path, tmp_path: Path) -> None:
    camera = make_camera(state=tmp_path)

    (ready,) = record(copied(recording, camera), camera, {200: ("door.bell", "")}, events=["door"], before=2, after=4)

    assert 6 <= ready.facts["seconds"] <= 7.2


def test_the_old_name_of_a_kind_is_taken_with_a_warning(
    recording: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    camera = make_camera(state=tmp_path)
    script = {200: ("interest.visit", ""), 500: ("interest.mood", "")}

    (ready,) = record(copied(recording, camera), camera, script, events=["interest"], before=1, after=1)

    assert 2 <= ready.facts["seconds"] <= 4
    assert "the event kind 'interest' is now 'interest.visit'" in caplog.text


def test_an_incident_of_an_outsider_that_is_no_id_is_known_by_its_event(recording: Path, tmp_path: Path) -> None:
    camera = make_camera(state=tmp_path)
    recorder = Recorder(events=["queue"], after=1)
    recorder.open_camera(camera)
    for frame in itertools.islice(copied(recording, camera), 100):
        recorder.process_frame(frame)
        if frame.index == 50:
            recorder.handle_event(camera.report("queue.long", incident="Big one!"))
    recorder.close_camera()

    queue, ready = camera.events
    assert ready.facts["incidents"] == [queue.id]


def test_a_clip_that_is_full_of_incidents_goes_on_in_another(
    recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vidframe_recorder.plugin.MAX_INCIDENTS", 2)
    camera = make_camera(state=tmp_path)
    script = {100 + 10 * n: ("queue.long", "") for n in range(5)}

    clips = record(copied(recording, camera), camera, script, events=["queue"], before=1, after=1)

    assert [len(clip.facts["incidents"]) for clip in clips] == [2, 2, 1]


def test_other_events_have_none(recording: Path, tmp_path: Path) -> None:
    camera = make_camera(state=tmp_path)

    assert record(copied(recording, camera), camera, {200: ("incidental", "")}) == []


def test_pictures_without_packets_are_encoded(tmp_path: Path) -> None:
    camera = make_camera(state=tmp_path)

    (ready,) = record(drawn(camera), camera, ONE, before=3, after=5)

    assert 12.8 <= ready.facts["seconds"] <= 13.4
    with av.open(str(clips_below(tmp_path)[0])) as clip:
        assert clip.streams.video[0].codec_context.name in ("h264", "vp9", "libvpx-vp9")
        assert (clip.streams.video[0].width, clip.streams.video[0].height) == (64, 48)
        assert len(list(clip.decode(video=0))) == pytest.approx(130, abs=3)


def test_pictures_that_the_decoder_holds_back_are_in_the_clip_once(tmp_path: Path) -> None:
    pictures = list(moving_square(60, 64, 48))
    source = write_clip(tmp_path / "camera.mp4", pictures, options={"preset": "veryfast", "bf": "3"})
    camera = make_camera(state=tmp_path / "door")

    record(copied(source, camera), camera, {30: ("incident.opened", "a")}, before=10)

    (clip,) = clips_below(tmp_path / "door")
    assert len(seconds_of(clip)) == 60


@pytest.mark.parametrize(("codec", "pixels"), [("libx264", "yuv420p"), ("mjpeg", "yuvj420p")])
@pytest.mark.parametrize("rotate", [90, 180, 270])
def test_the_clip_of_a_turned_camera_plays_upright(tmp_path: Path, rotate: int, codec: str, pixels: str) -> None:
    lit = np.zeros((48, 64, 3), np.uint8)
    lit[:12, :16] = 255
    path = write_clip(tmp_path / "camera.mkv", [lit] * 60, codec=codec, pixels=pixels, fps=FPS)
    upright = np.rot90(lit, -rotate // 90)
    camera = make_camera(state=tmp_path)
    script: Script = {20: ("incident.opened", "a"), 30: ("incident.closed", "a")}

    (ready,) = record(copied(path, camera, rotate=rotate), camera, script, before=1, after=1)

    clip, thumbnail = ready.files
    with open_source(str(clips_below(tmp_path)[0])) as source:
        shown = next(decoded_frames(source)).picture.bgr()
    small: Any = cv2.imdecode(np.frombuffer(thumbnail.read(), np.uint8), cv2.IMREAD_COLOR)
    assert clip.media_type == "video/mp4"
    assert shown.shape == small.shape == upright.shape
    assert np.abs(shown.astype(int) - upright).mean() < 8
    assert np.abs(small.astype(int) - upright).mean() < 8


@pytest.mark.parametrize(("codec", "pixels"), [("mjpeg", "yuvj420p"), ("libx265", "yuv420p")])
def test_what_browsers_do_not_play_is_encoded(tmp_path: Path, codec: str, pixels: str) -> None:
    pictures = list(itertools.islice(itertools.cycle(moving_square(60, 64, 48)), 300))
    path = write_clip(tmp_path / "camera.mkv", pictures, fps=FPS, codec=codec, pixels=pixels)
    camera = make_camera(state=tmp_path / "door")
    script: Script = {100: ("incident.opened", "a"), 150: ("incident.closed", "a")}

    (ready,) = record(copied(path, camera), camera, script)

    with av.open(str(clips_below(tmp_path / "door")[0])) as clip:
        assert clip.streams.video[0].codec_context.name in ("h264", "vp9", "libvpx-vp9")
    assert 13 <= ready.facts["seconds"] <= 14.5


@pytest.mark.slow
def test_an_h265_camera_makes_clips_that_browsers_play(tmp_path: Path) -> None:
    quiet = {"x265-params": "log-level=none"}
    stream = write_clip(tmp_path / "camera.h265", moving_square(60, 320, 240), codec="libx265", options=quiet)
    camera = make_camera(state=tmp_path / "door")
    script: Script = {20: ("incident.opened", "a"), 40: ("incident.closed", "a")}

    with RtspCamera(stream) as door:
        door.switch_on()
        (ready,) = record(itertools.islice(copied(door.url, camera), 80), camera, script, before=1, after=1)

    with av.open(str(clips_below(tmp_path / "door")[0])) as clip:
        assert clip.streams.video[0].codec_context.name in ("h264", "vp9", "libvpx-vp9")
        pictures = sum(1 for _ in clip.decode(video=0))
    assert pictures / ready.facts["seconds"] == pytest.approx(FPS, rel=0.2)
    assert ready.facts["seconds"] >= 3


def test_the_switch_to_day_ends_the_clip_at_once(recording: Path, tmp_path: Path) -> None:
    camera = make_camera(state=tmp_path)
    script: Script = {200: ("incident.opened", "a"), 260: ("mode.changed", "")}

    (ready,) = record(copied(recording, camera), camera, script, before=3, after=60)

    assert 9 <= ready.facts["seconds"] <= 10.2


def test_the_oldest_clips_go_first_but_no_pinned_one(recording: Path, tmp_path: Path) -> None:
    camera = make_camera(state=tmp_path)
    script: Script = {}
    for number, frame in enumerate(range(50, 600, 150)):
        script |= {frame: ("incident.opened", str(number)), frame + 5: ("incident.closed", str(number))}
    record(copied(recording, camera), camera, script, before=1, after=1)
    oldest = clips_below(tmp_path)[0]
    oldest.with_suffix(".pin").touch()

    camera = make_camera(state=tmp_path)
    record(copied(recording, camera), camera, ONE, max_clips=2)

    left = clips_below(tmp_path)
    assert oldest in left
    assert len(left) == 3  # the pinned one, the youngest of the old, and the new one


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Lets files grow no further than so many bytes: an honest ENOSPC needs a file system, see test_full_disk.py."""
    from vidframe_recorder import storage

    def limit(most: int) -> None:
        monkeypatch.setattr(
            storage.Storage, "_space", lambda self: (10 * most, most - sum(clip.bytes for clip in self.clips()))
        )

    return limit


def test_a_disk_that_is_nearly_full_makes_room_before_the_clip(
    recording: Path, tmp_path: Path, full_disk: Callable[[int], None]
) -> None:
    camera = make_camera(state=tmp_path)
    record(copied(recording, camera), camera, ONE)
    (old,) = clips_below(tmp_path)
    full_disk(old.stat().st_size + 1_000_000)

    camera = make_camera(state=tmp_path)
    events = record(copied(recording, camera), camera, ONE, keep_free=1)

    assert [event.kind for event in events] == ["storage.low", "clip.ready"]
    assert events[0].facts["deleted"] == 1
    assert not old.exists()


def test_what_stays_free_of_the_disk_stays_free_while_a_clip_is_written(
    recording: Path, tmp_path: Path, full_disk: Callable[[int], None]
) -> None:
    full_disk(900_000)
    camera = make_camera(state=tmp_path)

    events = record(copied(recording, camera), camera, ONE, keep_free=1)

    assert [event.kind for event in events] == ["storage.low", "clip.failed"]
    assert events[1].facts["incidents"] == ["a"]


def test_clips_grow_old_on_quiet_nights_too(tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    folder.mkdir()
    old, young, unset = (f"2026010{n}T000000Z-00000{n}" for n in range(3))
    for name, modified in ((old, time() - 31 * 86400), (young, time()), (unset, 86400)):
        (folder / f"{name}.json").write_text("{}")
        (folder / f"{name}.mp4").write_bytes(b"clip")
        os.utime(folder / f"{name}.mp4", (modified, modified))
    camera = make_camera(state=tmp_path)

    record(drawn(camera, 3), camera, {})
    for thread in threading.enumerate():
        if thread.name == "tidy-clips":
            thread.join(5)

    assert [clip.stem for clip in clips_below(tmp_path)] == [young, unset]


def test_a_camera_that_changes_its_size_goes_on_in_another_clip(recording: Path, tmp_path: Path) -> None:
    larger = write_clip(tmp_path / "larger.mp4", moving_square(100, 128, 96), fps=FPS)
    camera = make_camera(state=tmp_path / "door")

    first, second = record(joined([recording, larger], camera), camera, {590: ("incident.opened", "a")})

    assert first.facts["incidents"] == second.facts["incidents"] == ["a"]
    assert [sizes_of(clip) for clip in clips_below(tmp_path / "door")] == [{(64, 48)}, {(128, 96)}]
    assert sum(len(seconds_of(clip)) for clip in clips_below(tmp_path / "door")) >= 100 + 40


def test_after_a_lost_connection_the_clip_goes_on_at_a_keyframe(recording: Path, tmp_path: Path) -> None:
    camera = make_camera(state=tmp_path)
    script: Script = {200: ("incident.opened", "a"), 213: ("camera.state", "connecting"), 260: ("incident.closed", "a")}

    record(copied(recording, camera), camera, script)

    (clip,) = clips_below(tmp_path)
    times = seconds_of(clip)
    gaps = [round(b - a, 1) for a, b in itertools.pairwise(times)]
    assert sorted(gaps)[-2:] == [0.1, 0.7]  # pictures 214 to 219 build on what was lost
    assert gaps.index(0.7) == gaps.index(max(gaps))


def test_a_wall_clock_that_is_put_back_does_not_make_a_clip_of_an_hour(recording: Path, tmp_path: Path) -> None:
    camera = make_camera(state=tmp_path)
    recorder = Recorder(before=1, after=1)
    recorder.open_camera(camera)
    for frame in copied(recording, camera):
        camera.report.seconds = frame.seconds
        recorder.process_frame(frame)
        if frame.index in (100, 110):
            later = (frame.time + timedelta(hours=1)).isoformat()
            kind = "incident.opened" if frame.index == 100 else "incident.closed"
            recorder.handle_event(camera.report(kind, **facts_of(kind, incident="a", start=later, end=later)))
    recorder.close_camera()

    ready = camera.events[-1]
    assert ready.kind == "clip.ready"
    assert 2 <= ready.facts["seconds"] <= 4


def test_frames_alone_are_the_changed_ones_one_after_the_other(recording: Path, tmp_path: Path) -> None:
    camera = make_camera(state=tmp_path)

    def changed() -> Iterator[Frame]:
        for frame in copied(recording, camera):
            frame.notes["changed"] = 0.1 if 195 <= frame.index < 210 or 240 <= frame.index < 250 else 0.0
            yield frame

    (ready,) = record(
        changed(), camera, {195: ("incident.opened", "a"), 255: ("incident.closed", "a")}, content="frames"
    )

    times = seconds_of(clips_below(tmp_path)[0])
    assert len(times) == 25
    assert times[-1] - times[0] < 3
    assert ready.facts["seconds"] < 3
