"""A config is read whole, and each mistake is named with its line and column."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tests.conftest import InstallPlugin
from vidframe.core.config.keys import Every, OnError
from vidframe.core.config.reading import Config, ConfigError, load
from vidframe.geometry import Mounting

pytestmark = pytest.mark.usefixtures("example_plugins")


def loaded(tmp_path: Path, text: str, **environ: str) -> Config:
    path = tmp_path / "shop.yaml"
    path.write_text(dedent(text))
    return load(path, environ=environ)


def mistakes(tmp_path: Path, text: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text, **environ)
    return [f"{p.mark.line}:{p.mark.column}: {p.message}" for p in caught.value.problems]


BROKEN = [
    pytest.param(
        "cameras: {door: {source: a.mp4, rotate: 45}}\nalways: [eyes]\n",
        ["1:41: rotate must be 0, 90, 180 or 270, found 45"],
        id="an angle that is no quarter turn",
    ),
    pytest.param(
        "cameras: {door: {source: a.mp4, mounting: {height: 2.8, tilt: 30}}}\nalways: [eyes]\n",
        ["1:33: mounting has no field_of_view"],
        id="half a mounting",
    ),
    pytest.param(
        "cameras: {door: {source: a.mp4, mounting: {height: -1, tilt: 100, field_of_view: 80}}}\nalways: [eyes]\n",
        ["1:52: height must be greater than 0, found -1", "1:62: tilt must be at most 90, found 100"],
        id="a mounting that cannot be",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways:\n  - eyes: {min_sise: 3}\n",
        ["3:12: eyes has no setting 'min_sise'; did you mean 'min_size'?"],
        id="misspelt setting",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways:\n  - eyes: {colour: 3}\n",
        ["3:12: eyes has no setting 'colour'; its settings are min_size, landmarks"],
        id="unknown setting",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways:\n  - eyes:\n      min_size: big\n",
        ['4:17: eyes: min_size must be a whole number, found "big"'],
        id="word for a number",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways:\n  - eyes: {min_size: 2.5}\n",
        ["3:22: eyes: min_size must be a whole number, found 2.5"],
        id="fraction for a whole number",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways:\n  - eyes: {min_size: true}\n",
        ["3:22: eyes: min_size must be a whole number, found true"],
        id="truth for a number",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways:\n  - eyes: {landmarks: yes please}\n",
        ['3:23: eyes: landmarks must be true or false, found "yes please"'],
        id="words for true or false",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways:\n  - eyes: {min_size: 0}\n",
        ["3:22: eyes: min_size must be at least 1, found 0"],
        id="value below its range",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways:\n  - brightness: {threshold: 300}\n",
        ["3:29: brightness: threshold must be at most 255, found 300"],
        id="value above its range",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways:\n  - brightness\n",
        ["3:5: brightness needs the setting 'threshold'"],
        id="setting without default left out",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways:\n  - brightness: {threshold: 9, bright_above: 8}\n",
        ["3:5: brightness: threshold must not be higher than bright_above"],
        id="settings that contradict each other",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways:\n  - brightness: {threshold: 9, hold: 5 parsecs}\n",
        [
            "3:38: brightness: hold cannot be used: '5 parsecs' is not a time such as 200ms, 5s, 2m, 1h or 30d, "
            'found "5 parsecs"'
        ],
        id="not a time",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways:\n  - brightness: {threshold: 9, hold: -3}\n",
        ["3:38: brightness: hold cannot be used: a time cannot be below 0, found -3"],
        id="negative time",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways:\n  - eyes\n  - look: {method: slow}\n",
        ["4:20: look: method must be 'fast' or 'good', found \"slow\""],
        id="none of the choices",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways:\n  - eyes\n  - look:\n      zones:\n        - {name: shelf, polygon: [[0, 0], [1]]}\n",
        ["6:43: look: zones.0.polygon.1.1 is missing, found a list"],
        id="deep inside a setting",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways:\n  - eye\n",
        ["3:5: no plugin named 'eye' is installed; did you mean 'eyes'? (installed: "],
        id="unknown plugin",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways:\n  - eye: {min_size: 3}\n",
        ["3:5: no plugin named 'eye' is installed; did you mean 'eyes'? (installed: "],
        id="unknown plugin with settings",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways:\n  - look\n",
        [
            "3:5: look needs faces, which no step before it adds; ",
            "3:5: look needs faces.landmarks, which no step before it adds; ",
        ],
        id="needs what nobody adds",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways:\n  - look\n  - eyes\n",
        [
            "3:5: look needs faces, which no step before it adds; eyes adds it, but only afterwards (line 4): move it up",
            "3:5: look needs faces.landmarks, which no step before it adds; eyes adds it, but only afterwards (line 4)",
        ],
        id="wrong order",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways:\n  - eyes\n  - eyes\n",
        [
            "4:5: eyes-2 adds faces, which eyes already adds (line 3)",
            "4:5: eyes-2 adds faces.landmarks, which eyes already adds (line 3)",
        ],
        id="the same thing added twice",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nmode: clock\nday: [eyes]\nnight: [look]\n",
        [
            "4:9: look needs faces, which no step before it adds; ",
            "4:9: look needs faces.landmarks, which no step before it adds; ",
        ],
        id="added by day, needed by night",
    ),
    pytest.param(
        "cameras:\n  door: a.mp4\n  till: b.mp4\n  door: c.mp4\n",
        ["4:3: camera 'door' is named twice, first in line 2"],
        id="camera named twice",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways: [eyes]\nalways: []\n",
        ["3:1: 'always' is named twice, first in line 2"],
        id="key named twice",
    ),
    pytest.param(
        "cameras:\n  door: {sauce: a.mp4}\n",
        ["2:3: camera 'door' has no source", "2:10: unknown key 'sauce' in camera 'door'; did you mean 'source'?"],
        id="misspelt key of a camera",
    ),
    pytest.param(
        "cameras:\n  the front door: a.mp4\n",
        ["2:3: camera name 'the front door' must be 1 to 32 letters, digits, - and _"],
        id="camera name with blanks",
    ),
    pytest.param(
        "camera: {door: a.mp4}\n",
        ["1:1: cameras must be", "1:1: unknown key 'camera' in the config; did you mean 'cameras'?"],
        id="misspelt top key",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\ncluster: {bus: 10.0.0.5, replicas: 2, names: x, name: a b}\n",
        [
            '2:16: bus must look like nats://10.0.0.5:4222 or tls://nats.example, found "10.0.0.5"',
            "2:36: replicas must be 1, 3 or 5, found 2",
            "2:39: unknown key 'names' in cluster; did you mean 'name'?",
            '2:55: name must be 1 to 32 letters, digits, - and _, found "a b"',
        ],
        id="a cluster's mistakes",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\ncluster: {bus: 'nats://me:hunter2@10.0.0.5'}\n",
        ["2:16: bus must not contain a user or password; credentials is a key of its own"],
        id="a password in the bus's address",
    ),
    pytest.param("", ["1:1: cameras must be `name: {source: ...}` pairs, found nothing"], id="empty file"),
    pytest.param("- a\n- b\n", ["1:1: the config must be `key: value` pairs, found a list"], id="a list at the top"),
    pytest.param(
        "just words\n", ['1:1: the config must be `key: value` pairs, found "just words"'], id="words at the top"
    ),
    pytest.param("cameras:\n  door: {source: a.mp4\nalways: []\n", ["3:7: not YAML: "], id="brace never closed"),
    pytest.param("cameras:\n\tdoor: a.mp4\n", ["2:1: not YAML: a tab in the indentation; use spaces"], id="tab"),
    pytest.param("cameras:\n  door: a.mp4\n till: b.mp4\n", ["3:2: not YAML: "], id="indentation that fits nothing"),
    pytest.param(
        "cameras:\n  door: {source: a.mp4, credentials: !env NOT_SET_ANYWHERE}\n",
        ["2:38: the environment variable NOT_SET_ANYWHERE is not set"],
        id="missing environment variable",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways: !include steps.yaml\n",
        ["2:9: cannot read ", ": No such file or directory"],
        id="missing include",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways: !include shop.yaml\n",
        ["2:9: shop.yaml includes itself"],
        id="include that includes itself",
    ),
    pytest.param(
        "cameras: {door: !secret a.mp4}\n",
        ["1:17: unknown tag !secret; there are !env NAME and !include FILE"],
        id="unknown tag",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways: eyes\n",
        ['2:9: always must be a list, found "eyes"'],
        id="chain that is no list",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways:\n  - eyes: 3\n",
        ["3:11: the settings of eyes must be `key: value` pairs, found 3"],
        id="settings that are no pairs",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways:\n  - eyes: {}\n    look: {}\n",
        ["3:5: a step is one plugin name, or one name with settings ({faces: {...}}); found the keys eyes, look"],
        id="two plugins in one step",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways:\n  - eyes: {every: never}\n",
        ['3:19: every must be a number of frames from 1 or a time such as 200ms, found "never"'],
        id="every never",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways:\n  - eyes: {every: 0}\n",
        ["3:19: every must be a number of frames from 1 or a time such as 200ms, found 0"],
        id="every 0 frames",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways:\n  - eyes: {when: dusk}\n",
        ["3:18: when must be one of day, night, "],
        id="when nothing",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways:\n  - eyes: {on_error: explode}\n",
        ['3:22: on_error must be skip, stop or {disable_after: N}, found "explode"'],
        id="on_error unknown",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nday: [eyes]\n",
        ["2:1: day needs `mode:`, which sets when it is day; steps for all day go under `always:`"],
        id="day without a mode",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nmode: {plugin: eyes}\n",
        ["2:7: eyes does not set the mode; day_night does"],
        id="mode plugin that decides no mode",
    ),
    pytest.param(
        "cameras:\n  door: {source: a.mp4, exclude: [eye]}\nalways: [eyes]\n",
        ["2:35: no step named 'eye'; did you mean 'eyes'?"],
        id="excluding an unknown step",
    ),
    pytest.param(
        "cameras:\n  door: {source: a.mp4, overrides: {eyes: {min_size: 0}}}\nalways: [eyes]\n",
        ["2:54: eyes: min_size must be at least 1, found 0"],
        id="override out of range",
    ),
    pytest.param(
        "cameras:\n  door: {source: a.mp4, exclude: [eyes]}\n  till: b.mp4\nalways:\n  - eyes\n  - look\n",
        ["6:5: camera 'door': look needs faces", "6:5: camera 'door': look needs faces.landmarks"],
        id="one camera without what another step needs",
    ),
    pytest.param(
        "cameras:\n  door: {source: a.mp4, pace: slow}\n",
        ["2:31: pace must be 'fast' or 'real', found \"slow\""],
        id="unknown pace",
    ),
    pytest.param(
        "cameras:\n  door: {source: a.mp4, timeout: soon}\n",
        ["2:34: timeout cannot be used: 'soon' is not a time such as 200ms, 5s, 2m, 1h or 30d, found \"soon\""],
        id="unknown time",
    ),
    pytest.param("cameras:\n  door: {source: 12}\n", ["2:18: source must be text, found 12"], id="number for a source"),
    pytest.param(
        "cameras:\n  door: {source: a.mp4, timeout: -1, frozen_after: 5 parsecs, fps: 0}\n",
        [
            "2:34: timeout cannot be used: a time cannot be below 0, found -1",
            "2:52: frozen_after cannot be used: '5 parsecs' is not a time such as 200ms, 5s, 2m, 1h or 30d",
            "2:68: fps must be greater than 0, found 0",
        ],
        id="numbers below their range and times in no unit",
    ),
    pytest.param(
        "cameras:\n  door: {source: 0}\n",
        ["2:18: source must be text, found 0; a webcam is webcam:0"],
        id="bare webcam",
    ),
    pytest.param(
        "cameras:\n  door: rtps://10.0.0.11/stream\n",
        ["2:9: unknown kind of address 'rtps'; did you mean 'rtsps'? (known: rtsp, "],
        id="misspelt kind of address",
    ),
    pytest.param(
        "cameras:\n  door: rtsp:///stream\n",
        ["2:9: the address names no host; such as rtsp://10.0.0.11/stream"],
        id="address without a host",
    ),
    pytest.param(
        "cameras:\n  door: {source: rtsp//10.0.0.11/stream}\n",
        ["2:18: an address begins with rtsp://"],
        id="address without its colon",
    ),
    pytest.param(
        "cameras:\n  door: {source: rtsp://10.0.0.11/, credentials: hunter2}\n",
        ["2:50: credentials must be user:password, found no colon"],
        id="credentials without a user",
    ),
    pytest.param(
        "cameras: {from: nowhere}\nalways: [eyes]\n",
        ["1:17: no installed plugin provides cameras from 'nowhere' (installed: "],
        id="cameras from a plugin that knows none",
    ),
    pytest.param(
        "cameras: {from: shop, door: a.mp4}\nalways: [eyes]\n",
        ["1:11: `from` must be the only key: it names the plugin that provides the cameras"],
        id="cameras from a plugin and from the file",
    ),
    pytest.param(
        "cameras:\n  door: {source: a.mp4, overrides: {eyes: {min_size: 9}}, exclude: [eyes]}\nalways: [eyes]\n",
        ["2:37: camera 'door' excludes eyes, so that settings for it have no effect"],
        id="settings for a step that the camera does without",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways:\n  - eyes:\n    min_size: 9\n",
        [
            "3:5: a step is one plugin name, ",
            "found the keys eyes, min_size; indent the settings under the plugin's name",
        ],
        id="settings beside the plugin's name",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways:\n  - eyes\n  - look: {zones: zones.yaml}\n",
        ["4:19: look: zones must be a list, ", "to take it from that file, write !include zones.yaml"],
        id="name of a YAML file for what is in it",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways:\n  - eyes\n  - look: {zones: !include nowhere.yaml}\n",
        ["4:19: cannot read "],
        id="missing include in a setting",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways:\n  - eyes: {every: 0s}\n",
        ['3:19: every must be a number of frames from 1 or a time such as 200ms, found "0s"'],
        id="every 0 seconds",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways:\n  - eyes: {when: nihgt}\n",
        ["found \"nihgt\"; did you mean 'night'?"],
        id="misspelt when",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways:\n  - brightness: {threshold: 9, when: faces}\n  - eyes\n",
        [
            "3:5: brightness would never run: `when: faces` needs faces, which no step before it adds; eyes adds it, but only"
        ],
        id="when that never comes",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways:\n  - eyes: {when: night}\n",
        ["3:5: eyes would never run: `when: night` needs mode, which no step before it adds; "],
        id="when night without a mode",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways:\n  - eyes: {on_error: {disable_after: 0}}\n  - brightness: {threshold: 3, on_error: {disable_afer: 3}}\n",
        [
            "3:38: disable_after must be at least 1, found 0",
            "4:43: unknown key 'disable_afer' in on_error",
        ],
        id="on_error with wrong metrics and keys",
    ),
    pytest.param(
        "cameras: {door: 'a.mp4}\nalways:\n  - eyes\n",
        ["1:17: not YAML: this quote is never closed"],
        id="quote never closed",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways: [eyes, look\n",
        ["2:9: not YAML: this [ is never closed"],
        id="bracket never closed",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways\n  - eyes\n", ["2:1: not YAML: a key without its colon"], id="key without colon"
    ),
    pytest.param(
        "cameras:\n  door:a.mp4\n",
        ['2:3: cameras must be `name: {source: ...}` pairs, found "door:a.mp4"; put a space after the colon'],
        id="colon without a blank",
    ),
    pytest.param(
        "cameras: {door: @a}\n",
        ["1:17: not YAML: '@' cannot begin a value; put the value into quotes"],
        id="@ in front",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\n---\nalways: [eyes]\n",
        ["2:1: not YAML: a second document begins here; a config is one"],
        id="two documents",
    ),
    pytest.param("cameras: {door: *front}\n", ["1:17: not YAML: found undefined alias 'front'"], id="unknown alias"),
    pytest.param("cameras: &all {door: {source: *all}}\n", ["this alias contains itself"], id="alias in itself"),
    pytest.param(
        "cameras:\n  door: {source: &a a.mp4}\n  till: {<<: *a}\n",
        ["3:10: << takes an alias of `key: value` pairs, or a list of them"],
        id="merge of what is no mapping",
    ),
    pytest.param(
        "cameras: {door: !!python/name:os.system a}\n", ["1:17: unknown tag !!python/name:os.system"], id="Python tag"
    ),
    pytest.param(
        "cameras: {door: a.mp4}\nalways: " + "[" * 60 + "]" * 60 + "\n",
        ["2:48: not YAML: nested more than 40 deep"],
        id="nested without end",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\na: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
        + "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n" for a, b in ("ab", "bc", "cd", "de"))
        + "always: *e\n",
        ["1:1: more than 50,000 values, most of them by aliases of aliases"],
        id="aliases of aliases of aliases",
    ),
    pytest.param(
        "cameras: {door: a.mp4}\na: &a {x: 1}\n"
        + "".join(f"{b}: &{b} {{<<: [{', '.join([f'*{a}'] * 10)}]}}\n" for a, b in ("ab", "bc", "cd", "de", "ef", "fg"))
        + "always: *g\n",
        ["1:1: more than 50,000 values, most of them by aliases of aliases"],
        id="merges of merges of merges",
    ),
    pytest.param(
        'cameras: {door: "a\\0.mp4"}\n', ["1:17: text must not contain the character U+0000"], id="character of no text"
    ),
    pytest.param(
        "cameras: {door: a\0.mp4}\n", ["1:18: not YAML: the character U+0000 is not allowed in a file"], id="NUL byte"
    ),
    pytest.param(
        "cameras:\n\u00a0 door: a.mp4\n",
        ["2:1: not YAML: the character U+00A0 in the indentation"],
        id="no-break space",
    ),
]


@pytest.mark.parametrize(("text", "expected"), BROKEN)
def test_a_broken_config_names_the_place_and_the_mistake(tmp_path: Path, text: str, expected: list[str]) -> None:
    found = mistakes(tmp_path, text)

    for message in expected:
        assert any(message in line for line in found), found


def test_one_cause_is_told_once(tmp_path: Path) -> None:
    text = "cameras: {door: a.mp4}\nalways:\n  - eyes\n  - look: {zones: !include nowhere.yaml, method: !env NOT_SET}\n"

    assert [line.partition(" ")[0] for line in mistakes(tmp_path, text)] == ["4:19:", "4:50:"]


def test_bytes_that_are_no_text_are_named_with_their_place(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_bytes("cameras:\n  Tür: a.mp4\n".encode("latin-1"))

    with pytest.raises(ConfigError, match=r"shop.yaml:2:4: not YAML: the file is not UTF-8 text \(byte 0xfc\)"):
        load(path)


def test_a_step_for_every_frame_may_wait_for_what_comes_by_day_alone(tmp_path: Path) -> None:
    text = "cameras: {door: a.mp4}\nmode: clock\nday: [eyes]\nalways:\n  - brightness: {threshold: 9, when: faces}\n"

    assert loaded(tmp_path, text).cameras[0].chains["always"][0].when == "faces"


def test_a_camera_says_how_it_hangs(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        """
        cameras:
          door: {source: a.mp4, rotate: 180, mounting: {height: 2.8, tilt: 30, field_of_view: 80}}
          till: b.mp4
        """,
    )

    door, till = config.cameras
    assert (door.mounting, door.options.rotate) == (Mounting(2.8, 30, 80), 180)
    assert (till.mounting, till.options.rotate) == (None, 0)


def test_anchors_and_merges_spare_repetition(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        """
        cameras:
          door: &door {source: a.mp4, pace: real, timeout: 9s}
          till: &till {<<: *door, source: b.mp4}
          yard: {<<: [*till, *door], timeout: 3s}
        """,
    )

    assert [(camera.options.pace, camera.options.timeout) for camera in config.cameras] == [
        ("real", 9),
        ("real", 9),
        ("real", 3),
    ]
    assert [Path(camera.source).name for camera in config.cameras] == ["a.mp4", "b.mp4", "b.mp4"]


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = mistakes(tmp_path, "cameras: {door: {sauce: a}}\nalways:\n  - eye\n  - eyes: {min_size: 0}\nsate: x\n")

    assert [line.split(":")[0] for line in found] == ["1", "1", "3", "4", "5"]


def test_a_mistake_in_an_included_file_is_placed_in_that_file(tmp_path: Path) -> None:
    (tmp_path / "steps.yaml").write_text("- eyes:\n    min_size: 0\n")

    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, "cameras: {door: a.mp4}\nalways: !include steps.yaml\n")

    assert [Path(p.mark.file).name for p in caught.value.problems] == ["steps.yaml"]
    assert caught.value.problems[0].mark[1:] == (2, 15)


def test_a_secret_from_the_environment_is_in_no_message(tmp_path: Path) -> None:
    found = mistakes(tmp_path, "cameras: {door: a.mp4}\nalways:\n  - eyes: {min_size: !env KEY}\n", KEY="hunter2")

    assert found == ["3:22: eyes: min_size must be a whole number, found the value of that environment variable"]


def test_times_are_not_read_as_numbers_and_words_not_as_truth(tmp_path: Path) -> None:
    config = loaded(tmp_path, "cameras: {on: 22:00, no: yes}\n")

    assert [(camera.name, Path(camera.source).name) for camera in config.cameras] == [("on", "22:00"), ("no", "yes")]


def test_relative_paths_start_at_the_file_that_names_them(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "steps.yaml").write_text("- eyes\n- look: {model: face.keras}\n")

    config = loaded(tmp_path, "cameras: {door: clips/a.mp4}\nalways: !include parts/steps.yaml\n")

    camera = config.cameras[0]
    assert camera.source == str(tmp_path / "clips" / "a.mp4")
    assert camera.chains["always"][1].settings["model"] == tmp_path / "parts" / "face.keras"


def test_the_same_plugin_stands_in_a_chain_as_often_as_it_is_named(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        """
        cameras: {door: a.mp4}
        always:
          - brightness: {threshold: 10}
          - brightness: {threshold: 20}
          - brightness: {threshold: 30, name: bright}
        """,
    )

    steps = config.cameras[0].chains["always"]
    assert [(s.name, s.settings["threshold"]) for s in steps] == [
        ("brightness", 10),
        ("brightness-2", 20),
        ("bright", 30),
    ]


def test_a_camera_changes_settings_and_drops_steps_for_itself_alone(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        """
        cameras:
          door: {source: a.mp4, overrides: {brightness: {hold: 9s, every: 5}}}
          till: {source: b.mp4, exclude: [brightness]}
        always:
          - eyes: {every: 200ms, on_error: {disable_after: 3}}
          - brightness: {threshold: 10, hold: 1m}
        """,
    )

    door, till = config.cameras
    eyes, brightness = door.chains["always"]
    assert (eyes.every, eyes.on_error) == (Every(seconds=0.2), OnError("disable", 3))
    assert (brightness.settings, brightness.every) == ({"threshold": 10, "hold": 9.0}, Every(frames=5))
    assert [step.name for step in till.chains["always"]] == ["eyes"]


def test_a_setting_without_default_may_come_from_each_camera(tmp_path: Path) -> None:
    text = "cameras:\n  door: {source: a.mp4, overrides: {brightness: {threshold: 3}}}\n{more}always:\n  - brightness\n"

    config = loaded(tmp_path, text.replace("{more}", ""))

    assert config.cameras[0].chains["always"][0].settings == {"threshold": 3.0}
    assert mistakes(tmp_path, text.replace("{more}", "  till: b.mp4\n")) == [
        "5:5: brightness needs the setting 'threshold'"
    ]


def test_a_source_from_the_command_line_needs_no_camera_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "chain.yaml"
    path.write_text("always: [eyes]\n")

    config = load(path, source="clip.mp4")

    assert [(camera.name, camera.source) for camera in config.cameras] == [("camera", "clip.mp4")]


def test_the_steps_of_a_frame_are_the_mode_then_its_chain_then_always(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        "cameras: {door: a.mp4}\nmode: clock\nday: [eyes, look]\nnight: [{brightness: {threshold: 3}}]\nalways: [{brightness: {threshold: 9, name: last}}]\n",
    )

    camera = config.cameras[0]
    assert [step.name for step in camera.order("day")] == ["clock", "eyes", "look", "last"]
    assert [step.name for step in camera.order("night")] == ["clock", "brightness", "last"]


TWO_LIGHTS = "always:\n  - brightness: {threshold: 10}\n  - brightness: {threshold: 20, name: bright}\n"


def test_the_name_of_a_plugin_means_all_of_its_steps_and_that_of_a_step_counts_before_it(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        "cameras:\n"
        "  door: {source: a.mp4, overrides: {bright: {hold: 3s}, brightness: {hold: 9s, every: 5}}}\n"
        "  till: {source: b.mp4, exclude: [brightness]}\n"
        "  yard: {source: c.mp4, exclude: [bright]}\n" + TWO_LIGHTS,
    )

    door, till, yard = (camera.chains["always"] for camera in config.cameras)
    assert [(step.settings["hold"], step.every) for step in door] == [(9.0, Every(frames=5)), (3.0, Every(frames=5))]
    assert till == ()
    assert [step.name for step in yard] == ["brightness"]


def test_deprecated_keys_of_a_camera_work_with_a_warning(tmp_path: Path) -> None:
    text = "cameras:\n  door: {source: a.mp4, with: {bright: {hold: 9s}}, without: [brightness-2]}\n" + TWO_LIGHTS

    config = loaded(tmp_path, text.replace("brightness-2", "eyes") + "  - eyes\n")

    assert [step.settings.get("hold") for step in config.cameras[0].steps] == [None, 9.0]
    assert [str(warning).rpartition("shop.yaml:")[2] for warning in config.warnings] == [
        "2:25: warning: camera 'door': 'with' is now 'overrides'; the old name goes with version 0.3",
        "2:53: warning: camera 'door': 'without' is now 'exclude'; the old name goes with version 0.3",
    ]
    assert mistakes(tmp_path, text.replace("hold: 9s", "hold: soon").replace("brightness-2", "eye")) == [
        "2:47: brightness: hold cannot be used: 'soon' is not a time such as 200ms, 5s, 2m, 1h or 30d, found \"soon\"",
        "2:65: no step named 'eye'",
    ]


def test_an_old_and_a_new_name_together_are_refused(tmp_path: Path) -> None:
    found = mistakes(tmp_path, "cameras:\n  door: {source: a.mp4, without: [eyes], exclude: [eyes]}\nalways: [eyes]\n")

    assert found == ["2:25: camera 'door': 'without' is the old name of 'exclude'; only one of them can be given"]


RENAMING = """
    from dataclasses import dataclass
    from vidframe import hookimpl

    @dataclass
    class Counter:
        lost_after: float = 5.0
        renamed = {"keep": "lost_after"}

        @hookimpl
        def process_frame(self, frame): pass
