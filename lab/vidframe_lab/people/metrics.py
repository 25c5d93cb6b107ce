"""What matched frames say: recall, precision, directions, tracks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from vidframe_lab.evaluation.results import share
from vidframe_lab.people.labels import FACES, FACING
from vidframe_lab.people.matching import Matched

QUARTERS = tuple(FACING)  # at 0, 90, 180 and 270 degrees of yaw


def metrics_of(frames: Sequence[Matched]) -> dict[str, float | None]:
    """Counts, and shares 0..1; None where nothing was labelled."""
    pairs = [pair for frame in frames for pair in frame.people]
    found = [one for _, one in pairs if one is not None]
    false = sum(frame.false for frame in frames)
    return {
        "frames": len(frames),
        "people": len(pairs),
        "found": len(found),
        "found_by_face_alone": sum(one.seen_by == "face" for one in found),
        "recall": share(len(found), len(pairs)),
        "precision": share(len(found), len(found) + false),
        "false_per_frame": share(false, len(frames)),
        **_directions(frames),
        **_tracks(frames),
    }


def _directions(frames: Iterable[Matched]) -> dict[str, float | None]:
    """Of the people who were found and whose direction is labelled."""
    pairs = [
        (QUARTERS.index(person.facing), one.facing)
        for frame in frames
        for person, one in frame.people
        if person.facing is not None and one is not None
    ]
    off = [(round(yaw / 90) - quarter) % 4 for quarter, yaw in pairs if yaw is not None]
    return {
        "facing_known": share(len(off), len(pairs)),
        "facing_right": share(off.count(0), len(off)),
        "facing_opposite": share(off.count(2), len(off)),
    }


def _tracks(frames: Iterable[Matched]) -> dict[str, float | None]:
    """How often the number of a labelled person changed from one labelled frame to the next in which it was found."""
    last: dict[tuple[str, Any], int] = {}
    seen = switches = 0
    for frame in frames:
        for person, one in frame.people:
            if person.track is None or one is None or one.track is None:
                continue
            before = last.get((frame.label.clip, person.track))
            last[frame.label.clip, person.track] = one.track
            seen += before is not None
            switches += before is not None and before != one.track
    return {"track_pairs": seen, "track_switches": switches if seen else None}


def recall_rows(chain: Sequence[Matched], detector: Sequence[Matched] | None = None) -> list[dict[str, Any]]:
    """Recall of everybody, by what can be seen of the face, and by view.

    With a detector alone beside it: `saved`, whom only the chain found, and `lost`, whom only the detector found.
    """
    people = [(frame.label.view_name, pair) for frame in chain for pair in frame.people]
    alone = [pair[1] is not None for frame in detector for pair in frame.people] if detector is not None else None
    groups = {"all": range(len(people))} | {
        f"face: {name}": [place for place, (_, (label, _)) in enumerate(people) if label.face == face]
        for face, name in FACES.items()
    }
    for view in dict.fromkeys(frame.label.view_name for frame in chain):
        groups[f"view: {view}"] = [place for place, (name, _) in enumerate(people) if name == view]
    found = [one is not None for _, (_, one) in people]
    return [_row(name, list(places), found, alone) for name, places in groups.items() if places]


def _row(name: str, places: Sequence[int], found: Sequence[bool], alone: Sequence[bool] | None) -> dict[str, Any]:
    hits = sum(found[place] for place in places)
    row: dict[str, Any] = {"people": name, "labelled": len(places), "found": hits, "recall": share(hits, len(places))}
    if alone is not None:
        row |= {
            "detector": sum(alone[place] for place in places),
            "saved": sum(found[place] and not alone[place] for place in places),
            "lost": sum(alone[place] and not found[place] for place in places),
        }
    return row
