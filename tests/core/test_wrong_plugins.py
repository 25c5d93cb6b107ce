"""A plugin's mistake costs that plugin and is named: refused before anything runs, or the step's own failure."""

from __future__ import annotations

import logging
from pathlib import Path
from threading import Event as Flag
from threading import Thread
from typing import Any

import pytest

from tests.clips import moving_square, write_clip
from tests.conftest import InstallPlugin
from vidframe.core.config.reading import ConfigError, load
from vidframe.core.observe.metrics import CameraMetrics, Metrics
from vidframe.core.observe.prometheus import exposition
from vidframe.core.run.loop import run_camera
from vidframe.core.run.resources import ResourceCache
from vidframe.core.run.trace import LENGTH, entry

FRAMES = 20
HEAD = """
import math, sys, threading, time
import numpy as np
from dataclasses import dataclass, field
from typing import Annotated
from pydantic import Field
from vidframe import Box, Detection, Expression, Face, HeadPose, Person, hookimpl

class Finder:
    "Finds one face and one thing."
    adds = ("faces", "faces.landmarks", "detections", "notes.queue")
    @hookimpl
    def process_frame(self, frame):
        frame.faces = [Face(Box(1, 2, 3, 4), track=1)]
        frame.detections.append(Detection(Box(1, 2, 3, 4), "person"))
        frame.notes["queue"] = 3

class Tail:
    "Comes last."
    @hookimpl
    def process_frame(self): pass

class User:
    "Keeps what it sees."
    needs = ("faces",)
    seen = []
    @hookimpl
    def process_frame(self, frame):
        self.seen.append([(face.box, face.track, face.expression) for face in frame.faces])
"""


def hooked(body: str, **attributes: str) -> str:
    """A class with that body of process_frame."""
    lines = [f"    {name} = {value}" for name, value in attributes.items()]
    indented = "\n".join(f"        {line}" for line in body.splitlines())
    return "\n".join(["class P:", *lines, "    @hookimpl", "    def process_frame(self, frame):", indented])


REFUSED = {
    "an unknown name": (hooked("pass", adds="('face',)"), "did you mean 'faces'"),
    "a name of every frame": (hooked("pass", adds="('image',)"), "which every frame already has"),
    "a hook of another name": ("class P:\n @hookimpl\n def annotate(self, frame): pass", "`draw` is the hook for that"),
    "a coroutine": ("class P:\n @hookimpl\n async def process_frame(self, frame): pass", "is a coroutine"),
    "an asynchronous generator": ("class P:\n @hookimpl\n async def draw(self, canvas): yield", "is a coroutine"),
    "a generator": ("class P:\n @hookimpl\n def process_frame(self, frame): yield 1", "has a yield"),
    "a returned value": (hooked("if frame.index: return {'boxes': []}"), "returns a value (line 3 of it)"),
    "a default outside its range": (
        "@dataclass\nclass P:\n share: Annotated[float, Field(le=1)] = 5\n @hookimpl\n def process_frame(self): pass",
        "the default of its setting 'share'",
    ),
    "a default of another type": (
        "class P:\n def __init__(self, n: int = 'many'): pass\n @hookimpl\n def process_frame(self): pass",
        "the default of its setting 'n'",
    ),
    "a hook without a mark": (
        hooked("pass") + "\n    def handle_event(self, event): pass",
        "handle_event is named like",
    ),
    "variable arguments": ("class P:\n @hookimpl\n def process_frame(self, *a): pass", "takes *a; name the arguments"),
    "a newer API": (hooked("pass", api="99"), "needs API version 99, and this vidframe offers 2"),
    "an API that is no number": (hooked("pass", api="'2'"), "`api` must be the number"),
    "a keyword-only argument": ("class P:\n @hookimpl\n def process_frame(self, *, frame): pass", "no call would fill"),
    "an argument with a default": (
        "class P:\n @hookimpl\n def process_frame(self, frame=None): pass",
        "no call would fill",
    ),
    "a hook without self": ("class P:\n @hookimpl\n def process_frame(frame): pass", "process_frame lacks self"),
    "a hook that is no method": (
        "import functools\ndef f(n, frame): pass\nclass P:\n process_frame = hookimpl(functools.partial(f, 3))",
        "is partial and would never be called",
    ),
    "a coroutine in a wrapper": (
        "import functools\ndef deco(f):\n @functools.wraps(f)\n def g(*a): return f(*a)\n return g\n"
        "class P:\n @hookimpl\n @deco\n async def process_frame(self, frame): pass",
        "is a coroutine",
    ),
    "a default that all cameras share": (
        "class P:\n def __init__(self, a: list[int] = []): pass\n @hookimpl\n def process_frame(self): pass",
        "one list for all cameras",
    ),
    "a constructor that ends the program": (
        "class P:\n def __init__(self): raise BaseExceptionGroup('g', [KeyboardInterrupt()])\n @hookimpl\n def process_frame(self): pass",
        "g (1 sub-exception)",
    ),
    "no class": ("def P(): pass", "it must be a class, found function"),
}


