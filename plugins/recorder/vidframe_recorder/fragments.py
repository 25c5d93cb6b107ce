"""The boxes of a fragmented MP4 file that was cut off."""

from pathlib import Path
from typing import BinaryIO


def cut_to_whole(path: Path) -> None:
    """Cuts the file after its last whole fragment."""
    with path.open("r+b") as file:
        file.truncate(whole_length(file))


def whole_length(file: BinaryIO) -> int:
    """Bytes up to the end of the last whole fragment (a `moof` box and its `mdat`) of a fragmented MP4.

    A box begins with its length, four bytes, and its type, four letters (ISO/IEC 14496-12, 4.2).
    """
    end = file.seek(0, 2)
    place = whole = 0
    while place + 8 <= end:
        file.seek(place)
        length, kind = int.from_bytes(file.read(4), "big"), file.read(4)
        if length == 1:  # the length follows in eight bytes
            length = int.from_bytes(file.read(8), "big")
        if length < 8 or place + length > end:
            break
        place += length
        if kind != b"moof":
            whole = place
    return whole
