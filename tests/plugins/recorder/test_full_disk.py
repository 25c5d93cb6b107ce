"""A disk that is really full: a small file system of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from vidframe_recorder.plugin import Recorder

from tests import disks
from tests.clips import write_clip
from tests.plugins.recorder.test_recorder import ONE, clips_below, copied, record
from vidframe import Attachment, Camera, Event, Frame, hookimpl
from vidframe.core.model.kinds import KINDS
from vidframe.outbox import Delivery, EventSender, Unavailable
from vidframe.testing import make_camera, run_chain


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with disks.small_disk(tmp_path / "disk", 2) as disk:
        yield disk


@pytest.fixture(scope="module")
def large_recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 seconds of noise: about 1.2 MB for the 13 s of a clip."""
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 255, (120, 160, 3), dtype=np.uint8) for _ in range(600)]
    return write_clip(tmp_path_factory.mktemp("source") / "noise.mp4", pictures, options={"crf": "32"})


def test_on_a_full_disk_the_oldest_clip_goes_and_the_new_one_is_whole(large_recording: Path, small_disk: Path) -> None:
    camera = make_camera(state=small_disk)
    record(copied(large_recording, camera), camera, ONE, keep_free=0)
    (old,) = clips_below(small_disk)
    assert old.stat().st_size > 700_000

    camera = make_camera(state=small_disk)
    record(copied(large_recording, camera), camera, ONE, keep_free=0)
    camera = make_camera(state=small_disk)
    events = record(copied(large_recording, camera), camera, ONE, keep_free=0)

    assert "storage.low" in [event.kind for event in events]
    assert events[-1].kind == "clip.ready"
    assert events[-1].facts["seconds"] >= 12
    assert not old.exists()
    with av.open(str(clips_below(small_disk)[-1])) as clip:
        assert len(list(clip.decode(video=0))) >= 120


def test_on_a_disk_that_others_fill_the_incident_goes_out_without_a_clip(
    large_recording: Path, small_disk: Path
) -> None:
    with pytest.raises(OSError, match="No space"), (small_disk / "filler").open("wb") as filler:
        for _ in range(3000):
            filler.write(b"\0" * 1024)
            filler.flush()
    camera = make_camera(state=small_disk)

    events = record(copied(large_recording, camera), camera, ONE, keep_free=0)

    assert [event.kind for event in events] == ["storage.low", "clip.failed"]
    assert "No space" in events[0].facts["reason"]
    assert events[1].facts["incidents"] == ["a"]


def test_a_disk_that_fills_up_in_mid_clip_leaves_what_was_written(large_recording: Path, small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(b"\0" * 1_500_000)
    camera = make_camera(state=small_disk)

    events = record(copied(large_recording, camera), camera, ONE, keep_free=0)

    assert [event.kind for event in events] == ["storage.low", "clip.ready"]
    with av.open(str(clips_below(small_disk)[0])) as clip:
        assert 20 <= len(list(clip.decode(video=0))) < 120


class Away:
    """A sink whose receiver is never there; it keeps each clip in an outbox beside the recorder's own."""

    @hookimpl
    def open_camera(self, camera: Camera) -> None:
        self.delivery = Delivery(camera, "sink", partial(EventSender, send=self.send, receiver="test"), max_mb=1000)

    @hookimpl
    def handle_event(self, event: Event) -> None:
        self.delivery.put(event)

    @hookimpl
    def close_camera(self) -> None:
        self.delivery.close()

    def send(self, event: Mapping[str, Any], files: Sequence[Attachment]) -> None:
        raise Unavailable("nobody is there")


def test_while_the_receiver_is_away_a_full_disk_loses_the_oldest_clips_and_keeps_new_ones(
    large_recording: Path, tmp_path: Path
) -> None:
    class Script:
        @hookimpl
        def process_frame(self, frame: Frame) -> None:
            if frame.index == 100:
                frame.report("incident.opened", **KINDS["incident.opened"].example)
            if frame.index == 150:
                frame.report("incident.closed", **KINDS["incident.closed"].example)

    reasons = []
    with disks.small_disk(tmp_path / "disk", 6) as disk:
        for _ in range(10):
            camera = make_camera(state=disk)
            chain = {"script": Script(), "recorder": Recorder(keep_free=0), "sink": Away()}
            run = run_chain(chain, copied(large_recording, camera), camera=camera, keep_frames=False)
            reasons += [event.facts["reason"] for event in run.events if event.kind == "clip.failed"]
            ready = run.kinds("recorder").count("clip.ready")

    assert reasons == []
    assert ready == 1  # of the last run, too
