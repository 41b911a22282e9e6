"""The CPU at hand, and others whose code runs on it too."""

import dataclasses

import pytest

from chainrule.engines.native.run.build import host

CPUS = {
    "here": {},
    "32 bytes, 16 registers": {"vector_bytes": 32, "registers": 16, "has_masks": False},
    "16 bytes, 32 registers": {"vector_bytes": 16, "registers": 32, "has_masks": False},
    "16 bytes, 16 registers, no fma": {
        "vector_bytes": 16,
        "registers": 16,
        "has_masks": False,
        "has_fma": False,
    },
}
POOREST = "16 bytes, 16 registers, no fma"

on_every_cpu = pytest.mark.parametrize("cpu", CPUS)


def machine_of(cpu):
    return dataclasses.replace(host(), **CPUS[cpu])
