"""Cameras of a config: where their pictures come from, and which steps they change or do without."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from vidframe.core.config.document import Place
from vidframe.core.config.model import CameraConfig, StepConfig
from vidframe.core.config.steps import Steps
from vidframe.core.config.values import Values, did_you_mean, glued
from vidframe.core.plugin.registry import extensions
from vidframe.core.sources.address import SCHEMES, path_problem, schemes

CAMERA_KEYS = ("source", "credentials", "pace", "fps", "timeout", "frozen_after", "nodes", "with", "without")
CAMERA_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")

Chains = Mapping[str, tuple[StepConfig, ...]]


class Cameras:
    """Reads the cameras of one document.

    `source` replaces that of every camera. `are_given`: they come from a plugin, which does not know the chains.
    """

    def __init__(self, values: Values, steps: Steps, source: str | None, *, are_given: bool) -> None:
        self.values = values
        self.steps = steps
        self.document = values.document
        self.source = source
        self.are_given = are_given

    def feeder(self, value: Any) -> str | None:
        """The plugin of `cameras: {from: NAME}`."""
        if not isinstance(value, dict) or "from" not in value:
            return None
        place: Place = ("cameras", "from")
        if len(value) > 1:
            self.document.complain(place, "`from` stands alone: the cameras come from there", of_key=True)
        name = self.values.text(place, value["from"])
        known = sorted(extensions("cameras"))
        if name is not None and name not in known:
            listed = ", ".join(known) or "none"
            message = (
                f"no installed plugin knows cameras from {name!r}{did_you_mean(name, known)} (installed: {listed})"
            )
            self.document.give_up(place, message)
        return name

    def listed(self, value: Any) -> list[CameraConfig]:
        """The cameras that the file names, before they meet the chains."""
        place: Place = ("cameras",)
        if value is None and self.source is not None:
            return [CameraConfig("camera", self.source)]
        if value == {} and self.are_given:
            return []
        if not isinstance(value, dict) or not value:
            found = self.values.shown(place, value)
            message = f"cameras must be `name: {{source: ...}}` pairs, found {found}{glued(value)}"
            self.document.complain(place, message)
            return []
        return [self._camera((*place, name), name, entry) for name, entry in value.items()]

    def resolved(self, camera: CameraConfig, mode: StepConfig | None, chains: Chains, entry: Any) -> CameraConfig:
        """The camera with its own settings of the steps, and without those that it does without."""
        entry = entry if isinstance(entry, dict) else {}
        names = {step.name for chain in chains.values() for step in chain} | ({mode.name} if mode else set())
        place: Place = ("cameras", camera.name)
        without = self._without((*place, "without"), entry.get("without"), names)
        changes = self._changes((*place, "with"), entry.get("with"), names)
        for name in sorted(without & changes.keys()):
            message = f"camera {camera.name!r} does without {name}, so that settings for it have no effect"
            self.document.complain((*place, "with", name), message, of_key=True)

        def changed(step: StepConfig) -> StepConfig:
            own = changes.get(step.name)
            return self.steps.overridden(step, own, (*place, "with", step.name)) if own else step

        return replace(
            camera,
            mode=changed(mode) if mode else None,
            chains={name: tuple(changed(s) for s in chain if s.name not in without) for name, chain in chains.items()},
            differs=bool(changes or without),
        )

    def _camera(self, place: Place, name: str, value: Any) -> CameraConfig:
        if not CAMERA_NAME.fullmatch(name):
            message = f"camera name {name!r} must be 1 to 32 letters, digits, - and _"
            self.document.complain(place, message, of_key=True)
        if isinstance(value, str):
            value, source_place = {"source": value}, place
        else:
            source_place = (*place, "source")
        entry = self.values.mapping(place, value, CAMERA_KEYS, f"camera {name!r}")
        return CameraConfig(
            name,
            self._source(place, source_place, entry),
            self._credentials((*place, "credentials"), entry["credentials"]) if "credentials" in entry else None,
            self.values.choice((*place, "pace"), entry.get("pace", "fast"), ("fast", "real")),
            self.values.positive((*place, "fps"), entry.get("fps")),
            self.values.duration((*place, "timeout"), entry.get("timeout", 5)),
            self.values.duration((*place, "frozen_after"), entry.get("frozen_after", 60)),
            self.values.texts((*place, "nodes"), entry.get("nodes", "*")),
        )

    def _source(self, camera: Place, place: Place, entry: Mapping[str, Any]) -> str:
        if self.source is not None:
            return self.source
        if "source" not in entry:
            self.document.complain(camera, f"camera {camera[-1]!r} has no source", of_key=True)
            return ""
        number = entry["source"]
        if isinstance(number, int) and not isinstance(number, bool):
            self.document.complain(place, f"source must be text, found {number}; a webcam is webcam:{number}")
            return ""
        source = self.values.text(place, number) or ""
        if (problem := address_problem(source)) is not None:
            self.document.complain(place, problem)
        if not source or "://" in source or source == "-" or source.startswith(("/dev/video", "webcam:", "-:")):
            return source
        path = self.document.folder(place) / source  # so that the config can be run from anywhere
        if (problem := path_problem(path)) is not None:
            self.document.complain(place, f"{source} {problem}")
        return str(path)

    def _credentials(self, place: Place, value: Any) -> str | None:
        credentials = self.values.text(place, value)
        if credentials is not None and ":" not in credentials:
            self.document.complain(place, "credentials must be user:password, found no colon")
        return credentials

    def _without(self, place: Place, value: Any, names: set[str]) -> set[str]:
        if value is None:
            return set()
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            found = self.values.shown(place, value)
            self.document.complain(place, f"without must be a list of steps, found {found}")
            return set()
        for i, name in enumerate(value):
            if name not in names and not self.are_given:
                self.document.complain((*place, i), f"no step named {name!r}{did_you_mean(name, names)}")
        return set(value)

    def _changes(self, place: Place, value: Any, names: set[str]) -> dict[str, dict[str, Any]]:
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.document.complain(
                place, f"with must be `step: {{...}}` pairs, found {self.values.shown(place, value)}"
            )
            return {}
        changes = {}
        for name, settings in value.items():
            if name not in names and self.are_given:
                continue
            if name not in names:
                hint = did_you_mean(name, names)
                self.document.complain((*place, name), f"no step named {name!r}{hint}", of_key=True)
            elif not isinstance(settings, dict):
                found = self.values.shown((*place, name), settings)
                self.document.complain((*place, name), f"the settings of {name} must be pairs, found {found}")
            else:
                changes[name] = settings
        return changes


def address_problem(source: str) -> str | None:
    """What is wrong with a source as it is written; what is found only by opening it, is not asked."""
    address = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", source)
    almost = re.match(rf"({'|'.join(SCHEMES)})[:;]?//?[^/]", source, re.IGNORECASE)
    if address and address[1].lower() in SCHEMES:
        if address[2][:1] in ("", "/"):
            return f"the address names no host; such as {address[1]}://10.0.0.11/stream"
    elif address:
        if address[1].lower() not in (known := schemes()):
            hint = did_you_mean(address[1], known)
            return f"unknown kind of address {address[1]!r}{hint} (known: {', '.join(known)})"
    elif almost:
        return f"an address begins with {almost[1]}://"
    elif (begins := re.match(r"([a-z][a-z0-9+.-]*):/", source)) and begins[1] in schemes():
        return f"an address begins with {begins[1]}://"
    return None
