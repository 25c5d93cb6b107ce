"""Whether the steps of a chain fit together: each finds what it needs, and no two add the same."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from vidframe.core.config.document import Problem
from vidframe.core.config.model import MODES, CameraConfig, StepConfig
from vidframe.core.model import fields

Steps = tuple[StepConfig, ...]


class Wiring:
    """Checks chains before anything heavy is imported: what a step needs and adds is declared on its class."""

    def check(self, camera: CameraConfig) -> Iterator[Problem]:
        """What is wrong with the steps that a frame of this camera meets, by day and by night."""
        whose = _whose(camera)
        for mode in MODES:
            steps = camera.order(mode)
            for i, step in enumerate(steps):
                yield from self._unmet(step, camera, steps[:i], steps[i + 1 :])
                yield from _doubled(step, steps[:i], whose)
        yield from self._never_run(camera, whose)

    def _unmet(self, step: StepConfig, camera: CameraConfig, before: Steps, later: Steps) -> Iterator[Problem]:
        whose = _whose(camera)
        added = _added(before, camera)
        for need in step.plugin.needs:
            if need == "masked?" and (
                masker := next((other for other in later if "masked" in other.plugin.adds), None)
            ):
                words = f"{whose}{step.name} keeps or shows images before {masker.name} masks them"
                yield Problem(step.mark, f"{words} (line {masker.mark.line}): move {masker.name} up")
            if not need.endswith("?") and need not in added:
                words = f"{whose}{step.name} needs {need}, which no step before it adds"
                yield Problem(step.mark, words + self._cure(need, later))

    def _never_run(self, camera: CameraConfig, whose: str) -> Iterator[Problem]:
        """Steps whose `when` comes neither by day nor by night."""
        orders = [camera.order(mode) for mode in MODES]
        for step in camera.steps:
            waits_for = "mode" if step.when in MODES else step.when
            places = [(order, order.index(step)) for order in orders if step in order]
            if waits_for is None or any(waits_for in _added(order[:i], camera) for order, i in places):
                continue
            order, i = places[0]
            words = f"{whose}{step.name} would never run: `when: {step.when}` needs {waits_for}, which no step before it adds"
            yield Problem(step.mark, words + self._cure(waits_for, order[i + 1 :]))

    def _cure(self, need: str, later: Steps) -> str:
        adder = next((other for other in later if need in other.plugin.adds), None)
        if adder is not None:
            return f"; {adder.name} adds it, but only afterwards (line {adder.mark.line}): move it up"
        could = [name for name, adds in self._adds_of_installed.items() if need in adds]
        return f"; {_either(could)} could" if could else "; no installed plugin adds it"

    @cached_property
    def _adds_of_installed(self) -> dict[str, tuple[str, ...]]:
        from vidframe.core.plugin.probe import probe  # starts a process, so only when there is something to explain

        return {plugin.name: plugin.adds for plugin in probe()}


def _whose(camera: CameraConfig) -> str:
    return f"camera {camera.name!r}: " if camera.name else ""


def _added(before: Steps, camera: CameraConfig) -> frozenset[str]:
    added = fields.SOURCE_NAMES.union(*(step.plugin.adds for step in before))
    return added | {"people"} if "faces" in added and camera.derives_people else added


def _doubled(step: StepConfig, before: Steps, whose: str) -> Iterator[Problem]:
    for name in step.plugin.adds:
        if fields.field(name).is_shared:
            continue
        other = next((other for other in reversed(before) if name in other.plugin.adds), None)
        if other is not None:
            words = f"{whose}{step.name} adds {name}, which {other.name} already adds (line {other.mark.line})"
            yield Problem(step.mark, words)


def _either(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
