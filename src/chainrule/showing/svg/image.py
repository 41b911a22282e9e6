"""A matrix of colours as a PNG that stands inside of an SVG: a byte or less for each number."""

import base64
import struct
import zlib

import numpy as np


def png(colours: np.ndarray) -> bytes:
    """Return the PNG of bytes of shape (rows, columns, 3 or 4).

    >>> png(np.zeros((2, 3, 3), np.uint8))[:4]
    b'\\x89PNG'
    """
    height, width, channels = colours.shape
    kind = {3: 2, 4: 6}[channels]  # of PNG's kinds: true colour, without and with transparency
    rows = np.hstack(
        [np.zeros((height, 1), np.uint8), colours.reshape(height, -1)]
    )  # each begins with its filter
    head = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b"")]
    packed = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def address(colours: np.ndarray) -> str:
    """Return an address that holds the picture itself."""
    return "data:image/png;base64," + base64.b64encode(png(colours)).decode("ascii")
