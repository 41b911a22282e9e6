"""Passengers of airlines by month, and what is foretold of the next year: by the year before, by Theta, by a network.

airline_passengers/airline-passengers.csv in the folder of the data sets is the table of jbrownlee/Datasets on GitHub.
"""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SEASON = 12  # months, which are foretold as well
ORIGINS = range(96, 133, 3)  # months that are known when a forecast is made
SMOOTHING = np.linspace(0.05, 1, 20)

Forecast = Callable[[np.ndarray], np.ndarray]
"""All months so far, (n,) -> the next SEASON."""


def passengers(folder: Path) -> np.ndarray:
    """Return thousands of passengers in each of 144 months, (144,)."""
    path = folder / "airline_passengers" / "airline-passengers.csv"
    with open(path, encoding="utf-8", newline="") as file:
        return np.array([float(line["Passengers"]) for line in csv.DictReader(file)])


def last_year(y: np.ndarray) -> np.ndarray:
    """Foretell each month what it was a year before: the seasonal naive forecast."""
    return y[-SEASON:]


def theta(y: np.ndarray) -> np.ndarray:
    """Foretell by Theta (Assimakopoulos & Nikolopoulos 2000), as Hyndman & Billah (2003) simplify it.

    That is exponential smoothing with half the slope of a straight line added, after each month was divided by its
    share of a year.
    """
    share = shares(y)
    even = y / share[np.arange(len(y)) % SEASON]
    slope, _ = np.polyfit(np.arange(len(even)), even, 1)
    weight, level = min((smoothed(even, a) for a in SMOOTHING), key=lambda found: found[2])[:2]
    ahead = np.arange(SEASON)
    line = level + slope / 2 * (ahead + (1 - (1 - weight) ** len(even)) / weight)
    return line * share[(len(y) + ahead) % SEASON]


def shares(y: np.ndarray) -> np.ndarray:
    """Return how many times the mean of a year around it each month of the year is."""
    around = np.convolve(y, np.r_[0.5, np.ones(SEASON - 1), 0.5] / SEASON, "valid")
    first = (len(y) - len(around)) // 2
    ratio, month = y[first : first + len(around)] / around, np.arange(first, first + len(around)) % SEASON
    found = np.array([ratio[month == k].mean() for k in range(SEASON)])
    return found / found.mean()


def smoothed(y: np.ndarray, weight: float) -> tuple[float, float, float]:
    """Return the weight, the last level of exponential smoothing, and the squares of what was foretold wrong."""
    level, wrong = y[0], 0.0
    for value in y[1:]:
        wrong += (value - level) ** 2
        level += weight * (value - level)
    return weight, level, wrong


@dataclass(frozen=True)
class Scores:
    """How far forecasts were off.

    Attributes:
        scaled: The mean absolute error, over that of the seasonal naive forecast on all that was known (Hyndman &
            Koehler 2006).
        first: The same of the first month alone.
        percent: The symmetric mean absolute percentage error.
    """

    scaled: float
    first: float
    percent: float


def rolling(y: np.ndarray, forecast: Forecast) -> Scores:
    """Return the scores of a forecast, made anew at each origin from what was known then, and from nothing else."""
    wrong, percent = [], []
    for origin in ORIGINS:
        known, came = y[:origin], y[origin : origin + SEASON]
        foretold = forecast(known.copy())
        wrong.append(np.abs(came - foretold) / np.abs(known[SEASON:] - known[:-SEASON]).mean())
        percent.append(200 * np.abs(came - foretold) / (came + np.abs(foretold)))
    return Scores(float(np.mean(wrong)), float(np.mean([w[0] for w in wrong])), float(np.mean(percent)))