"""


def test_a_renamed_setting_of_a_plugin_works_with_a_warning(tmp_path: Path, install_plugin: InstallPlugin) -> None:
    install_plugin(RENAMING, counter="Counter")
    text = "cameras:\n  door: {source: a.mp4, overrides: {counter: {keep: 7}}}\nalways:\n  - counter: {keep: 3}\n"

    config = loaded(tmp_path, text)

    assert [step.settings for step in (*config.steps, *config.cameras[0].steps)] == [
        {"lost_after": 3.0},
        {"lost_after": 7.0},
    ]
    assert [(w.mark.line, w.message.partition(";")[0]) for w in config.warnings] == [
        (2, "warning: counter: 'keep' is now 'lost_after'"),
        (4, "warning: counter: 'keep' is now 'lost_after'"),
    ]
    assert mistakes(tmp_path, text.replace("{keep: 3}", "{keep: 3, lost_after: 4}")) == [
        "4:15: counter: 'keep' is the old name of 'lost_after'; only one of them can be given"
    ]


def test_an_old_field_name_in_when_works_with_a_warning(tmp_path: Path) -> None:
    text = "cameras: {door: a.mp4}\nalways:\n  - eyes\n  - look\n  - brightness: {threshold: 9, when: faces.gaze}\n"

    config = loaded(tmp_path, text)

    assert config.steps[2].when == "faces.head_pose"
    assert [w.message.partition(";")[0] for w in config.warnings] == [
        "warning: brightness: 'faces.gaze' is now 'faces.head_pose'"
    ]


def test_standard_input_is_read_by_one_camera(tmp_path: Path) -> None:
    found = mistakes(tmp_path, "cameras:\n  door: '-'\n  till: {source: '-:64x48:bgr24'}\n")

    assert found == ["3:18: camera 'till' reads standard input, as camera 'door' does (line 2)"]


UNDECLARED = """
    from vidframe import hookimpl

    class Sneaky:
        def __init__(self, name_of_note: str = "queue") -> None:
            self.adds = (f"notes.{name_of_note}",)

        @hookimpl
        def process_frame(self, frame): pass
