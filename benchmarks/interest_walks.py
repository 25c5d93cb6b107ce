"""What `interest` tells of many random visits whose truth is known, when heads are read as wrongly as they really are.

    python benchmarks/interest_walks.py [--scenes 6] [--json]

In each scene two people walk through the drawn shop of `vidframe scene`, stop at places and look at shelves, a table, the camera or
ahead, all at random. No picture is drawn: faces come from the geometry, hidden ones left out, with the errors of the `gaze` step
(docs/plugins/gaze.md): an offset for each person (standard deviation 5 degrees of yaw) and noise on each frame (3 degrees). A
look of half a second or more counts; recall and precision are over pairs of person and zone.
"""

from __future__ import annotations

import argparse
import json
import random
from dataclasses import dataclass, field

import numpy as np
from rich.console import Console
from rich.table import Table
from vidframe_gaze.head_pose import LANDMARK_ERRORS
from vidframe_gaze.interest import Interest
from vidframe_gaze.zones import Zone
from vidframe_lab.gaze.eval_interest import metrics_of
from vidframe_lab.gaze.visits import Pair, Visit, matched, visits_of
from vidframe_lab.scene.film import AT_A_PLACE, VisitTruth, interest_settings
from vidframe_lab.scene.people import Clothes, Moment, Person, Pose
from vidframe_lab.scene.portrait import Head
from vidframe_lab.scene.shop import HEIGHT, PLACES, WIDTH

from vidframe import Box, Face, HeadPose
from vidframe.testing import START, make_camera, make_frame, run_plugin

NO_HEAD = Head(np.zeros((1, 3)), np.zeros((1, 3)), np.zeros(1, bool), np.zeros((1, 3), np.uint8), (0, 0, 0))
NOTHING = np.zeros((HEIGHT, WIDTH), np.uint8)
LOOKS = ("tea", "coffee", "honey", "camera", "ahead")
PITCH_WORSE = 1.4


@dataclass
class Conditions:
    """How badly a camera sees."""

    fps: float = 15
    noise: float = 3.0  # degrees, of each frame
    offset: float = 5.0  # degrees, of each person
    losses: float = 0.0  # a second and person, each of 0.3 to 2 seconds; seven in ten end with a new track number
    in_space: bool = True  # zones have distances


CASES = {
    "no error": Conditions(noise=0, offset=0),
    "15 frames a second": Conditions(),
    "5 frames a second": Conditions(fps=5),
    "30 frames a second": Conditions(fps=30),
    "tracks lost every 3 s": Conditions(losses=0.3),
    "offsets of 7 degrees": Conditions(offset=7),
    "zones without distances": Conditions(in_space=False),
}


@dataclass
class Visitor:
    """One person on his way, and what a camera makes of him."""

    person: Person
    offset: tuple[float, float]
    track: int
    lost_for: int = 0  # frames
    visits: dict[str, VisitTruth] = field(default_factory=dict)

    def note(self, now: float, seconds: float, pose: Pose) -> None:
        """Adds one frame to the truth."""
        looked_at = pose.looked_at()
        for place in PLACES:
            visit = self.visits.setdefault(place.name, VisitTruth(self.person.name, place.name))
            visit.add(now, seconds, pose, pose.distance_to(place) <= AT_A_PLACE, looked_at is place)


