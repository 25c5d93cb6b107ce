"""How well the incidents that were reported agree with those that happened."""

from collections.abc import Sequence
from dataclasses import dataclass

EARLY = 2  # frames before an incident in which an alert for it may come: truth is read by eye
GRACE = 1.5  # seconds after an incident in which its shadows and reflections may still be reported


@dataclass(frozen=True)
class Truth:
    """What happened in one video."""

    name: str
    fps: float
    incidents: tuple[tuple[int, int], ...]  # first and last frame of each, 0-based, inclusive
    grace: int | None = None  # frames

    @property
    def grace_frames(self) -> int:
        """Frames after an incident in which an alert is not false."""
        return self.grace if self.grace is not None else round(GRACE * self.fps)


@dataclass(frozen=True)
class Alert:
    """One reported incident, in frames."""

    told: int  # when it was reported
    start: int
    end: int


@dataclass(frozen=True)
class Score:
    """The metrics of one video, or of several together."""

    name: str
    frames: int
    seconds: float
    incidents: int
    false: int
    delays: tuple[int, ...]  # frames from the start of each incident that was found to its first alert
    true_frames: int
    covered_frames: int  # of the true frames
    extra_frames: int  # recorded outside of them

    @property
    def found(self) -> int:
        """Incidents in which an alert came."""
        return len(self.delays)

    @property
    def false_per_hour(self) -> float:
        """False alerts per hour of video."""
        return self.false / self.seconds * 3600 if self.seconds else 0.0

    @property
    def covered(self) -> float | None:
        """Share of the true frames that lie in a reported incident."""
        return self.covered_frames / self.true_frames if self.true_frames else None

    @property
    def extra(self) -> float | None:
        """Frames in reported incidents but outside of true ones, as a share of the true frames."""
        return self.extra_frames / self.true_frames if self.true_frames else None


def score(truth: Truth, alerts: Sequence[Alert], frames: int) -> Score:
    """An incident is found if an alert comes in it; an alert outside of all, and of their grace, is false."""
    delays: dict[int, int] = {}
    false = 0
    for alert in alerts:
        place = _incident_at(truth, alert.told)
        if place is None:
            false += 1
        elif alert.told <= truth.incidents[place][1]:
            delays.setdefault(place, alert.told - truth.incidents[place][0])
    happened = {frame for first, last in truth.incidents for frame in range(first, last + 1)}
    recorded = {frame for alert in alerts for frame in range(alert.start, alert.end + 1)}
    return Score(
        name=truth.name,
        frames=frames,
        seconds=frames / truth.fps,
        incidents=len(truth.incidents),
        false=false,
        delays=tuple(delays.values()),
        true_frames=len(happened),
        covered_frames=len(happened & recorded),
        extra_frames=len(recorded - happened),
    )


def total(scores: Sequence[Score]) -> Score:
    """All videos as one."""
    return Score(
        name="all",
        frames=sum(score.frames for score in scores),
        seconds=sum(score.seconds for score in scores),
        incidents=sum(score.incidents for score in scores),
        false=sum(score.false for score in scores),
        delays=tuple(delay for score in scores for delay in score.delays),
        true_frames=sum(score.true_frames for score in scores),
        covered_frames=sum(score.covered_frames for score in scores),
        extra_frames=sum(score.extra_frames for score in scores),
    )


def _incident_at(truth: Truth, frame: int) -> int | None:
    for place, (first, last) in enumerate(truth.incidents):
        if first - EARLY <= frame <= last + truth.grace_frames:
            return place
    return None
