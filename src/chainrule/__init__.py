"""chainrule: neural networks you can see through, and the fastest ones on your laptop.

    import chainrule as cr

A network is a computation graph, and everything is one more way of reading that graph. The names below are the
whole public interface; each is loaded when it is first used, so that importing the package costs nothing.
"""

from importlib import import_module
from typing import Any

__version__ = "0.2.0"

_HOMES = {
    "graph.node": ["Node", "Trace", "constant", "input", "trace", "variable"],
    "graph.primitives.primitive": ["Primitive"],
    "graph.table": ["primitive"],
    "transform.backprop": ["Gradient", "grad"],
    "transform.simplify": ["simplify"],
    "transform.check": ["GradientReport", "check_gradients"],
    "graph.functions": ["logsumexp", "one_hot", "stop_gradient"],
    "engines.function": ["compile"],
    "nn.activations": [
        "ELU", "LeakyReLU", "elu", "gelu", "identity", "leaky_relu", "relu", "sigmoid", "silu", "softmax",
        "softplus", "step", "tanh",
    ],
    "nn.losses": [
        "Huber", "Quantile", "binary_crossentropy", "categorical_crossentropy", "half_mse", "huber", "mae", "mse",
        "poisson", "quantile",
    ],
    "nn.initializers": ["Filled", "Normal", "Orthogonal", "Scaled"],
    "nn.regularizers": ["L1", "L1L2", "L2"],
    "nn.layers": [
        "Activation", "BatchNormalization", "Dense", "Dropout", "Embedding", "Flatten", "Layer",
        "LayerNormalization",
    ],
    "train.network": ["Network", "Parameters"],
    "models.table": ["TableModel", "load"],
    "train.history": ["History"],
    "train.optimizers": ["Adagrad", "Adam", "AdamW", "LBFGS", "RMSprop", "SGD"],
    "train.schedules": [
        "Cosine", "ExponentialDecay", "OneCycle", "ReduceOnPlateau", "StepDecay", "WarmUp",
    ],
    "train.callbacks": ["CSVLog", "Checkpoint", "EarlyStopping"],
    "explaining.explanation": ["Explanation", "explain"],
    "data.tables": ["load_table", "read_table", "write_table"],
    "data.samples": ["SAMPLES"],
    "errors": [
        "ChainruleError", "DataError", "DivergenceWarning", "EngineWarning", "FileFormatError", "GraphError",
        "LearningWarning", "MissingFileError", "NoDerivativeError", "OutOfMemoryError", "RenamedWarning",
        "ShapeError", "UnknownNameError", "UnsupportedError",
    ],
}  # fmt: skip
_RENAMED = {"Row": "Primitive"}
_HOME_OF = {name: f"{__name__}.{home}" for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> Any:
    if name in _RENAMED:
        import_module(f"{__name__}.errors").deprecated(f"cr.{name}", f"cr.{_RENAMED[name]}")
        name = _RENAMED[name]
    if name not in _HOME_OF:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
