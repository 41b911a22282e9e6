"""How much work a training is, counted and not timed: so the same run gets the same verdict on every machine."""

from math import prod

from chainrule.graph.shapes import Extent
from chainrule.nn.architecture import Architecture
from chainrule.nn.summary import rows

# In billionths of a second of a laptop, about.
PRODUCT, OUTPUT = 0.15, 2.0  # a multiply-add forward and back; a number that a layer puts out
STEP, NEAR, FAR = (
    4e3,
    0.2,
    4.0,
)  # a step, each parameter that it moves, and each where they fill more than a cache
CACHE = 300_000  # parameters
COMPILING, LAYER = 5e7, 3e7  # what is drawn and compiled anew: a network, and each of its layers
BUDGET = 4e9  # for all that is tried, about four seconds
OPEN = 20  # steps of a sequence where their number is open


def outputs_of(architecture: Architecture) -> int:
    """Return how many numbers all layers put out for one example."""
    shapes = [(row.shape or ())[1:] for row in rows(architecture)]
    return max(1, sum(prod(OPEN if isinstance(e, Extent) else e for e in shape) for shape in shapes))


def of_step(architecture: Architecture) -> float:
    """Return what a step takes, however many examples it learns from."""
    count = sum(prod(w.shape) for w in architecture.parameters.values())
    return STEP + NEAR * count + FAR * max(0, count - CACHE)


def of_example(architecture: Architecture) -> float:
    """Return what it takes to learn from one example, once."""
    total = 0.0
    for row in rows(architecture):
        shape = [OPEN if isinstance(e, Extent) else e for e in (row.shape or ())[1:]]
        products = row.products if row.products is not None else OPEN * (row.parameters or 0)
        total += PRODUCT * products + OUTPUT * prod(shape)
    return total


def of_training(example: float, step: float, rows: int, batch: int, epochs: int) -> float:
    """Return what a training takes.

    Args:
        example: What one example takes.
        step: What a step takes besides.
        rows: How many it learns from.
        batch: Examples a step.
        epochs: How often it sees all.
    """
    return epochs * (rows * example + -(-rows // max(batch, 1)) * step)


def of_compiling(architecture: Architecture) -> float:
    """Return what it takes to compile a network's training."""
    return COMPILING + LAYER * len(architecture.calls)
