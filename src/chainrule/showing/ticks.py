"""Ticks: round numbers along an axis, as many as there is room for, and how they are written."""

import math

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
Ticks = list[tuple[float, str]]
TINY = 1e-300


def linear(low: float, high: float, most: int, whole: bool = False) -> Ticks:
    """Return at most so many round numbers between two, 1, 2 or 5 times a power of ten apart.

    Args:
        low: Where the axis begins.
        high: Where it ends.
        most: How many ticks there is room for.
        whole: Whether what it counts is never half.

    >>> linear(0.0, 1.0, 6)
    [(0.0, '0'), (0.2, '0.2'), (0.4, '0.4'), (0.6, '0.6'), (0.8, '0.8'), (1.0, '1')]
    >>> linear(0, 24_000, 4)
    [(0.0, '0'), (10000.0, '10,000'), (20000.0, '20,000')]
    """
    span = high - low
    if not TINY < span < 1 / TINY:  # finer or wider than floats are
        return [(low, written(low, abs(low) or 1.0))] + [(high, written(high, abs(high)))] * (span > TINY)
    power = math.floor(math.log10(span / max(most, 1)))
    steps = [m * 10.0 ** (power + e) for e in (0, 1, 2) for m in (1, 2, 5)]
    step = next(s for s in steps if len(_multiples(s, low, high)) <= max(most, 2))
    step = max(step, 1.0) if whole else step
    return [(float(f"{i * step:.12g}"), written(i * step, step)) for i in _multiples(step, low, high)]


def _multiples(step: float, low: float, high: float) -> range:
    return range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)


def written(value: float, step: float) -> str:
    """Write a number to the digits that a step has.

    >>> written(0.30000000000000004, 0.1), written(2e6, 1e6), written(-3e-7, 1e-7)
    ('0.3', '2·10⁶', '−3·10⁻⁷')
    """
    if abs(value) < max(step * 1e-6, TINY):
        return "0"
    if abs(value) >= 1e6 or (abs(value) < 1e-4 and step < 1e-4):
        power = math.floor(math.log10(abs(value)) + 1e-9)
        digits = max(0, power - math.floor(math.log10(step) + 1e-9))
        head = f"{value / 10.0**power:.{digits}f}"
        return f"{head}·10{str(power).translate(SUPERSCRIPTS)}".replace("-", "−")
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    text = f"{value:,.{digits}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", "−")


def log(low: float, high: float, most: int) -> Ticks:
    """Return powers of ten between two numbers, or what lies between them where there are few.

    >>> log(0.001, 1000.0, 4)
    [(0.001, '0.001'), (0.1, '0.1'), (10.0, '10'), (1000.0, '1,000')]
    >>> log(1.0, 8.0, 5)
    [(1.0, '1'), (2.0, '2'), (5.0, '5')]
    """
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    if last - first >= 2 or (last - first == 1 and most < 4):
        stride = max(1, math.ceil((last - first + 1) / max(most, 2)))
        return [(10.0**p, power_of_ten(p)) for p in range(first, last + 1, stride)]
    between = [m * 10.0**p for p in range(first - 1, last + 2) for m in (1, 2, 5)]
    inside = [v for v in between if low * (1 - 1e-9) <= v <= high * (1 + 1e-9)]
    return [(v, written(v, v)) for v in inside] if len(inside) >= 2 else linear(low, high, most)


def power_of_ten(power: int) -> str:
    """Write a power of ten.

    >>> power_of_ten(-2), power_of_ten(7)
    ('0.01', '10⁷')
    """
    if -4 <= power <= 5:
        return f"{10**power:,}" if power >= 0 else f"{10.0**power:.{-power}f}"
    return f"10{str(power).translate(SUPERSCRIPTS)}"
