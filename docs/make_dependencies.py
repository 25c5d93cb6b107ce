"""What an installation brings with it: the table of docs/dependencies.md, and an audit of it.

    python docs/make_dependencies.py            writes the table, and asks the package index for newer releases
    python docs/make_dependencies.py --audit    licences, newer releases, known vulnerabilities, build/sbom.json

The audit ends with 1 where a licence is not permissive or a vulnerability is known. What cannot be reached is said.
pip-audit and cyclonedx-bom are asked in an environment of their own (`make audit`).
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/dependencies.md"
MARK = "<!-- the table is made by docs/make_dependencies.py -->"

WHY = {
    "alembic": "changes of the shop's database from version to version",
    "argon2-cffi": "hashes of passwords (Argon2id)",
    "astral": "height of the sun, for day and night",
    "av": "decoding, muxing and encoding (FFmpeg)",
    "babel": "dates, numbers and money in the reader's language",
    "click": "the command line",
    "cryptography": "sealed secrets, Web Push",
    "flask": "the shop app",
    "flask-babel": "the shop app in several languages",
    "flask-wtf": "forms, and tokens against forged ones",
    "gunicorn": "serves the shop app in several processes (extra `production`)",
    "idna": "e-mail addresses of any language",
    "keras": "the network of expressions",
    "matplotlib": "plots of evaluations (lab)",
    "mediapipe": "faces and their landmarks",
    "nats-py": "the event bus of many machines (extra `cluster`)",
    "numpy": "images and figures",
    "opencv-contrib-python": "image processing",
    "openvino": "runs the networks of bodies and expressions",
    "paho-mqtt": "the connection to an MQTT broker",
    "phonenumbers": "telephone numbers with their country",
    "pillow": "pictures of products, icons",
    "pluggy": "marks and names the hooks of plugins",
    "prometheus-client": "the form of /metrics",
    "psutil": "what processes use",
    "pydantic": "checks of configs, events and requests",
    "pymysql": "MySQL and MariaDB",
    "pyotp": "one-time codes of the second factor",
    "pyyaml": "configs",
    "requests": "HTTP of the shop step",
    "rich": "tables of the command line",
    "scikit-image": "measures of images (lab)",
    "scipy": "assignment and statistics",
    "segno": "QR codes",
    "sqlalchemy": "the shop's database",
    "tzdata": "time zones on systems without them",
    "waitress": "serves the shop app in one process",
    "werkzeug": "HTTP of the shop app",
    "wtforms": "forms of the shop app",
    "zxcvbn": "how easily a password is guessed",
}
"""What each package is for that a pyproject.toml here names."""

EXTRAS = ("cluster", "production")

STATED = {"namex": "Apache-2.0"}
"""Licences that a package's own metadata do not say: of its repository."""

PERMISSIVE = re.compile(
    r"^\W*(apache|bsd|mit|isc|psf|python software foundation|zlib|zpl|zope|0bsd|cc0|mpl|mozilla|unlicense)",
    re.IGNORECASE,
)


class Package(NamedTuple):
    """An installed package that a shop's machine needs."""

    name: str
    version: str
    licence: str
    needed_by: tuple[str, ...]

    @property
    def why(self) -> str:
        """What for; of what others bring with them, who they are."""
        return WHY.get(self.name) or "by " + ", ".join(self.needed_by[:4]) + (" ..." if len(self.needed_by) > 4 else "")

    @property
    def is_permissive(self) -> bool:
        """Whether one of the licences to choose from is permissive, or all that hold together are."""
        return any(
            all(PERMISSIVE.match(each) for each in re.split(r"\s+AND\s+", choice.strip("() ")))
            for choice in re.split(r"\s+OR\s+", self.licence)
        )


@cache
def packages() -> tuple[Package, ...]:
    """All that the packages of this checkout need, and what those need."""
    needed_by: dict[str, set[str]] = {}

    def follow(name: str, extras: Iterable[str]) -> None:
        for text in metadata.requires(name) or []:
            need = Requirement(text)
            if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
                known = _normal(need.name)
                is_new = known not in needed_by or need.extras
                needed_by.setdefault(known, set()).add(_normal(name))
                if is_new:
                    follow(known, need.extras)

    ours = [_normal(d.metadata["Name"]) for d in metadata.distributions() if d.metadata["Name"].startswith("vidframe")]
    for name in sorted(set(ours)):
        follow(name, EXTRAS)
    return tuple(
        Package(name, metadata.version(name), _licence(name), tuple(sorted(by)))
        for name, by in sorted(needed_by.items())
        if not name.startswith("vidframe")
    )


