"""Networks that are alike up to their numbers: they have one graph until somebody looks at it, and draw when asked."""

import math
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.graph.evaluate import Arrays
from chainrule.nn.alike import common_chain_of
from chainrule.nn.layers.base import Layer
from chainrule.nn.reading import initial_values
from chainrule.recent import Recent
from chainrule.train.programs import Programs

MOST_FIRST_BYTES = 2**16  # of first values that the next network of the same seed may have, as in a search
ASKED = "CHAINRULE_CHECK", "CHAINRULE_SHARE"  # of code, as in Engine.mode: other code is not shared
_common: Recent[Programs] = Recent(32)
_first: Recent[Arrays] = Recent(16)


def programs_of(layers: Sequence[Layer], shape: Any, dtype: str, engine: str, seed: int) -> Programs:
    """Return a network of layers one after the other, for examples of ``shape``, with its first values.

    Raises:
        ShapeError: If a layer does not fit what comes before it.
        DataError: If there is no memory for its values.
    """
    of_all = common_programs(layers, shape, dtype)
    if of_all.common:
        return beside(of_all, engine, seed)
    values = initial_values(of_all.architecture, seed)
    found = Programs(of_all.architecture, engine, seed)
    found.values.set_named(values)
    return found


def common_programs(layers: Sequence[Layer], shape: Any, dtype: str) -> Programs:
    """Return what networks of such layers have in common; of one that has nothing in common with others, itself."""
    architecture, common = common_chain_of(layers, shape, dtype)
    if not common:
        return Programs(architecture, "auto", 0)
    key = (architecture.structure, *map(os.environ.get, ASKED))
    return _common.get(key, lambda: Programs(architecture, "auto", 0, common=True))


def beside(of_all: Programs, engine: str, seed: int) -> Programs:
    """Return a network of the same common graph, which draws its first values once they are asked for."""
    architecture = of_all.architecture

    def draw() -> Arrays:
        return [np.array(value) for value in initial_values(architecture, seed).values()]

    def first() -> Arrays:
        every = (*architecture.parameters.values(), *architecture.statistics.values())
        if sum(math.prod(w.shape) * w.dtype.itemsize for w in every) > MOST_FIRST_BYTES:
            return draw()
        return list(_first.get((architecture.structure, seed), draw))

    return of_all.beside(engine, seed, first)