@pytest.mark.parametrize(("code", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_work_is_refused_before_anything_runs(
    install_plugin: InstallPlugin, tmp_path: Path, code: str, reason: str
) -> None:
    install_plugin(HEAD + code, p="P")
    (tmp_path / "chain.yaml").write_text("cameras: {door: clip.mp4}\nalways:\n  - p\n")

    with pytest.raises(ConfigError) as refused:
        load(tmp_path / "chain.yaml")

    (problem,) = refused.value.problems
    assert problem.mark.line == 3
    assert problem.message.startswith(("plugin 'p'", "p: "))
    assert reason in problem.message


def ran(install_plugin: InstallPlugin, folder: Path, code: str, chain: str, *, strict: bool = False) -> CameraMetrics:
    """The metrics of a run of a chain in which `p` is the plugin of that code."""
    install_plugin(HEAD + code, p="P", finder="Finder", user="User", tail="Tail")
    write_clip(folder / "clip.mp4", moving_square(FRAMES, 64, 48))
    (folder / "chain.yaml").write_text(f"cameras: {{door: clip.mp4}}\nalways: [{chain}]\n")
    (config,) = load(folder / "chain.yaml").cameras
    metrics = CameraMetrics("door")
    options: dict[str, Any] = {"state": folder, "shared": ResourceCache(), "metrics": metrics, "stop": Flag()}
    # In a thread, as cameras run: in the main thread a Ctrl+C is the user's.
    thread = Thread(target=run_camera, args=(config,), kwargs=options | {"strict": strict})
    thread.start()
    thread.join()
    return metrics


def seen() -> list[Any]:
    import outsider_plugin  # type: ignore[import-not-found]

    found: list[Any] = outsider_plugin.User.seen
    return found


FAILS = {
    "dicts for faces": (hooked("frame.faces = [{'box': 1}]", adds="('faces',)"), "list of Face, found dict at 0"),
    "a tuple for faces": (hooked("frame.faces = (1,)", adds="('faces',)"), "list of Face, found tuple"),
    "None for faces": (hooked("frame.faces = None", adds="('faces',)"), "list of Face, found NoneType"),
    "a box of another type": (hooked("frame.faces = [Face((1, 2, 3, 4))]", adds="('faces',)"), "box must be a Box"),
    "a box that is no number": (
        hooked("frame.people = [Person(Box(math.nan, 0, 1, 1))]", adds="('people',)"),
        "four finite numbers",
    ),
    "a motion of two": (hooked("frame.motion = 2", adds="('motion',)"), "a number from 0 to 1, found 2"),
    "a third mode": (hooked("frame.mode = 'dusk'", adds="('mode',)"), "day or night, found 'dusk'"),
    "an expression that is a word": (
        hooked("for face in frame.faces: face.expression = 'happy'", needs="('faces',)", adds="('faces.expression',)"),
        "of type Expression, found 'happy'",
    ),
    "a track that is a word": (
        hooked("frame.detections[0].track = 'a'", needs="('detections',)", adds="('detections.track',)"),
        "a whole number",
    ),
    "a metric that is a word": (hooked("frame.camera.metric('queue', 'many')"), "must be a finite number"),
    "a metric that is not a number": (hooked("frame.camera.metric('queue', math.nan)"), "must be a finite number"),
    "a metric of a wrong name": (hooked("frame.camera.metric('Queue Length', 1)"), "a name is a lower-case letter"),
    "a total that falls": (hooked("frame.camera.metric('seen_total', 100 - frame.index)"), "only grows"),
    "a kind of a wrong name": (hooked("frame.report('My Event!')"), "is no name of a kind"),
    "a fact that is an array": (hooked("frame.report('z.np', box=np.ones(2))"), "box must be plain JSON"),
    "a fact that is no number": (hooked("frame.report('z.np', n=math.inf)"), "n must be"),
    "facts of a megabyte": (hooked("frame.report('z.big', blob='x' * 1_000_000)"), "at most 32,000"),
    "wrong facts of a known kind": (hooked("frame.report('incident.opened', incident=3)"), "incident.opened"),
    "a file of text": (
        hooked("from vidframe import Attachment\nframe.report('z.file', Attachment('snapshot', 'image/jpeg', 'text'))"),
        "the content must be bytes or a Path, found str",
    ),
    "a role that is a path": (
        hooked("from vidframe import Attachment\nframe.report('z.file', Attachment('../x', 'image/jpeg', b'1'))"),
        "a role is at most 20 of a-z",
    ),
    "a file that is gone": (
        hooked(
            "from vidframe import Attachment\nfrom pathlib import Path\n"
            "frame.report('z.file', Attachment('clip', 'video/mp4', Path('/nowhere')))"
        ),
        "there is no file /nowhere",
    ),
    "an event of vidframe's own": (hooked("frame.report('camera.closing')"), "vidframe alone reports it"),
    "metrics without end": (
        hooked("for i in range(101): frame.camera.metric(f'q{frame.index}_{i}', 1)"),
        "at most 100 metrics",
    ),
    "a frame without notes": (hooked("del frame.notes"), "has no attribute 'notes'"),
    "a frame of nothing": (hooked("frame.__dict__.clear()"), "has no attribute"),
    "None for notes": (hooked("frame.notes = None"), "frame.notes must be a dict, found NoneType"),
    "a number that goes with a failure": (hooked("frame.index = 'seven'\nraise ValueError('seven')"), "seven"),
    "an image that it makes writeable": (
        hooked("frame.image.flags.writeable = True\nframe.image[:] = 0"),
        "made an image writeable",
    ),
    "a score that is no number": (
        hooked("frame.faces = [Face(Box(1, 2, 3, 4), score=math.nan)]", adds="('faces',)"),
        "score must be a number from 0 to 1, found nan",
    ),
    "a score in percent": (
        hooked("frame.detections.append(Detection(Box(1, 2, 3, 4), 'car', 87.0))", adds="('detections',)"),
        "score must be a number from 0 to 1, found 87.0",
    ),
    "a label that is a number": (
        hooked("frame.detections.append(Detection(Box(1, 2, 3, 4), 7))", adds="('detections',)"),
        "label must be text",
    ),
    "a box inside out": (hooked("frame.faces = [Face(Box(1, 2, -3, 4))]", adds="('faces',)"), "four finite numbers"),
    "a motion without end": (hooked("frame.motion = 10**400", adds="('motion',)"), "a number from 0 to 1"),
    "a file that is none": (hooked("frame.report('z.file', b'jpeg')"), "must be an Attachment"),
    "an image that it writes to": (hooked("frame.image[:] = 0"), "read-only"),
    "an attribute that there is not": (
        hooked("for face in frame.faces: face.name = 'Bob'", needs="('faces',)"),
        "has no attribute 'name'",
    ),
    "an exception of no kind": (hooked("raise BaseException('odd')"), "BaseException: odd"),
    "a Ctrl+C of its own": (hooked("raise KeyboardInterrupt"), "KeyboardInterrupt"),
    "an exit": (hooked("sys.exit(3)"), "SystemExit: 3"),
    "an exception whose text cannot be made": (
        hooked("class E(Exception):\n def __str__(self): raise ValueError\nraise E"),
        "E: <exception str() failed>",
    ),
    "a frame of another class": (
        hooked("class Mine(type(frame)): index = 7\nframe.__class__ = Mine"),
        "property '__class__' of 'Frame' object has no setter",
    ),
    "faces without end": (
        hooked("frame.faces = [Face(Box(1, 2, 3, 4))] * 5001", adds="('faces',)"),
        "frame.faces must have at most 5,000 items, found 5,001",
    ),
    "landmarks that are no numbers": (
        hooked("frame.faces = [Face(Box(1, 2, 3, 4), landmarks=np.full((5, 3), np.nan))]", adds="('faces',)"),
        "faces[0].landmarks must be an array of N x 3 finite numbers",
    ),
    "keypoints in a list": (
        hooked("frame.faces = [Face(Box(1, 2, 3, 4), keypoints=[(1, 2)])]", adds="('faces',)"),
        "faces[0].keypoints must be an array of N x 2",
    ),
    "a head pose of words": (
        hooked("for f in frame.faces: f.head_pose = HeadPose('left', 0, 0, 5)", adds="('faces.head_pose',)"),
        "head_pose must be a HeadPose of finite numbers",
    ),
    "probabilities over one": (
        hooked("for f in frame.faces: f.expression = Expression({'happy': 80}, 1.0)", adds="('faces.expression',)"),
        "expression must be an Expression of probabilities from 0 to 1",
    ),
    "somebody whose face is a box": (
        hooked("frame.people = [Person(Box(1, 2, 3, 4), face=Box(1, 2, 3, 4))]", adds="('people',)"),
        "people[0].face must be of type Face",
    ),
    "notes with an odd copy": (
        hooked("class D(dict):\n def copy(self): raise ValueError('odd')\nframe.notes = D(queue=1)"),
        "frame.notes must be a dict, found D",
    ),
    "a list with an odd copy": (
        hooked("class L(list):\n def copy(self): raise ValueError\nframe.faces = L()", adds="('faces',)"),
        "frame.faces must be a list of Face, found L",
    ),
}


@pytest.mark.parametrize(("code", "reason"), FAILS.values(), ids=FAILS.keys())
def test_what_goes_wrong_is_the_failure_of_that_step_alone(
    install_plugin: InstallPlugin, tmp_path: Path, caplog: pytest.LogCaptureFixture, code: str, reason: str
) -> None:
    first = "" if "adds = ('faces',)" in code or "adds = ('people',)" in code else "finder, "
    metrics = ran(install_plugin, tmp_path, code, f"{first}p, tail")

    assert (metrics.frames, metrics.error) == (FRAMES, "")
    assert metrics.steps["p"].failed_calls >= FRAMES - 1
    assert (metrics.steps["tail"].calls, metrics.steps["tail"].errors) == (FRAMES, 0)
    assert "step p failed in process_frame" in caplog.text
    assert reason in caplog.text
    assert metrics.has_failed() == (metrics.steps["p"].failed_calls == FRAMES)
    assert b"vidframe_camera_frames_analysed_total" in exposition(Metrics([metrics], []), "text/plain")[0]


UNDECLARED = {
    "faces that it takes away": (hooked("frame.faces.clear()"), "faces"),
    "faces that it replaces": (hooked("frame.faces = [Face(Box(9, 9, 9, 9))]"), "faces"),
    "a track of somebody else's face": (hooked("for face in frame.faces: face.track = 99"), "faces.track"),
    "an expression": (
        hooked("for face in frame.faces: face.expression = Expression({'sad': 1.0}, -1.0)"),
        "faces.expression",
    ),
    "a note of somebody else": (hooked("frame.notes['queue'] = 99"), "notes.queue"),
    "a note that it takes away": (hooked("frame.notes.pop('queue')"), "notes.queue"),
    "a note of its own": (hooked("frame.notes['secret'] = 1"), "notes.secret"),
    "motion": (hooked("frame.motion = 0.5"), "motion"),
    "the frame's number": (hooked("frame.index = 700"), "index"),
    "the frame's time": (hooked("frame.seconds = 'x'"), "seconds"),
    "the frame's camera": (hooked("frame.camera = None"), "camera"),
    "something hung on the frame": (hooked("frame.report = None"), "report"),
    "a mode": (hooked("frame.mode = 'night'"), "mode"),
    "things that it takes away": (hooked("frame.detections.clear()"), "detections"),
    "a list that nobody knows": (hooked("frame.lists['cars'] = [1]"), "cars"),
    "what the framework keeps on the frame": (hooked("frame.touched = frame.events = None"), "events, touched"),
    "more notes than can be named": (
        hooked("for i in range(5000): frame.notes[f'n{i}'] = i"),
        "notes.n0, notes.n1, notes.n10, notes.n100, notes.n1000, notes.n1001, notes.n1002, notes.n1003, notes.n1004, "
        "notes.n1005 and 4,990 more",
    ),
}
CHECKER = """

class Checker:
    "Fails where something is not as Finder left it."
    needs = ("faces", "notes.queue")
    @hookimpl
    def process_frame(self, frame):
        (face,) = frame.faces
        assert (face.box, face.track, face.expression) == (Box(1, 2, 3, 4), 1, None)
        assert frame.notes == {"queue": 3} and len(frame.detections) == 1
        assert frame.motion is None and frame.mode is None and frame.events == []
        assert sorted(frame.lists) == ["detections", "faces"]
"""


@pytest.mark.parametrize("strict", [False, True], ids=["lenient", "strict"])
@pytest.mark.parametrize(("code", "name"), UNDECLARED.values(), ids=UNDECLARED.keys())
def test_a_write_that_was_not_declared_is_taken_back_and_named(
    install_plugin: InstallPlugin, tmp_path: Path, caplog: pytest.LogCaptureFixture, code: str, name: str, strict: bool
) -> None:
    install_plugin(HEAD + CHECKER, distribution="checks", checker="Checker")
    with caplog.at_level(logging.WARNING):
        metrics = ran(install_plugin, tmp_path, code, "finder, p, checker", strict=strict)

    assert f"wrote {name}, which its `adds` does not name" in caplog.text
    assert metrics.steps["p"].failed_calls == (FRAMES if strict else 0)
    assert (metrics.steps["checker"].calls, metrics.steps["checker"].errors) == (FRAMES, 0)


def test_a_step_that_added_nothing_on_a_frame_leaves_its_users_out(
    install_plugin: InstallPlugin, tmp_path: Path
) -> None:
    code = hooked("if frame.index % 2 == 0: frame.notes['even'] = 1", adds="('notes.even',)")
    user = (
        "\nclass Q:\n needs = ('notes.even',)\n @hookimpl\n def process_frame(self, frame): frame.notes['even'] + 1\n"
    )
    install_plugin(HEAD + user, distribution="users", q="Q")

    metrics = ran(install_plugin, tmp_path, code, "p, q")

    assert (metrics.steps["q"].calls, metrics.steps["q"].skipped, metrics.steps["q"].errors) == (10, 10, 0)


def test_a_detector_that_rests_is_told_from_one_that_found_nobody(
    install_plugin: InstallPlugin, tmp_path: Path
) -> None:
    body = "if frame.index % 2: return\nframe.faces.extend([])"

    metrics = ran(install_plugin, tmp_path, hooked(body, adds="('faces',)"), "p, user")

    assert (metrics.steps["user"].calls, metrics.steps["user"].skipped) == (10, 10)


def test_a_plugin_that_cannot_be_compared_runs(install_plugin: InstallPlugin, tmp_path: Path) -> None:
    code = hooked("pass") + "\n    def __eq__(self, other): raise RuntimeError('odd')"

    metrics = ran(install_plugin, tmp_path, code, "p, tail")

    assert (metrics.error, metrics.steps["p"].calls) == ("", FRAMES)


def test_what_one_step_does_to_an_event_the_next_does_not_see(
    install_plugin: InstallPlugin, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    code = """
class P:
    @hookimpl
    def handle_event(self, event):
        event.facts.clear()
        event.facts["bad"] = {1, 2}
"""
    others = """
class Reporter:
    @hookimpl
    def process_frame(self, frame): frame.report("queue.long", length=3)
class Reader:
    @hookimpl
    def handle_event(self, event):
        assert event.kind != "queue.long" or event.facts == {"length": 3}
"""
    install_plugin(HEAD + others, distribution="others", reporter="Reporter", reader="Reader")

    metrics = ran(install_plugin, tmp_path, code, "reporter, p, reader")

    assert "step p changed the facts of queue.long" in caplog.text
    assert metrics.steps["reader"].errors == 0


def test_an_event_of_a_frame_that_is_done_is_refused(install_plugin: InstallPlugin, tmp_path: Path) -> None:
    code = "class P:\n first = None\n @hookimpl\n def process_frame(self, frame):\n" + (
        "  if self.first is None: self.first = frame\n"
        "  else:\n"
        "   try: self.first.report('late.event')\n"
        "   except RuntimeError as error: frame.report('told', why=str(error))\n"
    )

    metrics = ran(install_plugin, tmp_path, code, "p, tail")

    assert (metrics.kinds.get("late.event"), metrics.kinds["told"]) == (None, FRAMES - 1)


def test_a_report_while_closing_is_told_to_come_too_late(
    install_plugin: InstallPlugin, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    code = """
class P:
    @hookimpl
    def open_camera(self, camera): self.camera = camera
    @hookimpl
    def close_camera(self): self.camera.report("too.late")
"""
    ran(install_plugin, tmp_path, code, "p, tail")

    assert "step p reported too.late while it was closed" in caplog.text


def test_what_a_drawing_writes_is_taken_back_and_named(
    install_plugin: InstallPlugin, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    code = """
class P:
    @hookimpl
    def draw(self, frame, canvas):
        frame.notes["z"] = 1
"""
    viewer = """
class Viewer:
    needs = ("canvas",)
    @hookimpl
    def process_frame(self, frame):
        frame.canvas
        assert frame.notes == {}
"""
    install_plugin(HEAD + viewer, distribution="viewers", viewer="Viewer")

    metrics = ran(install_plugin, tmp_path, code, "p, viewer")

    assert "step p wrote notes.z in draw" in caplog.text
    assert metrics.steps["viewer"].errors == 0


def test_a_step_that_goes_elsewhere_harms_no_source(
    install_plugin: InstallPlugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    install_plugin(HEAD + hooked("import os\nos.chdir('/')"), p="P")
    write_clip(tmp_path / "clip.mp4", moving_square(3, 64, 48))
    Path("chain.yaml").write_text("cameras: {door: clip.mp4}\nalways: [p]\n")

    config = load(Path("chain.yaml"))

    assert Path(config.cameras[0].source).is_absolute()
    assert config.state.is_absolute()


def test_a_value_that_a_helper_returned_is_named_when_it_comes(
    install_plugin: InstallPlugin, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    code = hooked("return self.boxes()") + "\n    def boxes(self): return [1]"

    metrics = ran(install_plugin, tmp_path, code, "p")

    assert "step p returned a value, which is not used" in caplog.text
    assert metrics.steps["p"].errors == 0


def test_what_a_failing_step_half_wrote_is_taken_back(install_plugin: InstallPlugin, tmp_path: Path) -> None:
    body = "for face in frame.faces: face.track = 99\nframe.notes['half'] = 1\nraise KeyError('boxes')"
    code = hooked(body, needs="('faces',)", adds="('notes.half',)")

    ran(install_plugin, tmp_path, code, "finder, p, user")

    assert {track for frame in seen() for _, track, _ in frame} == {1}


def test_several_detectors_fill_one_list_and_none_wipes_the_others(
    install_plugin: InstallPlugin, tmp_path: Path
) -> None:
    code = hooked("frame.detections = [Detection(Box(5, 5, 5, 5), 'car')]", adds="('detections',)")
    labels = "\nclass Q:\n needs = ('detections',)\n @hookimpl\n def process_frame(self, frame): frame.report('q.seen', labels=[d.label for d in frame.detections])\n"
    install_plugin(HEAD + labels, distribution="users", q="Q")

    metrics = ran(install_plugin, tmp_path, code, "finder, p, q")

    assert (metrics.kinds["q.seen"], metrics.steps["p"].errors) == (FRAMES, 0)


def test_the_state_folder_is_there_when_a_plugin_is_opened(install_plugin: InstallPlugin, tmp_path: Path) -> None:
    code = "class P:\n @hookimpl\n def open_camera(self, camera): (camera.state / 'mine').write_text('x')"

    metrics = ran(install_plugin, tmp_path, code, "p")

    assert not metrics.has_failed(strict=True)
    assert (tmp_path / "door" / "mine").read_text() == "x"


def test_old_names_work_with_a_warning_for_one_minor_version(install_plugin: InstallPlugin, tmp_path: Path) -> None:
    code = hooked(
        "from vidframe import Gaze\nframe.camera.figure('queue', 1)\n"
        "for face in frame.faces: face.gaze = Gaze(1, 2, 3, 4)",
        needs="('faces',)", adds="('faces.gaze',)",
    )  # fmt: skip

    with pytest.warns(DeprecationWarning, match="is now") as warnings:
        metrics = ran(install_plugin, tmp_path, code, "finder, p")

    told = {str(warning.message).partition(";")[0] for warning in warnings}
    assert told >= {
        "faces.gaze is now faces.head_pose", "camera.figure is now camera.metric",
        "vidframe.Gaze is now vidframe.HeadPose", "Face.gaze is now Face.head_pose",
    }  # fmt: skip
    assert (metrics.steps["p"].errors, metrics.steps["p"].own) == (0, {"queue": 1.0})


MAKER = """

class OwnFace(Face):
    __slots__ = ()

class Maker:
    "Adds what can be changed inside."
    adds = ("faces", "faces.landmarks", "notes.heat", "notes.seats")
    def __init__(self): self.heat = np.zeros(4)
    @hookimpl
    def process_frame(self, frame):
        self.heat += 1  # its own array stays its own
        frame.faces = [OwnFace(Box(1, 2, 3, 4), 1.0, 1, np.zeros((6, 2)), np.zeros((9, 3)))]
        frame.faces[0].expression = Expression({"sad": 1.0}, 0.0)
        frame.notes["heat"] = self.heat
        frame.notes["seats"] = {"free": [1, 2]}

class Keeper:
    "Fails where something is not as Maker left it."
    needs = ("faces", "notes.heat")
    frames = 0
    @hookimpl
    def process_frame(self, frame):
        self.frames += 1
        (face,) = frame.faces
        assert not face.landmarks.any() and not face.keypoints.any() and face.track == 1
        assert frame.notes["heat"].tolist() == [self.frames] * 4
"""
WRITES_INTO = {
    "landmarks": "frame.faces[0].landmarks[0] = 7",
    "keypoints": "frame.faces[0].keypoints += 1",
    "an array in a note": "frame.notes['heat'] *= 0",
}


@pytest.mark.parametrize("strict", [False, True], ids=["lenient", "strict"])
@pytest.mark.parametrize("body", WRITES_INTO.values(), ids=WRITES_INTO.keys())
def test_an_array_of_another_step_cannot_be_written_to(
    install_plugin: InstallPlugin, tmp_path: Path, caplog: pytest.LogCaptureFixture, body: str, strict: bool
) -> None:
    install_plugin(HEAD + MAKER, distribution="makers", maker="Maker", keeper="Keeper")

    metrics = ran(install_plugin, tmp_path, hooked(body, needs="('faces',)"), "maker, p, keeper", strict=strict)

    assert "read-only" in caplog.text
    assert metrics.steps["p"].failed_calls == FRAMES
    assert (metrics.steps["maker"].errors, metrics.steps["keeper"].calls, metrics.steps["keeper"].errors) == (
        0,
        FRAMES,
        0,
    )


CHANGES_INSIDE = {
    "a list in a note": (hooked("frame.notes['seats']['free'].clear()"), "notes.seats"),
    "a note that is a dict": (hooked("frame.notes['seats']['taken'] = 3"), "notes.seats"),
    "an expression": (hooked("frame.faces[0].expression.probabilities['sad'] = 0"), "faces.expression"),
    "an array that it makes writeable": (
        hooked("frame.notes['heat'].flags.writeable = True\nframe.notes['heat'] *= 0"),
        "notes.heat",
    ),
    "a note, in draw": (
        "class P:\n @hookimpl\n def draw(self, frame): frame.notes['seats'].clear()",
        "notes.seats",
    ),
}


@pytest.mark.parametrize(("code", "name"), CHANGES_INSIDE.values(), ids=CHANGES_INSIDE.keys())
def test_a_change_inside_of_what_another_step_added_fails_strictly(
    install_plugin: InstallPlugin, tmp_path: Path, caplog: pytest.LogCaptureFixture, code: str, name: str
) -> None:
    viewer = "\nclass Viewer:\n needs = ('canvas',)\n @hookimpl\n def process_frame(self, frame): frame.canvas\n"
    install_plugin(HEAD + MAKER + viewer, distribution="makers", maker="Maker", viewer="Viewer")

    metrics = ran(install_plugin, tmp_path, code, "maker, p, viewer", strict=True)

    assert f"changed {name} in place, which other steps see too" in caplog.text
    assert metrics.steps["p"].errors == FRAMES
    assert metrics.steps["maker"].errors == 0


def test_items_of_a_class_of_a_plugins_own_are_guarded_like_others(
    install_plugin: InstallPlugin, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    install_plugin(HEAD + MAKER, distribution="makers", maker="Maker", keeper="Keeper")

    metrics = ran(install_plugin, tmp_path, hooked("frame.faces[0].track = 99"), "maker, p, keeper")

    assert "wrote faces.track, which its `adds` does not name" in caplog.text
    assert metrics.steps["keeper"].errors == 0


DRAWS = {
    "what raises": ("raise ValueError('no font')", "no font"),
    "more than can be shown": (
        "for _ in range(5001): canvas.line((0, 0), (1, 1))",
        "at most 5,000 shapes into a frame, found 5,001",
    ),
    "what is no shape": ("canvas.shapes.append('box')", "canvas.shapes holds what box, polygon, line"),
    "no shapes at all": ("canvas.shapes = None", "has no len()"),
}


@pytest.mark.parametrize(("body", "reason"), DRAWS.values(), ids=DRAWS.keys())
def test_a_step_that_fails_in_every_drawing_has_failed(
    install_plugin: InstallPlugin, tmp_path: Path, caplog: pytest.LogCaptureFixture, body: str, reason: str
) -> None:
    viewer = """
class Viewer:
    needs = ("canvas",)
    @hookimpl
    def process_frame(self, frame):
        assert frame.canvas.shapes == []
"""
    install_plugin(HEAD + viewer, distribution="viewers", viewer="Viewer")
    code = f"class P:\n @hookimpl\n def draw(self, frame, canvas):\n  {body}"

    metrics = ran(install_plugin, tmp_path, code, "p, viewer")

    assert reason in caplog.text
    assert (metrics.steps["p"].drawings, metrics.steps["p"].failed_drawings) == (FRAMES, FRAMES)
    assert metrics.steps["viewer"].errors == 0
    assert metrics.has_failed()


def test_a_drawing_that_hangs_is_named_and_not_the_step_that_asked_for_it(
    install_plugin: InstallPlugin, tmp_path: Path
) -> None:
    code = """
class P:
    busy, go = threading.Event(), threading.Event()
    @hookimpl
    def draw(self):
        self.busy.set()
        self.go.wait(30)
class Viewer:
    needs = ("canvas",)
    seen, done = threading.Event(), threading.Event()
    @hookimpl
    def process_frame(self, frame):
        frame.canvas
        self.seen.set()
        self.done.wait(30)
"""
    install_plugin(HEAD + code, distribution="drawers", p="P", viewer="Viewer")
    write_clip(tmp_path / "clip.mp4", moving_square(1, 64, 48))
    (tmp_path / "chain.yaml").write_text("cameras: {door: clip.mp4}\nalways: [p, viewer]\n")
    (config,) = load(tmp_path / "chain.yaml").cameras
    drawer, viewer = (step.plugin.kind for step in config.steps)
    metrics = CameraMetrics("door", trace=memoryview(bytearray(LENGTH)))
    options: dict[str, Any] = {"state": tmp_path, "shared": ResourceCache(), "metrics": metrics, "stop": Flag()}
    thread = Thread(target=run_camera, args=(config,), kwargs=options)
    thread.start()
    found = []
    for reached, go_on in ((drawer.busy, drawer.go), (viewer.seen, viewer.done)):
        assert reached.wait(30)
        assert metrics.busy is not None
        assert metrics.trace is not None
        found.append((metrics.busy[0], bytes(metrics.trace)))
        go_on.set()
    thread.join()

    assert found == [("p", entry("door", "p")), ("viewer", entry("door", "viewer"))]


def test_a_step_that_failed_in_one_drawing_has_failed_strictly(install_plugin: InstallPlugin, tmp_path: Path) -> None:
    viewer = "\nclass Viewer:\n needs = ('canvas',)\n @hookimpl\n def process_frame(self, frame): frame.canvas\n"
    install_plugin(HEAD + viewer, distribution="viewers", viewer="Viewer")
    code = "class P:\n @hookimpl\n def draw(self, frame):\n  if frame.index == 3: raise ValueError('three')"

    metrics = ran(install_plugin, tmp_path, code, "p, viewer")

    assert (metrics.has_failed(), metrics.has_failed(strict=True)) == (False, True)


FLOODS = {
    "on its own": hooked("for i in range(1500): frame.report('p.flood', i=i)"),
    "by answers to itself": "class P:\n @hookimpl\n def open_camera(self, camera): self.camera = camera\n"
    " @hookimpl\n def handle_event(self, event): self.camera.report('p.answer')",
}


@pytest.mark.parametrize("code", FLOODS.values(), ids=FLOODS.keys())
def test_a_step_that_reports_without_end_is_named(
    install_plugin: InstallPlugin, tmp_path: Path, caplog: pytest.LogCaptureFixture, code: str
) -> None:
    echo = code.replace("p.answer", "echo.answer").replace("class P", "class Echo")
    starter = "\nclass Starter:\n @hookimpl\n def process_frame(self, frame): frame.report('starter.begun')\n"
    install_plugin(HEAD + echo + starter, distribution="others", echo="Echo", starter="Starter")

    metrics = ran(install_plugin, tmp_path, code, "starter, p, echo" if "answer" in code else "p")

    assert "step p failed in report" in caplog.text
    assert "over 1000 events at once" in caplog.text
    assert metrics.steps["p"].failed_calls >= FRAMES
    assert metrics.has_failed(strict=True)


def test_a_note_that_is_neither_true_nor_false_fails_the_step_that_asks(
    install_plugin: InstallPlugin, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    table = """
class Table:
    def __bool__(self): raise ValueError("neither")
class Adder:
    adds = ("notes.table",)
    @hookimpl
    def process_frame(self, frame): frame.notes["table"] = Table()
"""
    install_plugin(HEAD + table, distribution="tables", adder="Adder")

    metrics = ran(install_plugin, tmp_path, hooked("pass"), "adder, {p: {when: notes.table}}, tail")

    assert (metrics.error, metrics.steps["tail"].calls) == ("", FRAMES)
    assert "step p failed in when notes.table" in caplog.text
    assert metrics.has_failed()


@pytest.mark.parametrize("hook", ["open_camera", "handle_event", "draw"])
def test_a_value_that_another_hook_returned_is_named(
    install_plugin: InstallPlugin, tmp_path: Path, caplog: pytest.LogCaptureFixture, hook: str
) -> None:
    others = "\nclass Viewer:\n needs = ('canvas',)\n @hookimpl\n def process_frame(self, frame): frame.canvas\n"
    install_plugin(HEAD + others, distribution="others", viewer="Viewer")
    code = f"class P:\n @hookimpl\n def {hook}(self): return self.sent()\n def sent(self): return 1"

    ran(install_plugin, tmp_path, code, "p, viewer")

    assert f"step p returned a value, which is not used, in {hook}" in caplog.text


def test_a_reason_is_one_line_without_passwords(
    install_plugin: InstallPlugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("P_TOKEN", "abc-def-ghi")
    code = "class P:\n def __init__(self, token: str): self.token = token\n @hookimpl\n def process_frame(self):\n"
    code += "  raise ValueError(f'no\\n\\x1b[31mERROR rtsp://ann:hidden@host/1 {self.token}')"

    metrics = ran(install_plugin, tmp_path, code, "{p: {token: !env P_TOKEN, on_error: stop}}")

    assert metrics.error == r"step p failed in process_frame: ValueError: no \x1b[31mERROR rtsp://host/1 ***"


def test_what_one_camera_does_to_its_settings_the_next_does_not_see(
    install_plugin: InstallPlugin, tmp_path: Path
) -> None:
    code = (
        "class P:\n def __init__(self, zones: list[int]): self.zones = zones\n @hookimpl\n def process_frame(self):\n"
    )
    install_plugin(HEAD + code + "  self.zones.append(9)", p="P")
    (tmp_path / "chain.yaml").write_text("cameras: {a: clip.mp4, b: clip.mp4}\nalways: [{p: {zones: [1]}}]\n")
    first, second = load(tmp_path / "chain.yaml").cameras

    first.steps[0].make().process_frame()

    assert second.steps[0].make().zones == [1]
    assert first == load(tmp_path / "chain.yaml").cameras[0]


def test_an_exception_whose_text_cannot_be_made_costs_no_process(
    install_plugin: InstallPlugin, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    code = hooked("class E(Exception):\n def __str__(self): raise SystemExit\nraise E")

    metrics = ran(install_plugin, tmp_path, code, "{p: {isolate: {patience: 20s}}}")

    assert (metrics.steps["p"].restarts, metrics.steps["p"].failed_calls) == (0, FRAMES)
    assert "E: its text cannot be made" in caplog.text
