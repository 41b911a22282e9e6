"""What is suspected of a training: one subject a file, each with ``suspicions(case)``."""

from chainrule.explaining.doctor.rules import (
    answers,
    constants,
    copies,
    depth,
    derivatives,
    ends,
    fillers,
    leaks,
    losses,
    noise,
    numbered,
    power,
    rates,
    scales,
    shifts,
    starts,
    units,
)
from chainrule.explaining.doctor.suspicions import Rule

RULES: tuple[Rule, ...] = (
    answers.suspicions,
    copies.suspicions,
    leaks.suspicions,
    numbered.suspicions,
    constants.suspicions,
    fillers.suspicions,
    scales.suspicions,
    shifts.suspicions,
    noise.suspicions,
    rates.suspicions,
    starts.suspicions,
    units.suspicions,
    depth.suspicions,
    power.suspicions,
    ends.suspicions,
    losses.suspicions,
    derivatives.suspicions,
)
