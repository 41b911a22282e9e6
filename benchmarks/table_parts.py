"""The default for tables with a part of it left out: what each part brings."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd

from benchmarks.table_peers import ours
from benchmarks.table_scores import Predictions
from benchmarks.table_sets import TableSet

Part = tuple[str, Any]  # what stands in the models of tables, and what stands there instead


def quantiles(X: np.ndarray, bins: int) -> tuple[tuple[float, ...], ...]:
    """Return edges by quantiles alone: a value that many rows have gets none of its own."""
    found = (np.unique(np.quantile(x.astype(float), np.linspace(0, 1, bins + 1))) for x in X.T)
    return tuple(tuple(edges.tolist()) if len(edges) > 2 else () for edges in found)


def without(
    parts: list[Part], found: TableSet, train: pd.DataFrame, test: pd.DataFrame, seed: int
) -> Predictions:
    """Return what the library predicts where parts of its recipe are others."""
    with ExitStack() as replaced:
        for place, instead in parts:
            replaced.enter_context(patch(f"chainrule.models.{place}", instead))
        return ours(found, train, test, seed)


def networks_alone(*given: Any, **named: Any) -> float:
    """Return the share of networks where no linear model decides with them."""
    return 1.0


LESS: dict[str, Callable[..., Predictions]] = {
    "by_hand": partial(ours, recipe=False),
    "one_network": partial(ours, members=1),
    "four_networks": partial(ours, members=4),
    "no_bins": partial(ours, recipe=True, bins=0),
    "no_ties": partial(without, [("suited.bin_edges", quantiles)]),
    "no_linear": partial(without, [("members.share_of_networks", networks_alone)]),
    "no_guard": partial(without, [("recipe.SURE", 1e-9)]),
    "own_epochs": partial(without, [("out_of_fold.FEW", 0)]),
    "best_threshold": partial(ours, threshold="best"),
}
"""By name, for ``--models``: a network made by hand, fewer networks, the recipe without a part, a choice."""
