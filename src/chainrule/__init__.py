"""chainrule: neural networks you can see through, and the fastest ones on your laptop.

    import chainrule as cr

A network is a computation graph, and everything is one more way of reading that graph. The names below are the
whole public interface; each is loaded when it is first used, so that importing the package costs nothing.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from chainrule.doors import DOORS as _DOORS

__version__ = "0.2.0"

# What is public: these names,
_HOMES = {
    "graph.node": ["Node", "constant", "input", "variable"],
    "graph.trace": ["Trace", "trace"],
    "graph.primitives.primitive": ["Primitive"],
    "graph.table": ["primitive"],
    "transform.backprop": ["Gradient", "grad"],
    "transform.simplify": ["simplify"],
    "transform.check": ["GradientReport", "check_gradients"],
    "graph.functions": ["logsumexp", "one_hot", "stop_gradient"],
    "engines.function": ["compile"],
    "engines.registry": ["ENGINES"],
    "train.network": ["Network"],
    "train.parameters": ["Parameters"],
    "models.table": ["TableModel"],
    "models.loading": ["load"],
    "train.history": ["History"],
    "explaining.explanation": ["Explanation", "explain"],
    "data.tables": ["load_table", "read_table", "write_table"],
    "data.samples": ["SAMPLES"],
}
# and all that these modules say of themselves, in their `__all__`: a new layer or optimizer is told nowhere else.
_FAMILIES = (
    "errors", "nn.layers", "nn.activations", "nn.losses", "nn.initializers", "nn.regularizers",
    "train.optimizers", "train.schedules", "train.callbacks",
)  # fmt: skip
_RENAMED = {"Row": "Primitive"}
# Who serves what stands below: methods ("Network.plot"), files by their ending ("read .onnx"), and what a model file
# holds beside its network ("load chainrule.table").
_DOORS |= {
    "load chainrule.table": "chainrule.models.table:from_file",
}
_HOME_OF = {name: f"{__name__}.{home}" for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in _RENAMED:
        import_module(f"{__name__}.errors").deprecated(f"cr.{name}", f"cr.{_RENAMED[name]}")
        name = _RENAMED[name]
    value = _public() if name == "__all__" else getattr(_home(name), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__getattr__("__all__"), "__version__"])


def _home(name: str) -> Any:
    """Return the module that has a public name."""
    if name in _HOME_OF:
        return import_module(_HOME_OF[name])
    if not name.startswith("_") and find_spec(f"{__name__}.{name}") is None:  # which would be a room
        for family in _families():
            if name in family.__all__:
                return family
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def _families() -> Any:
    return (import_module(f"{__name__}.{family}") for family in _FAMILIES)


def _public() -> list[str]:
    return sorted([*_HOME_OF, *(name for family in _families() for name in family.__all__)])