def main() -> None:
    """Prints one row for each case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=6)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = {
        name: metrics_of([pair for seed in range(options.scenes) for pair in scene(seed, conditions)])
        for name, conditions in CASES.items()
    }
    print(json.dumps(rows)) if options.json else _print(rows)


def scene(seed: int, conditions: Conditions) -> list[Pair]:
    """What was told of one scene beside what was true."""
    rng, errors = random.Random(seed), np.random.default_rng(seed)
    visitors = [_visitor(number, rng, errors, conditions) for number in (1, 2)]
    camera, frames = make_camera("walks"), []
    stories = [visitor.person.poses(conditions.fps) for visitor in visitors]
    seconds = 4 + max(visitor.person.story[-1].seconds for visitor in visitors)
    for index in range(round(seconds * conditions.fps)):
        now = index / conditions.fps
        poses = [next(story) for story in stories]
        there = [(who, pose) for who, pose in zip(visitors, poses, strict=True) if pose and pose.is_in_picture]
        for visitor, pose in there:
            visitor.note(now, 1 / conditions.fps, pose)
        seen = [
            (who, pose) for who, pose in there if not _is_hidden(pose, poses) and _is_tracked(who, errors, conditions)
        ]
        faces = [_face(visitor, pose, errors, conditions) for visitor, pose in seen]
        frames.append(make_frame(NOTHING, camera=camera, index=index, seconds=now, faces=faces))
    settings = interest_settings(in_space=conditions.in_space)
    zones = [Zone.model_validate(zone) for zone in settings.pop("zones")]
    told = [event.facts for event in run_plugin(Interest(zones, **settings), frames) if event.kind == "interest.visit"]
    return matched(
        f"scene {seed}",
        [_true(visit) for who in visitors for visit in who.visits.values() if _counts(visit)],
        visits_of(told, START),
    )


def _visitor(number: int, rng: random.Random, errors: np.random.Generator, conditions: Conditions) -> Visitor:
    person = Person(str(number), NO_HEAD, Clothes((0, 0, 0), (0, 0, 0)), _story(rng))
    yaw, pitch = errors.normal(0, conditions.offset, 2) * (1, PITCH_WORSE)
    return Visitor(person, (float(yaw), float(pitch)), number)


def _story(rng: random.Random) -> tuple[Moment, ...]:
    """Comes in by the door, stands at one to three places, leaves past the camera."""
    now, x, z = rng.uniform(0, 6), rng.uniform(-0.4, 0.4), -7.0
    story = [Moment(now, x, z)]
    for _ in range(rng.randint(1, 3)):
        further = rng.uniform(-0.5, 0.5), min(max(z + rng.uniform(0.8, 2.4), -6.5), -1.9)
        now += max(float(np.hypot(further[0] - x, further[1] - z)) / rng.uniform(0.6, 1.2), 0.5)
        x, z = further
        for _ in range(rng.randint(1, 3)):
            story.append(Moment(now, x, z, rng.choice(LOOKS)))
            now += rng.uniform(0.8, 4)
        story.append(Moment(now, x, z))
    return (*story, Moment(now + 2.5, x + rng.choice((-0.8, 0.8)), -1.1))


def _is_hidden(pose: Pose, others: list[Pose | None]) -> bool:
    """Whether somebody nearer stands before the face."""
    middle = pose.face[0] + pose.face[2] / 2
    nearer = [other for other in others if other is not None and other.eyes[2] > pose.eyes[2]]
    return any(abs(other.face[0] + other.face[2] / 2 - middle) < 0.6 * other.face[2] for other in nearer)


def _is_tracked(visitor: Visitor, errors: np.random.Generator, conditions: Conditions) -> bool:
    """Whether the face is found in this frame; losses begin and end here."""
    if visitor.lost_for == 0 and errors.random() < conditions.losses / conditions.fps:
        visitor.lost_for = round(errors.uniform(0.3, 2) * conditions.fps)
    if visitor.lost_for == 0:
        return True
    visitor.lost_for -= 1
    if visitor.lost_for == 0 and errors.random() < 0.7:
        visitor.track += 2
    return False


def _face(visitor: Visitor, pose: Pose, errors: np.random.Generator, conditions: Conditions) -> Face:
    noise = errors.normal(0, conditions.noise, 2) * (1, PITCH_WORSE)
    yaw, pitch = pose.yaw + visitor.offset[0] + noise[0], pose.pitch + visitor.offset[1] + noise[1]
    x, y, width, height = pose.face
    jitter = errors.normal(0, 0.02 * width, 3)  # detectors frame the same face a little differently each time
    box = Box(x + jitter[0], y + jitter[1], width + jitter[2], height + jitter[2])
    sigma = LANDMARK_ERRORS.sigma(float(yaw), width)
    return Face(box, track=visitor.track, head_pose=HeadPose(float(yaw), float(pitch), 0.0, sigma))


def _counts(visit: VisitTruth) -> bool:
    return visit.passed or visit.looks > 0


def _true(visit: VisitTruth) -> Visit:
    return Visit(**{name: value for name, value in visit.as_json().items() if name in Visit.model_fields})


def _print(rows: dict[str, dict[str, float | None]]) -> None:
    names = list(next(iter(rows.values())))
    table = Table("", *(name.replace("_", " ") for name in names))
    for name, row in rows.items():
        table.add_row(name, *("-" if value is None else f"{value:g}" for value in row.values()))
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
