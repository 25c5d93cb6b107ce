"""Sets `frame.motion`, so that other steps can rest while nothing moves (`when: motion`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from vidframe import Frame, hookimpl

if TYPE_CHECKING:
    from vidframe_faces.change import Cells


class Motion:
    """Says how much of the picture changed since the last frame.

    The picture is compared in cells of 1/80 of its width; the share of the changed ones is `frame.motion`, 0 for
    fewer than `min_share` of them.
    """

    needs = ()
    adds = ("motion",)

    def __init__(
        self,
        *,
        threshold: Annotated[
            float, Field(gt=0, le=255, description="Change of a cell's mean luma, 0 to 255, from which it counts")
        ] = 8,
        min_share: Annotated[
            float, Field(ge=0, le=1, description="Share of the picture below which a change is no motion")
        ] = 0.001,
    ) -> None:
        self.threshold = threshold
        self.min_share = min_share
        self._last: Cells | None = None

    @hookimpl
    def open_camera(self) -> None:
        self._last = None

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        from vidframe_faces.change import GRAY_WIDTH, cells_of, changed_cells

        cells = cells_of(frame.scaled_gray(GRAY_WIDTH))
        if self._last is None or self._last.shape != cells.shape:
            share = 1.0  # nothing is known of what was before
        else:
            share = float(changed_cells(self._last, cells, self.threshold).mean())
        frame.motion = share if share >= self.min_share else 0.0
        self._last = cells
