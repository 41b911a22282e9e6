"""Event files, as TensorBoard reads them: records with checksums (TFRecord), each an ``Event`` of protocol buffers.

Fields and their numbers are those of TensorFlow's ``event.proto``, ``summary.proto`` and ``tensor.proto``, and of
TensorBoard's ``layout.proto``.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

__all__ = ["begins", "layout", "record", "scalars", "spread", "version"]

VERSION = "brain.Event:2"
START = 1  # a session's status: what was told before, of the same steps, counts no longer
DT_STRING = 7
CASTAGNOLI = 0x82F63B78  # the polynomial of CRC-32C (RFC 3720), bits reversed
BUCKETS = 30
LAYOUT = "custom_scalars__config__"


def record(event: bytes) -> bytes:
    """Return an event as a record: its length and its bytes, each followed by its checksum.

    >>> record(b"").hex()
    '000000000000000029039807d8ea82a2'
    """
    length = struct.pack("<Q", len(event))
    return length + _checksum(length) + event + _checksum(event)


def _checksum(data: bytes) -> bytes:
    crc = crc32c(data)
    rotated = (crc >> 15 | crc << 17) & 0xFFFFFFFF
    return struct.pack("<I", (rotated + 0xA282EAD8) & 0xFFFFFFFF)


def crc32c(data: bytes) -> int:
    """Return the cyclic redundancy check of Castagnoli.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    table, crc = _table(), 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


@cache
def _table() -> tuple[int, ...]:
    def of(byte: int) -> int:
        for _ in range(8):
            byte = byte >> 1 ^ (CASTAGNOLI if byte & 1 else 0)
        return byte

    return tuple(map(of, range(256)))


# --- events -----------------------------------------------------------------------------------------------


def version(when: float) -> bytes:
    """Return the event that each file begins with."""
    return _double(1, when) + _text(3, VERSION)


def begins(when: float) -> bytes:
    """Return an event that says that a training begins: what the folder held before is shown no longer."""
    return _double(1, when) + _whole(2, 0) + _bytes(7, _whole(1, START))


def scalars(when: float, step: int, numbers: Mapping[str, float]) -> bytes:
    """Return an event of one number for each name."""
    with np.errstate(over="ignore"):  # a float has 32 bits in it: what is larger is infinite
        values = [_text(1, name) + _float(2, float(np.float32(x))) for name, x in numbers.items()]
    return _summary(when, step, values)


def spread(when: float, step: int, arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return an event of a histogram for each array, of its numbers that are finite."""
    found = {name: np.asarray(x, np.float64).ravel() for name, x in arrays.items()}
    finite = {name: x[np.isfinite(x)] for name, x in found.items()}
    return _summary(
        when, step, [_text(1, name) + _bytes(5, _histogram(x)) for name, x in finite.items() if x.size]
    )


def layout(when: float, charts: Mapping[str, Sequence[str]]) -> bytes:
    """Return an event by which the tab "Custom scalars" has charts of several curves, by their titles."""
    told = [
        _text(1, title) + _bytes(2, b"".join(_text(1, tag) for tag in tags)) for title, tags in charts.items()
    ]
    category = _text(1, "chainrule") + b"".join(_bytes(2, chart) for chart in told)
    tensor = _whole(1, DT_STRING) + _bytes(2, b"") + _bytes(8, _bytes(2, category))
    plugin = _bytes(1, _text(1, "custom_scalars"))
    return _summary(when, 0, [_text(1, LAYOUT) + _bytes(8, tensor) + _bytes(9, plugin)])


def _summary(when: float, step: int, values: Iterable[bytes]) -> bytes:
    return _double(1, when) + _whole(2, step) + _bytes(5, b"".join(_bytes(1, value) for value in values))


def _histogram(x: np.ndarray) -> bytes:
    low, high = float(x.min()), float(x.max())
    if low == high:  # as wide as floats can tell apart at least
        edges = np.array([np.nextafter(low, -np.inf), high])
        counts = np.array([x.size])
    else:
        counts, edges = np.histogram(x, BUCKETS, (low, high))
    sums = (
        _double(1, low)
        + _double(2, high)
        + _double(3, x.size)
        + _double(4, x.sum())
        + _double(5, (x * x).sum())
    )
    # the limit of a bucket is where it ends, so an empty one stands before the first
    return sums + _doubles(6, edges) + _doubles(7, np.array([0, *counts], np.float64))


# --- protocol buffers -------------------------------------------------------------------------------------


def _varint(value: int) -> bytes:
    """Return a whole number of at least 0, seven bits in a byte, the lowest first.

    >>> _varint(300).hex()
    'ac02'
    """
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def _whole(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _double(number: int, value: Any) -> bytes:
    return _varint(number << 3 | 1) + struct.pack("<d", value)


def _float(number: int, value: float) -> bytes:
    return _varint(number << 3 | 5) + struct.pack("<f", value)


def _bytes(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _text(number: int, value: str) -> bytes:
    return _bytes(number, value.encode("utf-8", "replace"))


def _doubles(number: int, values: np.ndarray) -> bytes:
    return _bytes(number, np.asarray(values, "<f8").tobytes())
