"""Plugins are found by name, one by one; a broken one harms nobody."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import InstallPlugin
from vidframe.core.plugin.probe import probe
from vidframe.core.plugin.registry import PluginError, load

GOOD = """
    from vidframe import hookimpl

    class Good:
        '''Does nothing.'''
        @hookimpl
        def process_frame(self, frame): pass
"""


def test_a_broken_plugin_is_listed_with_its_reason_and_harms_no_other(install_plugin: InstallPlugin) -> None:
    install_plugin(GOOD, distribution="good", good="Good")
    install_plugin("import nowhere_to_be_found", distribution="no-import", no_import="X")
    install_plugin("raise SystemExit(1)", distribution="exits", exits="X")
    install_plugin("class Odd(BaseException): pass\nraise Odd('odd')", distribution="odd", odd="X")
    install_plugin("import os; os._exit(3)", distribution="dies", dies="X")
    install_plugin("import time; time.sleep(60)", distribution="hangs", hangs="X")
    install_plugin("import ctypes; ctypes.string_at(0)", distribution="crashes", crashes="X")
    install_plugin("import os; os.write(1, b'{hello}\\n'); X = 3", distribution="number", number="X")

    found = {plugin.name: plugin for plugin in probe()}

    named = ("no_import", "exits", "good", "odd", "dies", "hangs", "crashes", "number")
    assert {name: found[name].state for name in named} == {
        "good": "ok",
        "no_import": "broken",
        "exits": "broken",
        "odd": "broken",
        "dies": "broken",
        "hangs": "broken",
        "crashes": "broken",
        "number": "broken",
    }
    assert "No module named 'nowhere_to_be_found'" in found["no_import"].reason
    assert found["hangs"].reason == "its import took more than 3 s"
    assert found["dies"].reason == "its import ended the process (exit code 3)"
    assert found["crashes"].reason == "its import ended the process (SIGSEGV)"
    assert found["faces"].state == "ok"
    assert found["good"].summary == "Does nothing."


def test_a_plugin_that_takes_the_process_along_is_named_on_the_way_out(
    install_plugin: InstallPlugin, tmp_path: Path
) -> None:
    install_plugin("import ctypes; ctypes.string_at(0)", distribution="crashes", crashes="X")
    (tmp_path / "shop.yaml").write_text("cameras: {door: door.mp4}\nalways: [crashes]\n")

    command = [sys.executable, "-m", "vidframe", "check", str(tmp_path / "shop.yaml")]
    ended = subprocess.run(command, capture_output=True, text=True)

    assert ended.returncode == -signal.SIGSEGV
    assert "Segmentation fault" in ended.stderr
    assert "crashes_plugin.py" in ended.stderr


def test_two_plugins_of_one_name_are_a_clash_that_names_both(install_plugin: InstallPlugin) -> None:
    install_plugin(GOOD, distribution="one", twice="Good")
    install_plugin(GOOD, distribution="two", twice="Good")

    with pytest.raises(PluginError, match=r"plugin 'twice' is claimed by one 1\.0 and two 1\.0; uninstall one"):
        load("twice")

    assert [plugin.state for plugin in probe(["twice"])] == ["clash"]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        pytest.param(
            "class P:\n def process_frame(self, frame): pass",
            "process_frame is named like a hook and not marked; put @hookimpl above it",
            id="forgotten marker",
        ),
        pytest.param(
            "class P:\n @hookimpl\n def process_fame(self, frame): pass",
            "no hook is named 'process_fame'; did you mean 'process_frame'? (hooks: check_machine, close_camera, ",
            id="misspelt hook",
        ),
        pytest.param(
            "class P:\n @hookimpl\n def process_frame(self, image): pass",
            "process_frame takes image; it may take frame",
            id="unknown argument",
        ),
        pytest.param(
            "class P:\n @hookimpl(tryfirst=True)\n def process_frame(self, frame): pass",
            "asks for tryfirst or trylast; the order comes from the YAML",
            id="jumps the queue",
        ),
        pytest.param(
            "class P:\n @hookimpl(wrapper=True)\n def process_frame(self, frame): yield",
            "process_frame wraps a hook; a step cannot wrap other steps",
            id="wrapper",
        ),
        pytest.param(
            "class P:\n needs = ('face',)\n @hookimpl\n def process_frame(self, frame): pass",
            "needs has 'face'; did you mean 'faces'? (a frame carries canvas, ",
            id="unknown name of the data model",
        ),
        pytest.param(
            "class P:\n adds = 'faces'\n @hookimpl\n def process_frame(self, frame): pass",
            "adds must be a tuple of names, such as (\"faces\",), found 'faces'",
            id="forgotten comma",
        ),
        pytest.param(
            "class P:\n def __init__(self, every: int = 1): pass\n @hookimpl\n def process_frame(self, frame): pass",
            "the setting 'every' is an option of every step",
            id="setting that the framework reads",
        ),
        pytest.param(
            "class P:\n def __init__(self, **rest): pass\n @hookimpl\n def process_frame(self, frame): pass",
            "each setting needs a name of its own",
            id="settings without names",
        ),
        pytest.param(
            "class P:\n def __init__(self, lock: object = None): pass\n @hookimpl\n def process_frame(self, frame): pass",
            "",
            id="any value is a setting",
        ),
        pytest.param(
            "import threading\nclass P:\n def __init__(self, lock: threading.Thread): pass\n @hookimpl\n def process_frame(self, frame): pass",
            "it has a setting that no YAML could fill",
            id="setting that is no YAML",
        ),
    ],
)
def test_a_plugin_that_breaks_the_contract_is_refused(install_plugin: InstallPlugin, code: str, reason: str) -> None:
    install_plugin("from vidframe import hookimpl\n" + code, p="P")

    if not reason:
        load("p")
        return
    with pytest.raises(PluginError) as refused:
        load("p")

    assert reason in str(refused.value)


def test_loading_one_plugin_imports_no_other(install_plugin: InstallPlugin, monkeypatch: Any) -> None:
    install_plugin(GOOD, distribution="good", good="Good")
    install_plugin("raise AssertionError('was imported')", distribution="other", other="X")

    assert load("good").name == "good"
