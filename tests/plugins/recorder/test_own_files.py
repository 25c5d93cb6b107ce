"""The recorder counts, deletes and mends files of its own alone, and loses no clip to a note that is damaged."""

from __future__ import annotations

import json
import os
from pathlib import Path
from time import time

import pytest
from vidframe_recorder.plugin import Recorder
from vidframe_recorder.recovery import recover
from vidframe_recorder.storage import Storage

from tests.clips import write_clip
from vidframe.testing import make_camera

OLD = time() - 400 * 86400
NAME = "20260101T000000Z-abcdef"


def written(path: Path, content: bytes = b"film", modified: float = OLD) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (modified, modified))
    return path


def test_films_of_somebody_else_are_never_touched(tmp_path: Path) -> None:
    films = tmp_path / "films"
    foreign = [
        written(films / name)
        for name in (
            "birth.mp4", "family/wedding.mp4", "family/wedding.json", "test/holiday.part.mp4", "test/plan.json.part",
            f"{NAME}.mp4", f"family/deep/{NAME}.mp4", f"family/deep/{NAME}.json", f"test/{NAME}.mp4",
        )
    ]  # fmt: skip
    ours = [
        written(films / "test" / f"20260101T000000Z-00000{n}{suffix}") for n in range(3) for suffix in (".mp4", ".json")
    ]
    recorder, camera = Recorder(folder=films, max_days=30), make_camera("test", state=tmp_path / "state")
    recorder.open_camera(camera)
    recorder._storage.tidy()
    recorder._storage.make_room(10**18)
    recorder.close_camera()

    assert [path for path in foreign if not path.exists()] == []
    assert [path for path in ours if path.exists()] == []
    assert camera.events == []


def test_a_folder_of_one_camera_holds_no_clip_of_another(tmp_path: Path) -> None:
    for folder in ("", "door"):
        for suffix in (".mp4", ".json"):
            written(tmp_path / folder / f"{NAME}{suffix}")

    assert [clip.path.parent.name for clip in Storage(tmp_path, shared=True).clips()] == ["door"]
    assert [clip.path.parent for clip in Storage(tmp_path).clips()] == [tmp_path]


NOTE = {
    "camera": "test",
    "incidents": ["a"],
    "start": "2026-01-01T00:00:00.000000Z",
    "cause": "2026-01-01T00:00:00.000000Z",
}


@pytest.mark.parametrize(
    "note",
    ["", "{", "[]", "null", json.dumps(NOTE | {"cause": None}), json.dumps(NOTE | {"cause": "soon"}),
     json.dumps(NOTE | {"incidents": 3}), json.dumps(NOTE | {"more": 1}), "\ud800"],
)  # fmt: skip
def test_a_damaged_note_costs_neither_the_clip_nor_the_start(note: str, tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    folder.mkdir()
    write_clip(
        folder / f"{NAME}.part.mp4", container_options={"movflags": "empty_moov+default_base_moof+frag_keyframe"}
    )
    (folder / f"{NAME}.part.json").write_bytes(note.encode("utf-8", "surrogatepass"))

    (outcome,) = recover(folder, "test")

    assert outcome.clip == folder / f"{NAME}.mp4"
    assert outcome.note.start == "2026-01-01T00:00:00.000000Z"
    assert json.loads(outcome.clip.with_suffix(".json").read_text())["recovered"] is True


def test_a_part_that_cannot_be_opened_now_is_kept_for_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import vidframe_recorder.writer as writer

    folder = tmp_path / "clips"
    folder.mkdir()
    part = write_clip(folder / f"{NAME}.part.mp4", container_options={"movflags": "empty_moov+frag_keyframe"})

    def fails(path: Path) -> float:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(writer, "measured", fails)
    (outcome,) = recover(folder, "test")
    monkeypatch.undo()

    assert "the next start tries again" in (outcome.reason or "")
    assert part.exists()
    (again,) = recover(folder, "test")
    assert again.clip is not None
