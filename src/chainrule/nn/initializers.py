"""Initializers: the numbers that weights start from.

Each is a function ``(shape, rng) -> array``. The ``rng`` is a stream of :mod:`chainrule.random`, or any other source
with NumPy's ``normal`` and ``uniform``; a function of the user's gets a generator of NumPy's.

One warning about names: what the lectures call Xavier, N(0, 1)·√(1/fan_in), is LeCun's (``lecun_normal``). The variance
of Glorot & Bengio's own, ``xavier_normal`` or ``glorot_normal``, is 2/(fan_in + fan_out).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from chainrule.errors import DataError, ShapeError, short
from chainrule.graph.numbers import is_finite
from chainrule.graph.shapes import show
from chainrule.nn.callables import apply
from chainrule.nn.specs import Above0, AtLeast0, Checked, Number, classes, find
from chainrule.random import Draws, ManyDraws, quantiles

__all__ = ["Filled", "Normal", "Orthogonal", "Scaled", "TruncatedNormal"]

Shape = tuple[int, ...]
Random: TypeAlias = "Draws | np.random.Generator"
Initializer: TypeAlias = "Callable[[Shape, Random], np.ndarray]"


@dataclass(frozen=True)
class Filled(Checked):
    """The same number everywhere.

    Hidden units that start alike stay alike: good for biases, and for regression without hidden layers.

    Args:
        value: The number; 0 as biases begin. Where an initializer is asked for, the number alone means the same.

    Raises:
        GraphError: If the value is no finite number.

    >>> cr.Filled(0.5)((2,), np.random.default_rng(0))
    array([0.5, 0.5])
    >>> cr.Dense(1, initializer=0.5)
    Dense(1, initializer=0.5)
    """

    value: Number = 0.0

    def __call__(self, shape: Shape, rng: Random) -> np.ndarray:
        """Return the number, everywhere.

        Args:
            shape: That of the parameter.
            rng: Where random numbers come from: a generator of NumPy's, or what has its ``normal`` and ``uniform``.

        Returns:
            An array of float64, of that shape.
        """
        return np.full(shape, self.value)


@dataclass(frozen=True)
class Normal(Checked):
    """Normal numbers of mean 0 and standard deviation ``std``: ``N(0, 1) · std``.

    Args:
        std: The standard deviation, at least 0; 0.01 is the lectures' "small random numbers".

    Raises:
        GraphError: If std is below 0 or no finite number.

    >>> cr.Normal(std=0.01)((2, 2), np.random.default_rng(0)).round(4)
    array([[ 0.0013, -0.0013],
           [ 0.0064,  0.001 ]])
    """

    std: AtLeast0 = 0.01

    def __call__(self, shape: Shape, rng: Random) -> np.ndarray:
        """Draw the numbers.

        Args:
            shape: That of the parameter.
            rng: Where random numbers come from: a generator of NumPy's, or what has its ``normal`` and ``uniform``.

        Returns:
            An array of float64, of that shape.
        """
        return rng.normal(0.0, self.std, shape)


@dataclass(frozen=True)
class TruncatedNormal(Checked):
    """Normal numbers of mean 0 and standard deviation ``std`` of which none is beyond ``2 · std``.

    Without the ends they deviate by 0.88 · std (Johnson, Kotz & Balakrishnan 1994, chapter 13).

    Args:
        std: The standard deviation that they would have with the ends, at least 0.

    Raises:
        GraphError: If std is below 0 or no finite number.

    >>> np.abs(cr.TruncatedNormal(std=0.01)((100, 100), np.random.default_rng(0))).max().round(4)
    np.float64(0.02)
    """

    std: AtLeast0 = 0.01

    def __call__(self, shape: Shape, rng: Random) -> np.ndarray:
        """Draw the numbers.

        Args:
            shape: That of the parameter.
            rng: Where random numbers come from: a generator of NumPy's, or what has its ``normal`` and ``uniform``.

        Returns:
            An array of float64, of that shape.
        """
        return self.std * _truncated(shape, rng)


BELOW_2 = 0.97724986805182079  # the share of N(0, 1)
OF_TRUNCATED = 0.87962566103423978  # the standard deviation of what lies within 2


def _truncated(shape: Shape, rng: Random) -> np.ndarray:
    """Return numbers of N(0, 1) of which none is beyond 2, each from one uniform number."""
    return quantiles(rng.uniform(1 - BELOW_2, BELOW_2, shape).ravel()).reshape(shape)


@dataclass(frozen=True)
class Scaled(Checked):
    """Numbers whose variance is ``scale / fan``, so that a signal keeps its size from layer to layer.

    Glorot & Bengio 2010 ("glorot", also "xavier") have a scale of 1 and the average fan, He et al. 2015 ("he") 2 and
    "in", LeCun et al. 1998 ("lecun") 1 and "in". fan_in is the number of inputs of a unit, fan_out that of units.

    Args:
        scale: 1 keeps the variance through a layer that is near the identity at 0, 2 through a ReLU, which
            stops half of it.
        fan: "in" (fan_in) keeps the signal's variance, "average" of fan_in and fan_out that of the signal and
            of its gradient as well as both can be.
        distribution: "normal", not truncated; "truncated_normal", with none beyond 2.27 standard deviations, which is
            what Keras calls normal; or "uniform" in ±√(3 · scale / fan).

    Raises:
        GraphError: If the scale is not above 0, or fan or distribution is none of these.

    >>> he_normal = cr.Scaled(2.0, "in")
    >>> he_normal((800, 50), np.random.default_rng(0)).std().round(3), np.sqrt(2 / 800).round(3)
    (np.float64(0.05), np.float64(0.05))
    """

    scale: Above0 = 1.0
    fan: Literal["in", "average"] = "average"
    distribution: Literal["normal", "truncated_normal", "uniform"] = "normal"

    def __call__(self, shape: Shape, rng: Random) -> np.ndarray:
        """Draw the numbers.

        Args:
            shape: That of the parameter.
            rng: Where random numbers come from: a generator of NumPy's, or what has its ``normal`` and ``uniform``.

        Returns:
            An array of float64, of that shape.
        """
        fan_in, fan_out = fans(shape)
        fan = fan_in if self.fan == "in" else (fan_in + fan_out) / 2
        std = math.sqrt(self.scale / max(fan, 1))
        if self.distribution == "normal":
            return rng.normal(0.0, std, shape)
        if self.distribution == "truncated_normal":
            return std / OF_TRUNCATED * _truncated(shape, rng)
        return rng.uniform(-math.sqrt(3) * std, math.sqrt(3) * std, shape)


def fans(shape: Shape) -> tuple[int, int]:
    """Return how many numbers make one output of weights of this shape, and how many outputs one input goes into.

    Weights are ``(inputs, units)``; axes before these two are the places that a kernel sees at once, its receptive
    field.

    >>> fans((784, 16)), fans((3, 3, 8, 16))
    ((784, 16), (72, 144))
    """
    if len(shape) < 2:
        return (shape[0], shape[0]) if shape else (1, 1)
    field = math.prod(shape[:-2])
    return field * shape[-2], field * shape[-1]


@dataclass(frozen=True)
class Orthogonal(Checked):
    """A random matrix whose shorter side is orthonormal, times ``gain`` (Saxe et al. 2014).

    The axes before the last count as one: what makes one output of a kernel, its receptive field included. The signs
    are those that make the matrix uniform among all orthogonal ones (Mezzadri 2007).

    Args:
        gain: What every entry is multiplied by, above 0; 1 keeps lengths, √2 makes up for a ReLU.

    Raises:
        GraphError: If the gain is not above 0.
        ShapeError: When it draws, if the parameter is no matrix, such as a bias.

    >>> w = cr.Orthogonal()((3, 2), np.random.default_rng(0))
    >>> np.allclose(w.T @ w, np.eye(2))
    True
    """

    gain: Above0 = 1.0

    def __call__(self, shape: Shape, rng: Random) -> np.ndarray:
        """Draw the matrix.

        Args:
            shape: That of the parameter.
            rng: Where random numbers come from: a generator of NumPy's, or what has its ``normal`` and ``uniform``.

        Returns:
            An array of float64, of that shape.

        Raises:
            ShapeError: If it is no matrix.
        """
        if len(shape) < 2:
            raise ShapeError(
                f"Only a matrix can be orthogonal; the shape is {show(shape)}. Use 'zeros' or 'small'."
            )
        rows, columns = math.prod(shape[:-1]), shape[-1]
        q, r = np.linalg.qr(rng.normal(0.0, 1.0, (max(rows, columns), min(rows, columns))))
        q = q * np.where(np.diag(r) < 0, -1.0, 1.0)
        return self.gain * (q if rows >= columns else q.T).reshape(shape)


INITIALIZERS: dict[str, Initializer] = {
    "zeros": Filled(0.0),
    "ones": Filled(1.0),
    "small": Normal(0.01),
    "large": Normal(1.0),
    "xavier_normal": Scaled(1.0, "average", "normal"),  # Glorot & Bengio 2010
    "xavier_uniform": Scaled(1.0, "average", "uniform"),
    "he_normal": Scaled(2.0, "in", "normal"),  # He et al. 2015
    "he_uniform": Scaled(2.0, "in", "uniform"),
    "lecun_normal": Scaled(1.0, "in", "normal"),  # LeCun et al. 1998
    "lecun_uniform": Scaled(1.0, "in", "uniform"),
    "orthogonal": Orthogonal(),
}
# Without an ending a name means normal numbers, which the lectures draw.
INITIALIZERS |= {
    "glorot_normal": INITIALIZERS["xavier_normal"],
    "glorot_uniform": INITIALIZERS["xavier_uniform"],
    **{name: INITIALIZERS[f"{name}_normal"] for name in ("xavier", "he", "lecun")},
    "glorot": INITIALIZERS["xavier_normal"],
}
CLASSES = classes(globals())


def initializer(spec: Any) -> Initializer:
    """Return the function ``(shape, rng) -> array`` that ``spec`` means.

    Args:
        spec: A name, a number, an array of exact values, or a callable ``(shape, rng)``.

    Raises:
        UnknownNameError: If no initializer bears the name.

    >>> initializer("he"), initializer(0.1)
    (Scaled(scale=2.0, fan='in', distribution='normal'), Filled(value=0.1))
    """
    if isinstance(spec, int | float) and not isinstance(spec, bool):
        return Filled(spec)
    if isinstance(spec, np.ndarray | list):
        known = (
            isinstance(spec, np.ndarray) and spec.dtype == np.float32
        )  # of which float64 would say no more
        exact = np.asarray(spec, np.float32 if known else np.float64)
        return lambda shape, rng: exact
    return find("initializer", spec, INITIALIZERS)


def initialize(spec: Any, shape: Shape, draws: Draws, dtype: Any, each: Shape | None = None) -> np.ndarray:
    """Return the array of ``shape`` and ``dtype`` that ``spec`` means.

    ``spec`` is a name, a number, an array of exact values or a callable ``(shape, rng)``. The numbers are
    drawn in float64 and then rounded, so that both dtypes start from the same. Where ``shape`` is that of several
    kernels side by side, ``each`` is that of one: they are drawn one after the other, each as if it stood alone.

    Raises:
        UnknownNameError: If no initializer bears the name.
        ShapeError: If an array that was given has another shape.
        DataError: If it holds what is no real number, NaN or infinity, or a number too large for ``dtype``.

    >>> initialize("he_normal", (2, 3), Draws(0, "example"), "float32").shape
    (2, 3)
    """
    if each is not None and each != shape and not isinstance(spec, np.ndarray | list):
        drawn = [initialize(spec, each, draws, dtype) for _ in range(math.prod(shape) // math.prod(each))]
        return np.stack(drawn, axis=-2).reshape(shape)  # the filters of each stand in a row
    ours = not callable(spec) or type(spec) in CLASSES.values()
    source = draws if ours else draws.generator()
    given = apply("the initializer", initializer(spec), shape=tuple(shape), rng=source)
    try:
        found = np.asarray(given)
        with np.errstate(over="ignore"):
            cast = found.astype(dtype, casting="same_kind" if found.dtype.kind == "c" else "unsafe")
    except (TypeError, ValueError):
        raise DataError(f"These initial values are no table of real numbers: {short(given)}.") from None
    if found.shape != tuple(shape):
        raise ShapeError(
            f"These initial values have shape {show(found.shape)}; the parameter has {show(tuple(shape))}."
        )
    if not is_finite(cast):
        at = tuple(int(i) for i in np.argwhere(~np.isfinite(cast))[0])
        large = f", too large for {cast.dtype.name}" if np.isfinite(found[at]) else ""
        raise DataError(f"These initial values hold {found[at]} at {at}{large}. Start from finite numbers.")
    return cast


def initialize_many(spec: Any, shape: Shape, draws: ManyDraws, dtype: Any) -> np.ndarray | None:
    """Return what :func:`initialize` does for many seeds, ``(seeds, *shape)``; None where each is to be drawn alone."""
    found = spec if callable(spec) or isinstance(spec, np.ndarray | list) else initializer(spec)
    if not isinstance(found, Filled | Normal | Scaled) or type(found) not in CLASSES.values():
        return None
    if isinstance(found, Scaled) and found.distribution == "truncated_normal":
        return None
    many: Any = draws
    cast = np.asarray(found(shape, many)).astype(dtype)
    return cast if is_finite(cast) else None


def default_initializer(activation: Callable[..., Any]) -> str:
    """Return the name of the initializer that suits the activation that follows.

    An activation that :func:`~chainrule.nn.activations.stops_half` of the signal's variance is made up for as He et
    al. 2015 do. All others are near a line around 0: Glorot & Bengio 2010, in the uniform form that they and Keras use.

    >>> from chainrule.nn.activations import relu, tanh
    >>> default_initializer(relu), default_initializer(tanh)
    ('he_normal', 'xavier_uniform')
    """
    return "he_normal" if getattr(activation, "stops_half", False) else "xavier_uniform"
