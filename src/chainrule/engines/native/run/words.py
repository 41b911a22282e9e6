"""Random words from machine code: those of :mod:`chainrule.random`, ten times as fast as by NumPy's functions."""

import ctypes
from functools import cache
from typing import Any

import numpy as np

from chainrule.engines.native.code.ir import Module
from chainrule.engines.native.code.random import WORDS_PARAMETERS, write_words
from chainrule.engines.native.machine import Machine
from chainrule.engines.native.run import build
from chainrule.engines.native.run.once import making
from chainrule.random import Key

NAME = "chainrule_words"


def words_within(key: Key, numbers: np.ndarray, first: int, count: int) -> np.ndarray:
    """Return what the function of the same name in :mod:`chainrule.random` does."""
    draw, beyond = _written(build.host())
    numbers = np.ascontiguousarray(numbers, np.int64)
    streams = len(numbers)
    found = np.empty(streams * count + beyond, np.uint64)
    draw(found.ctypes.data, *key, numbers.ctypes.data, streams, first, count)
    return found[: streams * count].reshape(streams, count)


@cache
def _written(machine: Machine) -> tuple[Any, int]:
    """Return the function, and how many words it may write behind the last."""
    with making():
        module = Module(machine)
        beyond = write_words(module, NAME)
        kinds = [ctypes.c_void_p if t.kind == "ptr" else ctypes.c_int64 for _, t in WORDS_PARAMETERS]
        return build.library(module.text(), machine, [NAME]).function(NAME, *kinds), beyond
