"""Cameras of a config: where their frames come from, and which steps they change or do not run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from vidframe.core.config.document import Document, Place
from vidframe.core.config.keys import NAME, CameraKeys, MountingKeys
from vidframe.core.config.model import CameraConfig, StepConfig
from vidframe.core.config.steps import Steps
from vidframe.core.config.validation import colon_hint, read_keys, shown
from vidframe.core.model.mounting import Mounting
from vidframe.core.plugin.registry import extensions
from vidframe.core.sources.address import is_path, path_problem, unused_extensions
from vidframe.core.sources.options import SourceKeys
from vidframe.tools import did_you_mean


class Cameras:
    """Reads the cameras of one document.

    `source` replaces that of every camera. `are_given`: they come from a plugin, which does not know the chains.
    """

    def __init__(self, document: Document, steps: Steps, source: str | None, *, are_given: bool) -> None:
        self.document = document
        self.steps = steps
        self.source = source
        self.are_given = are_given
        self._unused = unused_extensions()

    def plugin(self, value: Any) -> str | None:
        """The plugin of `cameras: {from: NAME}`."""
        if not isinstance(value, dict) or "from" not in value:
            return None
        place: Place = ("cameras", "from")
        if len(value) > 1:
            self.document.add_error(
                place, "`from` must be the only key: it names the plugin that provides the cameras", of_key=True
            )
        name, known = value["from"], sorted(extensions("cameras"))
        if name not in known:
            hint = f"{did_you_mean(name, known)} (installed: {', '.join(known) or 'none'})"
            found = shown(self.document, place, name) if not isinstance(name, str) else repr(name)
            self.document.add_unreadable(place, f"no installed plugin provides cameras from {found}{hint}")
        return str(name)

    def read(self, value: Any, common: CameraConfig) -> list[CameraConfig]:
        """The cameras that the file names; `common` has the chains."""
        place: Place = ("cameras",)
        if value is None and self.source is not None:
            value = {"camera": self.source}
        if value == {} and self.are_given:
            return []
        if not isinstance(value, dict) or not value:
            found = shown(self.document, place, value)
            message = f"cameras must be `name: {{source: ...}}` pairs, found {found}{colon_hint(value)}"
            self.document.add_error(place, message)
            return []
        cameras = [self._camera((*place, name), name, entry, common) for name, entry in value.items()]
        self._check_input(cameras)
        return cameras

    def _camera(self, place: Place, name: str, value: Any, common: CameraConfig) -> CameraConfig:
        if not re.fullmatch(NAME, name):
            message = f"camera name {name!r} must be 1 to 32 letters, digits, - and _"
            self.document.add_error(place, message, of_key=True)
        if not isinstance(value, dict | None):
            value = {"source": value}
        if self.source is not None:
            value = {**(value or {}), "source": self.source}
        keys = read_keys(self.document, CameraKeys, value, place, f"camera {name!r}")
        source = self.source or self._from_file(keys.source, (*place, "source"))
        if (owner := self._unused.get(scheme := source.partition("://")[0].lower())) is not None:
            message = f"vidframe reads {scheme} itself, so that the source of {owner} is never called"
            self.document.add_warning((*place, "source"), f"{message}; it needs another scheme")
        options = SourceKeys.model_construct(**{key: getattr(keys, key) for key in SourceKeys.model_fields})
        camera = replace(common, name=name, source=source, options=options, mounting=_mounting(keys), nodes=keys.nodes)
        return self._overridden(camera, keys.overrides or {}, keys.exclude or (), place)

    def _from_file(self, source: str, place: Place) -> str:
        """The source with its path from the file, so that the config can be run from anywhere."""
        if not is_path(source):
            return source
        path = self.document.folder(place) / source
        if (problem := path_problem(path)) is not None:
            self.document.add_error(place, f"{source} {problem}")
        return str(path)

    def _overridden(
        self, camera: CameraConfig, overrides: Mapping[str, Any], exclude: Sequence[str], place: Place
    ) -> CameraConfig:
        """The camera with its own settings of the steps, and without those that it excludes."""
        if not overrides and not exclude:
            return camera
        self._check_names(camera, overrides, exclude, place)

        def changed(step: StepConfig) -> StepConfig:
            entry = step.entry
            for name in dict.fromkeys((step.plugin.name, step.name)):  # what names the step alone counts last
                if name in overrides:
                    here = (*place, "overrides", name)
                    entry = entry.overridden(self.steps.renamed(step.plugin, overrides[name], here), here)
            return step if entry is step.entry else self.steps.config(entry)

        return replace(
            camera,
            mode=changed(camera.mode) if camera.mode else None,
            chains={
                name: tuple(changed(step) for step in chain if not any(map(step.is_named, exclude)))
                for name, chain in camera.chains.items()
            },
            has_overrides=True,
        )

    def _check_names(
        self, camera: CameraConfig, overrides: Iterable[str], exclude: Sequence[str], place: Place
    ) -> None:
        known = {name for step in camera.steps for name in (step.name, step.plugin.name)}
        named = [((*place, "exclude", i), name) for i, name in enumerate(exclude)]
        for here, name in [*named, *(((*place, "overrides", name), name) for name in overrides)]:
            if name not in known and not self.are_given:
                self.document.add_error(here, f"no step named {name!r}{did_you_mean(name, known)}", of_key=True)
        for name in overrides:
            steps = [step for step in camera.steps if step.is_named(name)]
            if steps and all(any(map(step.is_named, exclude)) for step in steps):
                message = f"camera {camera.name!r} excludes {name}, so that settings for it have no effect"
                self.document.add_error((*place, "overrides", name), message, of_key=True)

    def _check_input(self, cameras: Iterable[CameraConfig]) -> None:
        """Standard input can be read once."""
        readers = [camera.name for camera in cameras if camera.source == "-" or camera.source.startswith("-:")]
        for name in readers[1:]:
            line = self.document.mark(("cameras", readers[0], "source")).line
            message = f"camera {name!r} reads standard input, as camera {readers[0]!r} does (line {line})"
            self.document.add_error(("cameras", name, "source"), message)


def _mounting(keys: CameraKeys) -> Mounting | None:
    if not isinstance(keys.mounting, MountingKeys):  # a mapping, where another key of the camera is wrong
        return None
    return Mounting(keys.mounting.height, keys.mounting.tilt, keys.mounting.field_of_view)
