"""NumPy's two protocols on nodes: which function each call becomes, and what is said where there is none."""

import inspect
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np

from chainrule.arguments import public
from chainrule.errors import UnsupportedError
from chainrule.graph.node import Node, apply, cast
from chainrule.graph.numpy_api import elementwise, indexing, moves, products, reductions, windows
from chainrule.graph.table import TABLE

FAMILIES = (elementwise, products, reductions, moves, indexing, windows)
# What each of NumPy's functions becomes: the rows' own, and those that a family has under NumPy's name.
FUNCTIONS: dict[Any, Callable[..., Any]] = {
    **{function: partial(apply, row.name) for row in TABLE.values() for function in row.numpy},
    **elementwise.FORMULAS,
    **{
        getattr(np, name.rstrip("_")): function
        for family in FAMILIES
        for name, function in vars(family).items()
        if getattr(function, "__module__", "") == family.__name__ and hasattr(np, name.rstrip("_"))
    },
    np.linalg.norm: reductions.norm,
    np.lib.stride_tricks.sliding_window_view: windows.sliding_window_view,
    np.shape: lambda a: a.shape,
    np.ndim: lambda a: a.ndim,
    np.size: lambda a: a.size,
}
FUNCTIONS |= {np.amax: FUNCTIONS[np.max], np.amin: FUNCTIONS[np.min], np.around: FUNCTIONS[np.round]}
FUNCTIONS |= {np.radians: FUNCTIONS[np.deg2rad], np.degrees: FUNCTIONS[np.rad2deg]}

REDUCTIONS = {
    ("add", "reduce"): "np.sum(x, axis=0)",
    ("multiply", "reduce"): "np.prod(x, axis=0)",
    ("maximum", "reduce"): "np.max(x, axis=0)",
    ("minimum", "reduce"): "np.min(x, axis=0)",
    ("logical_or", "reduce"): "np.any(x, axis=0)",
    ("logical_and", "reduce"): "np.all(x, axis=0)",
    ("add", "accumulate"): "np.cumsum(x, axis=0)",
    ("multiply", "accumulate"): "np.cumprod(x, axis=0)",
    ("add", "outer"): "x[:, None] + y",
    ("subtract", "outer"): "x[:, None] - y",
    ("multiply", "outer"): "np.outer(x, y)",
    ("divide", "outer"): "x[:, None] / y",
}

METHOD_NAMES = [
    "sum", "mean", "max", "min", "var", "std", "argmax", "argmin", "dot", "ravel", "squeeze", "swapaxes",
    "take", "clip", "copy", "prod", "cumsum", "cumprod", "any", "all", "round", "repeat", "diagonal", "trace",
]  # fmt: skip


def _method_reshape(x: Node, *shape: Any) -> Node:
    return moves.reshape(x, shape[0] if len(shape) == 1 else shape)


def _method_transpose(x: Node, *axes: Any) -> Node:
    flat = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes
    return moves.transpose(x, flat or None)


METHODS: dict[str, Callable[..., Node]] = {
    **{name: FUNCTIONS[getattr(np, name)] for name in METHOD_NAMES},
    "flatten": moves.ravel,
    "reshape": _method_reshape,
    "transpose": _method_transpose,
    "astype": cast,
}
METHODS = {name: public(function, f"Node.{name}") for name, function in METHODS.items()}


def call_ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Build the node for a NumPy ufunc called on nodes."""
    if options:
        name = next(iter(options))
        remedy = (
            "nodes are frozen; write y = np.{0}(...)"
            if name == "out"
            else "choose with np.where(condition, np.{0}(...), other)"
            if name == "where"
            else "use x.astype(...)"
        )
        raise UnsupportedError(
            f"np.{ufunc.__name__} of a node does not take '{name}=': {remedy.format(ufunc.__name__)}."
        )
    if method != "__call__":
        written = REDUCTIONS.get((ufunc.__name__, method))
        instead = f"Write {written}" if written else f"Of numbers: np.{ufunc.__name__}.{method}(x.value, ...)"
        raise UnsupportedError(f"np.{ufunc.__name__}.{method} of a node is not there. {instead}.")
    build = _built(ufunc)
    if build is None:
        of_numpy = getattr(np, ufunc.__name__, None) is ufunc  # SciPy's are ufuncs too
        raise _missing(f"np.{ufunc.__name__}" if of_numpy else ufunc.__name__, inputs, options)
    return build(*inputs)


def call_function(function: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Build the node for a NumPy function called on nodes."""
    build = _built(function)
    if build is None:
        raise _missing(
            f"{function.__module__}.{function.__name__}".replace("numpy", "np", 1), arguments, options
        )
    options = {k: v for k, v in options.items() if not (k == "out" and v is None)}
    if "out" in options:
        raise UnsupportedError(f"np.{function.__name__} of a node does not take 'out=': nodes are frozen.")
    signature = _signature(build)
    dtype = options.pop("dtype", None) if "dtype" not in signature.parameters else None
    try:
        result = build(*arguments, **options)
    except TypeError:
        _check_call(function, signature, arguments, options)
        raise
    return result if dtype is None else cast(result, dtype)


def _check_call(
    function: Any, signature: inspect.Signature, arguments: tuple[Any, ...], options: dict[str, Any]
) -> None:
    try:
        signature.bind(*arguments, **options)  # which takes longer than to build a node
    except TypeError as error:
        taken = ", ".join(signature.parameters)
        raise UnsupportedError(f"np.{function.__name__} of a node takes ({taken}): {error}.") from None


def _built(function: Any) -> Callable[..., Any] | None:
    """Return what builds the node for one of NumPy's functions, which may be that of a row of the user's."""
    return FUNCTIONS.get(function) or next((row for row in TABLE.values() if function in row.numpy), None)


_signature = cache(inspect.signature)  # to look at it takes longer than to build a node


def _missing(name: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> UnsupportedError:
    more = ", ..." if len(arguments) + len(options) > 1 else ""
    return UnsupportedError(
        f"{name} is not among the NumPy functions that nodes have. Of numbers that are known already it can be "
        f"computed as {name}(x.value{more}), through which no gradient passes."
    )