"""


def test_what_a_constructor_declares_is_refused(tmp_path: Path, install_plugin: InstallPlugin) -> None:
    install_plugin(UNDECLARED, sneaky="Sneaky")

    found = mistakes(tmp_path, "cameras: {door: a.mp4}\nalways:\n  - sneaky\n")

    assert found == [
        "3:5: sneaky: its constructor sets adds to ('notes.queue',), and its class has (); declare it on the class"
    ]


def test_secrets_are_in_no_reason_that_a_setting_is_refused_for(tmp_path: Path) -> None:
    text = "cameras: {door: a.mp4}\nalways:\n  - brightness: {threshold: 9, hold: !env KEY}\n"
    hidden = "the value of that environment variable"

    assert mistakes(tmp_path, text, KEY="hunter2") == [f"3:38: brightness: hold cannot be used, found {hidden}"]
    assert mistakes(tmp_path, "cameras: {door: !env KEY}\n", KEY="hunter2://10.0.0.1/") == [
        f"1:17: source cannot be used, found {hidden}"
    ]


# --- plugins in files ---

MINE = """
from vidframe import hookimpl

class LineCounter:
    '''Counts.'''
    adds = ("notes.lines",)

    def __init__(self, start: int = 0) -> None: pass

    @hookimpl
    def process_frame(self, frame): pass
