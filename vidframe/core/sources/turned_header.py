"""The matrix in the header of an MP4 file by which a player turns its pictures."""

from __future__ import annotations

import struct

_MATRIX = {0: 44, 1: 56}  # version of a track header box -> bytes from its type to its matrix (ISO/IEC 14496-12, 8.3.2)
_TURNS = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}  # clockwise degrees -> cosine and sine


def turned_header(header: bytes, clockwise: int) -> bytes:
    """An MP4 file whose first track is shown turned by so many degrees (of 0, 90, 180, 270), after its own turn.

    What is no MP4 file is returned as it is.
    """
    box = header.find(b"tkhd")
    start = box + _MATRIX.get(header[box + 4], 0) if box >= 0 else box
    if start <= box or not clockwise:
        return header
    cosine, sine = _TURNS[clockwise]
    a, b, u, c, d, v = struct.unpack_from(">6i", header, start)
    turned = (a * cosine - b * sine, a * sine + b * cosine, u, c * cosine - d * sine, c * sine + d * cosine, v)
    return header[:start] + struct.pack(">6i", *turned) + header[start + 24 :]
