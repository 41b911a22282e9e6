"""What is suspected of a training: one subject a file, each with ``suspicions(case)``."""

from chainrule.explaining.doctor.rules import (
    depth,
    derivatives,
    ends,
    inputs,
    losses,
    power,
    rates,
    starts,
    units,
)
from chainrule.explaining.doctor.suspicions import Rule

RULES: tuple[Rule, ...] = (
    inputs.suspicions,
    rates.suspicions,
    starts.suspicions,
    units.suspicions,
    depth.suspicions,
    power.suspicions,
    ends.suspicions,
    losses.suspicions,
    derivatives.suspicions,
)
