"""The peers: one module each, all with the same two functions.

``trainer(job)`` returns a function that trains an equal network anew whenever it is called, and returns the
cost of the last epoch (the mean of its batch costs, each before the update), which every peer records as it
goes. ``predictor(job)`` returns a function that predicts all rows ``job.work.calls`` times, and returns the
last prediction. What either does before it returns is not timed: peers may put their data where they like it,
and keep what they compiled.
"""

from importlib import import_module
from types import ModuleType

OURS = "chainrule"
OURS_ON_NUMPY = "chainrule-numpy"
LOOPING = (OURS, "jax")  # they make all steps of a training without a return to Python after each

MODULES = {
    OURS: "chainrule",
    OURS_ON_NUMPY: "chainrule_numpy",
    "numpy": "by_hand",
    "sklearn": "sklearn",
    "torch": "torch",
    "torch.compile": "torch_compiled",
    "jax": "jax",
    "keras": "keras",
}
TITLES = {
    OURS: "chainrule",
    OURS_ON_NUMPY: "its NumPy engine",
    "numpy": "NumPy by hand",
    "sklearn": "scikit-learn",
    "torch": "PyTorch eager",
    "torch.compile": "torch.compile",
    "jax": "JAX jit + scan",
    "keras": "Keras on JAX",
}


def load(name: str) -> ModuleType:
    """Return the module of a peer.

    Raises:
        ModuleNotFoundError: If the peer is not installed here.
    """
    return import_module(f"benchmarks.peers.{MODULES[name]}")


class CannotExpress(Exception):
    """A peer has no way to do this work."""