def table(newest: dict[str, str]) -> str:
    """The rows of the page."""
    rows = ["| package | version | newest | licence | why |", "| --- | --- | --- | --- | --- |"]
    for each in packages():
        rows.append(
            f"| {each.name} | {each.version} | {newest.get(each.name, each.version)} | {each.licence} | {each.why} |"
        )
    return "\n".join(rows)


def newer_releases() -> dict[str, str] | None:
    """Newest version of each package that is behind; None where the index cannot be reached."""
    command = [sys.executable, "-m", "pip", "list", "--outdated", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    return {_normal(each["name"]): each["latest_version"] for each in json.loads(done.stdout)}


def audit() -> int:
    """Prints what was found; the exit code."""
    doubtful = [each for each in packages() if not each.is_permissive]
    print(f"licences: {len(packages()) - len(doubtful)} of {len(packages())} packages are permissive")
    for each in doubtful:
        print(f"  {each.name} {each.version}: {each.licence}")
    newer = newer_releases()
    if newer is None:
        print("newer releases: the package index cannot be reached")
    else:
        behind = [each for each in packages() if each.name in newer]
        print(f"newer releases: {len(behind)} of {len(packages())} packages have one")
        print("".join(f"  {each.name} {each.version} -> {newer[each.name]}\n" for each in behind), end="")
    vulnerable = _vulnerabilities()
    _write_sbom()
    return 1 if doubtful or vulnerable else 0


def _vulnerabilities() -> int:
    pinned = "".join(f"{each.name}=={each.version}\n" for each in packages())
    command = [_tool("pip-audit"), "--requirement", "/dev/stdin", "--no-deps", "--disable-pip", "--format", "json"]
    done = subprocess.run(command, input=pinned, capture_output=True, text=True, check=False)
    try:
        found = json.loads(done.stdout)["dependencies"]
    except ValueError:
        reason = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        print(f"vulnerabilities: not looked up: {reason}")
        return 0
    known = [each for each in found if each.get("vulns")]
    print(
        f"vulnerabilities: {len(known)} of {sum('vulns' in each for each in found)} packages; {sum('vulns' not in each for each in found)} could not be looked up"
    )
    for each in known:
        print(f"  {each['name']} {each['version']}: {', '.join(one['id'] for one in each['vulns'])}")
    return len(known)


def _write_sbom() -> None:
    """CycloneDX, of what a shop's machine needs and no more."""
    command = [_tool("cyclonedx-py"), "environment", sys.executable]
    bom: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    kept = {each.name for each in packages()}
    bom["components"] = [
        each for each in bom["components"] if _normal(each["name"]) in kept or each["name"].startswith("vidframe")
    ]
    refs = {each["bom-ref"] for each in bom["components"]}
    bom["dependencies"] = [
        each | {"dependsOn": [ref for ref in each.get("dependsOn", ()) if ref in refs]}
        for each in bom["dependencies"]
        if each["ref"] in refs
    ]
    path = ROOT / "build/sbom.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(bom, indent=1) + "\n")
    print(
        f"bill of materials: {path.relative_to(ROOT)}, CycloneDX {bom['specVersion']}, {len(bom['components'])} components"
    )


def _tool(name: str) -> str:
    return str(ROOT / "build/audit/bin" / name)


def _licence(name: str) -> str:
    """As an SPDX expression where the package says one, else by its classifiers, else the first line of its text."""
    about = metadata.metadata(name)
    classified = [
        line.rpartition(" :: ")[2] for line in about.get_all("Classifier") or [] if line.startswith("License")
    ]
    text = (about.get("License") or "").strip().partition("\n")[0]
    found = about.get("License-Expression") or ", ".join(classified) or text or STATED.get(name)
    return found or "not stated"


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    if "--audit" in sys.argv:
        sys.exit(audit())
    head = PAGE.read_text().partition(MARK)[0]
    PAGE.write_text(f"{head}{MARK}\n\n{table(newer_releases() or {})}\n")
