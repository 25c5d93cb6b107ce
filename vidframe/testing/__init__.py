"""For plugin authors: made frames, the real chain with its events kept in memory, and checks of the contract."""

from vidframe.testing.clock import FakeClock
from vidframe.testing.conformance import conformance
from vidframe.testing.frames import START, DrawnPicture, TestCamera, film, make_camera, make_event, make_frame
from vidframe.testing.replay import replay
from vidframe.testing.running import Run, run_chain, run_plugin, stepwise

__all__ = [
    "START",
    "DrawnPicture",
    "FakeClock",
    "Run",
    "TestCamera",
    "conformance",
    "film",
    "make_camera",
    "make_event",
    "make_frame",
    "replay",
    "run_chain",
    "run_plugin",
    "stepwise",
]
