"""The peers, each with the settings that it may be fastest at.

A module of a peer has two functions. ``trainer(job, **options)`` returns a function that trains an equal network anew
whenever it is called, and returns the cost of the last epoch (the mean of its batch costs, each before the update),
which every peer records as it goes. ``predictor(job, **options)`` returns a function that predicts all rows
``job.work.calls`` times, and returns the last prediction. What either does before it returns is not timed: peers may
put their data where they like it, and keep what they compiled.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType
from typing import Any

from benchmarks.networks import Perceptron
from benchmarks.work import Job


@dataclass(frozen=True)
class Setting:
    """One way to run a peer.

    Attributes:
        name: What a worker is asked for by.
        words: What the report calls it; "" for a peer that has one setting only.
        module: The module of this folder that does it.
        options: What its two functions are given besides the job.
        one_core: Whether its process is held on one core.
        environment: What its process finds set, besides what this one does.
        python: The interpreter of its process; "" for this one.
        fresh: Whether fresh processes run it too, as they do the first setting of a peer.
    """

    name: str
    words: str
    module: str
    options: Mapping[str, Any] = field(default_factory=dict)
    one_core: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    python: str = ""
    fresh: bool = False


@dataclass(frozen=True)
class Peer:
    """A library, or a way to do without.

    Attributes:
        title: What the tables call it.
        settings: What it is tried at; its time is that of the best. The first is the usual one.
        loops: Whether it makes all steps of a training without a return to Python after each.
    """

    title: str
    settings: tuple[Setting, ...]
    loops: bool = False


OURS, OURS_ON_NUMPY, JAX, TORCH, C = "chainrule", "chainrule-numpy", "jax", "torch", "c"


def _one(name: str, module: str) -> tuple[Setting, ...]:
    return (Setting(name, "", module),)


LAST = {"fused": True, "last": True}
PEERS = {
    OURS: Peer("chainrule", _one(OURS, "chainrule"), loops=True),
    OURS_ON_NUMPY: Peer("its NumPy engine", _one(OURS_ON_NUMPY, "chainrule_numpy")),
    "numpy": Peer("NumPy by hand", _one("numpy", "by_hand")),
    "sklearn": Peer("scikit-learn", _one("sklearn", "sklearn")),
    TORCH: Peer(
        "PyTorch",
        (
            Setting("torch", "eager", "torch"),
            Setting("torch-fused", "eager, fused", "torch", {"fused": True}),
            Setting("torch-fused-1", "eager, fused, 1 core", "torch", {"fused": True}, one_core=True),
            Setting("torch-last", "eager, fused, channels last", "torch", LAST),
            Setting("torch-last-1", "eager, fused, channels last, 1 core", "torch", LAST, one_core=True),
            Setting("torch-network", "network compiled", "torch", {"fused": True, "whole": True}),
            Setting("torch-step", "whole step compiled", "torch_compiled"),
            Setting("torch-step-1", "whole step compiled, 1 core", "torch_compiled", one_core=True),
            Setting("torch-step-last", "whole step compiled, channels last", "torch_compiled", {"last": True}),
            Setting("torch-steps-1", "8 steps compiled, 1 core", "torch_compiled", {"together": 8}, one_core=True),
        ),
    ),
    JAX: Peer(
        "JAX",
        (
            Setting("jax", "scan", "jax"),
            Setting("jax-1", "scan, 1 core", "jax", one_core=True),
            Setting("jax-gathered", "gathered", "jax", {"gathered": True}),
            Setting("jax-gathered-1", "gathered, 1 core", "jax", {"gathered": True}, one_core=True),
            Setting("jax-donated", "an epoch a call, donated", "jax", {"donated": True}),
            Setting("jax-step", "a step a call", "jax", {"alone": True}, fresh=True),
            Setting("jax-step-1", "a step a call, 1 core", "jax", {"alone": True}, one_core=True),
            Setting("jax-flat", "flat, 8 steps unrolled", "jax", {"flat": True, "unroll": 8}),
            Setting(
                "jax-flat-1", "flat, 8 steps unrolled, 1 core", "jax", {"flat": True, "unroll": 8}, one_core=True
            ),
        ),
        loops=True,
    ),
    "keras": Peer("Keras on JAX", _one("keras", "keras")),
    C: Peer("C, sizes known", _one(C, "c"), loops=True),
}  # fmt: skip

# How JAX ran loops before its "thunks"; from 0.7 on the flag is refused, or ignored.
BEFORE_THUNKS = {"XLA_FLAGS": "--xla_cpu_use_thunk_runtime=false"}


def with_older_jax(python: str) -> dict[str, Peer]:
    """Return the peers, and JAX as it was before its thunks among the settings of JAX.

    Args:
        python: The interpreter of a virtual environment with jax==0.6.2 and NumPy.
    """
    usual = PEERS[JAX]
    older = tuple(
        Setting(
            f"{s.name}-0.6", f"{s.words}, jax 0.6", s.module, s.options, s.one_core, BEFORE_THUNKS, python
        )
        for s in usual.settings
        if s.name in ("jax", "jax-1", "jax-gathered-1")
    )
    return PEERS | {JAX: Peer(usual.title, (*usual.settings, *older), usual.loops)}


def load(module: str) -> ModuleType:
    """Return a module of this folder.

    Raises:
        ModuleNotFoundError: If what it needs is not installed here.
    """
    return import_module(f"benchmarks.peers.{module}")


class CannotExpress(Exception):
    """A peer, or a setting of it, has no way to do this work, or none of its own."""


def perceptron(job: Job) -> Perceptron:
    """Return the network of a job, for a peer that has dense layers only.

    Raises:
        CannotExpress: If there are others.
    """
    if not isinstance(job.work.network, Perceptron):
        raise CannotExpress("it has dense layers only")
    return job.work.network
