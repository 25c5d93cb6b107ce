"""Cameras of a config: where their frames come from, and which steps they change or do not run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from vidframe.core.config.document import Document, Place
from vidframe.core.config.keys import NAME, CameraKeys, is_path
from vidframe.core.config.model import CameraConfig, SourceOptions, StepConfig
from vidframe.core.config.steps import Entry, Steps
from vidframe.core.config.validation import colon_hint, did_you_mean, read_keys, shown
from vidframe.core.plugin.registry import extensions


@dataclass(frozen=True)
class Chains:
    """The steps as the file has them."""

    mode: Entry | None
    entries: Mapping[str, list[Entry]]  # "day", "night", "always"
    common: CameraConfig  # the same, checked

    def all(self) -> Iterator[Entry]:
        """Every step, that of the mode first."""
        if self.mode:
            yield self.mode
        for chain in self.entries.values():
            yield from chain


class Cameras:
    """Reads the cameras of one document.

    `source` replaces that of every camera. `are_given`: they come from a plugin, which does not know the chains.
    """

    def __init__(self, document: Document, steps: Steps, source: str | None, *, are_given: bool) -> None:
        self.document = document
        self.steps = steps
        self.source = source
        self.are_given = are_given

    def plugin(self, value: Any) -> str | None:
        """The plugin of `cameras: {from: NAME}`."""
        if not isinstance(value, dict) or "from" not in value:
            return None
        place: Place = ("cameras", "from")
        if len(value) > 1:
            self.document.add_error(place, "`from` stands alone: the cameras come from there", of_key=True)
        name, known = value["from"], sorted(extensions("cameras"))
        if name not in known:
            hint = f"{did_you_mean(name, known)} (installed: {', '.join(known) or 'none'})"
            found = shown(self.document, place, name) if not isinstance(name, str) else repr(name)
            self.document.add_unreadable(place, f"no installed plugin knows cameras from {found}{hint}")
        return str(name)

    def read(self, value: Any, chains: Chains) -> list[CameraConfig]:
        """The cameras that the file names."""
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
        cameras = [self._camera((*place, name), name, entry, chains) for name, entry in value.items()]
        self._check_input(cameras)
        return cameras

    def _camera(self, place: Place, name: str, value: Any, chains: Chains) -> CameraConfig:
        if not re.fullmatch(NAME, name):
            message = f"camera name {name!r} must be 1 to 32 letters, digits, - and _"
            self.document.add_error(place, message, of_key=True)
        if not isinstance(value, dict | None):
            value = {"source": value}
        if self.source is not None:
            value = {**(value or {}), "source": self.source}
        keys = read_keys(self.document, CameraKeys, value, place, f"camera {name!r}")
        source = keys.source
        if self.source is None and source and is_path(source):  # so that the config can be run from anywhere
            source = str(self.document.folder((*place, "source")) / source)
        options = {key: getattr(keys, key) for key in SourceOptions.model_fields}
        camera = replace(
            chains.common, name=name, source=source, options=SourceOptions.model_construct(**options), nodes=keys.nodes
        )
        return self._overridden(camera, keys, place, chains) if keys.overrides or keys.exclude else camera

    def _overridden(self, camera: CameraConfig, keys: CameraKeys, place: Place, chains: Chains) -> CameraConfig:
        excluded = self._excluded(keys.exclude or (), place, chains)
        changed = self._changed(keys.overrides or {}, place, chains)
        for name in keys.overrides or {}:
            meant = [entry for entry in chains.all() if entry.is_meant(name)]
            if meant and all(entry.at in excluded for entry in meant):
                message = f"camera {camera.name!r} excludes {name}, so that settings for it have no effect"
                self.document.add_error((*place, "overrides", name), message, of_key=True)

        def config(entry: Entry, step: StepConfig) -> StepConfig:
            return self.steps.config(changed[entry.at]) if entry.at in changed else step

        return replace(
            camera,
            mode=config(chains.mode, camera.mode) if chains.mode and camera.mode else None,
            chains={
                name: tuple(
                    config(entry, step)
                    for entry, step in zip(entries, camera.chains[name], strict=True)
                    if entry.at not in excluded
                )
                for name, entries in chains.entries.items()
            },
            has_overrides=True,
        )

    def _excluded(self, names: Iterable[str], place: Place, chains: Chains) -> set[Place]:
        """Where the steps stand that are excluded."""
        entries = [entry for chain in chains.entries.values() for entry in chain]
        for i, name in enumerate(names):
            self._check_known(name, (*place, "exclude", i), entries)
        return {entry.at for entry in entries if any(map(entry.is_meant, names))}

    def _changed(self, overrides: Mapping[str, Any], place: Place, chains: Chains) -> dict[Place, Entry]:
        """The steps that are changed, by where they stand; what names the step counts before what names its plugin."""
        entries = list(chains.all())
        for name in overrides:
            self._check_known(name, (*place, "overrides", name), entries, of_key=True)
        changed = {}
        for entry in entries:
            for name in dict.fromkeys((entry.plugin.name, entry.name)):
                if name in overrides:
                    here = (*place, "overrides", name)
                    raw = self.steps.renamed(entry.plugin, overrides[name], here)
                    changed[entry.at] = changed.get(entry.at, entry).overridden(raw, here)
        return changed

    def _check_known(self, name: str, place: Place, entries: Iterable[Entry], *, of_key: bool = False) -> None:
        known = {known for entry in entries for known in (entry.name, entry.plugin.name)}
        if name not in known and not self.are_given:
            self.document.add_error(place, f"no step named {name!r}{did_you_mean(name, known)}", of_key=of_key)

    def _check_input(self, cameras: Iterable[CameraConfig]) -> None:
        """Standard input can be read once."""
        first: tuple[str, int] | None = None
        for camera in cameras:
            if camera.source != "-" and not camera.source.startswith("-:"):
                continue
            place = ("cameras", camera.name, "source")
            if first is not None:
                message = (
                    f"camera {camera.name!r} reads standard input, which camera {first[0]!r} reads (line {first[1]})"
                )
                self.document.add_error(place, message)
            first = first or (camera.name, self.document.mark(place).line)
