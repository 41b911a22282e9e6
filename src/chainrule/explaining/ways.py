"""The way from a baseline to rows: what stands at both its ends, and whether attributions add up to what is between."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from chainrule.explaining.sensing import Sensing
from chainrule.graph.evaluate import Arrays

ROUNDED = 1e-6  # of an output in float32: what rounding alone may add up to


@dataclass(frozen=True, eq=False)
class Way:
    """The straight way from a baseline to each row.

    Attributes:
        sensed: The rows.
        here: What stands at each place for the rows themselves.
        start: What stands there for the baseline.
    """

    sensed: Sensing
    here: Arrays
    start: Arrays

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self.sensed.looked.rows

    @property
    def size(self) -> int:
        """How many numbers a point on the way has."""
        return max(1, sum(prod(x.shape[1:]) for x in self.here))

    @cached_property
    def ends(self) -> tuple[np.ndarray, np.ndarray]:
        """The explained output of each row, and of the baseline."""
        every = np.arange(self.rows)
        return self.sensed.at(self.here, every)[0], self.sensed.at(self.start, every)[0]

    def moving(self, each: Arrays) -> Arrays:
        """Return what stands at the places that can move by a little."""
        return [x for p, x in zip(self.sensed.outcome.places, each, strict=True) if p.moves]

    def times_distance(self, slopes: Arrays) -> dict[str, np.ndarray]:
        """Return for each input slopes times how far the row is from the baseline, in the owner's units.

        What the numbers of a word do is added up; so is what an input does in several places.
        """
        scale, found = self.sensed.looked.scale, dict[str, np.ndarray]()
        places, here, start = self.sensed.outcome.moving, self.moving(self.here), self.moving(self.start)
        for place, x, b, slope in zip(places, here, start, slopes, strict=True):
            each = slope * (x.astype(np.float64) - b)
            each = each.sum(axis=-1) if place.embedded else each
            each = each * scale.reshape(-1, *[1] * (each.ndim - 1))
            found[place.name] = found[place.name] + each if place.name in found else each
        return found

    def rise(self, slopes: Arrays, rows: np.ndarray) -> np.ndarray:
        """Return how much slopes at points of the ways of rows promise for the whole way, in the owner's units."""
        here, start = self.moving(self.here), self.moving(self.start)
        total = np.zeros(len(rows))
        for x, b, slope in zip(here, start, slopes, strict=True):
            each = slope * (x[rows].astype(np.float64) - b[rows])
            total += each.reshape(len(rows), -1).sum(axis=1)
        return total * self.sensed.looked.scale[rows]

    def sums(self, parts: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return what the attributions of each row add up to."""
        found: np.ndarray = np.sum(
            [each.reshape(self.rows, -1).sum(axis=1) for each in parts.values()], axis=0
        )
        return found

    def adds_up(self, parts: Mapping[str, np.ndarray], tolerance: float) -> np.ndarray:
        """Say for each row whether its attributions add up to what is between the two ends of its way."""
        sizes = self.sums({name: np.abs(each) for name, each in parts.items()})
        rounded = ROUNDED * (np.abs(self.ends[0]) + np.abs(self.ends[1]))
        found: np.ndarray = (
            np.abs(self.sums(parts) - (self.ends[0] - self.ends[1])) <= tolerance * sizes + rounded
        )
        return found
