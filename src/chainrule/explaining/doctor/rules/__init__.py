"""What is suspected of a training: one subject a file, each with ``suspicions(case)``."""

from chainrule.explaining.doctor.rules import beginnings, inputs, rates
from chainrule.explaining.doctor.suspicions import Rule

RULES: tuple[Rule, ...] = (
    inputs.suspicions,
    beginnings.suspicions,
    rates.suspicions,
)