"""


def test_a_plugin_may_be_a_file_beside_the_config(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MINE)
    text = "plugins: [./mine.py]\ncameras: {door: a.mp4}\nalways:\n  - line_counter: {start: 3}\n"

    config = loaded(tmp_path, text)

    assert [(step.name, step.settings, step.plugin.file) for step in config.steps] == [
        ("line_counter", {"start": 3}, tmp_path / "mine.py")
    ]
    assert mistakes(tmp_path, text.replace("start", "strat")) == [
        "4:20: line_counter has no setting 'strat'; did you mean 'start'?"
    ]


def test_all_files_of_a_folder_may_be_plugins(tmp_path: Path) -> None:
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "mine.py").write_text(MINE)
    (folder / "_helpers.py").write_text("")
    (tmp_path / "shop.yaml").write_text("cameras: {door: a.mp4}\nalways: [line_counter]\n")

    config = load(tmp_path / "shop.yaml", plugins_dir=folder)

    assert [step.name for step in config.steps] == ["line_counter"]
    assert config.plugins_dir == folder


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param(
            "1 / 0", "1:15: {0}/mine.py does not load: ZeroDivisionError: division by zero", id="fails on import"
        ),
        pytest.param("", "1:15: {0}/mine.py holds no plugin: no class with a method marked", id="no plugin"),
        pytest.param(
            MINE.replace("LineCounter", "Eyes"),
            "1:15: {0}/mine.py has the plugin 'eyes', which is installed, too; rename it",
            id="name of an installed plugin",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line(tmp_path: Path, code: str, expected: str) -> None:
    (tmp_path / "mine.py").write_text(code)

    found = mistakes(tmp_path, "plugins:     [./mine.py]\ncameras: {door: a.mp4}\nalways: [line_counter]\n")

    assert found[0].startswith(expected.format(tmp_path))
    assert len(found) == 1 + ("installed" in expected)


def test_two_files_with_plugins_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "yours.py").write_text(MINE)

    found = mistakes(tmp_path, "plugins: [mine.py, yours.py]\ncameras: {door: a.mp4}\n")

    assert found == [
        f"1:20: {tmp_path}/yours.py has the plugin 'line_counter', which {tmp_path}/mine.py has, too; rename it"
    ]
