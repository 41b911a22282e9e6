"""What a network takes of the machine's memory: too much is refused, before the system ends the process unasked."""

from collections.abc import Sequence

from chainrule.errors import OutOfMemoryError
from chainrule.nn.layers.base import MEMORY

# What is held at a time, measured with both engines, and a little less: a network that may just fit is tried.
DRAWING = 4.0  # times the largest array of weights, which is drawn in float64
TRAINING, OF_SLOTS = (
    7.0,
    4.0,
)  # times the weights, and what an optimizer keeps: before a step, after it, of the best


def check_drawn(sizes: Sequence[int]) -> None:
    """Raise if weights that take so many bytes, array by array, cannot be drawn in this machine's memory."""
    _check(sum(sizes) + DRAWING * max(sizes, default=0), "Drawing the weights of", sum(sizes))


def check_trained(weights: int, slots: int) -> None:
    """Raise if there is no memory to train a network: bytes of its weights, and of what an optimizer keeps of them.

    >>> check_trained(10**15, 0)
    Traceback (most recent call last):
        ...
    chainrule.errors.OutOfMemoryError: Training this network takes about 7,000,000.0 GB of memory, ...
    """
    _check(TRAINING * weights + OF_SLOTS * slots, "Training", weights)


def _check(bytes: float, doing: str, weights: int) -> None:
    if bytes < MEMORY / 8:  # nearly always
        return
    free = min(MEMORY, _free())
    if bytes > free:
        raise OutOfMemoryError(
            f"{doing} this network takes about {bytes / 1e9:,.1f} GB of memory, for {weights / 1e9:,.1f} GB of "
            f"weights, and this machine has {free / 1e9:,.1f} GB free.\nTake fewer units or layers."
        )


def _free() -> int:
    """Return how many bytes of memory nobody needs; where the system does not say, all that there is."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            found = dict(line.split(":") for line in file)
        return 1024 * sum(int(found[name].split()[0]) for name in ("MemAvailable", "SwapFree"))
    except (OSError, ValueError, KeyError):
        return MEMORY
