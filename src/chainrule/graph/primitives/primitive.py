"""The row: all that is known of one primitive, in one place.

A row is written in plain NumPy, in terms of its inputs ``x`` and its output ``y``. Whoever reads it passes
array-likes that answer NumPy's two protocols: arrays compute, nodes record, other engines emit code. So the
value, the derivative, the drawing and the tests of a primitive all follow from its one row.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from inspect import signature
from typing import Any

import numpy as np

from chainrule.errors import GraphError, UnsupportedError, short
from chainrule.graph import shapes
from chainrule.graph.primitives.attributes import Kind
from chainrule.graph.shapes import Shape

Interval = tuple[float, float]
REAL: Interval = (-3.0, 3.0)
POSITIVE: Interval = (0.1, 4.0)
NONZERO: Interval = (0.2, 3.0)
UNIT: Interval = (0.05, 0.95)

# How tightly an expression binds: brackets stand where a looser one is put inside a tighter one.
COMPARE, ADD, NEGATE, MULTIPLY, POWER, CALL = 5, 10, 15, 20, 30, 90


@dataclass(frozen=True)
class Case:
    """One example of a structural row for the generated tests: the inputs' shapes and the attributes.

    Whole numbers, which have no derivative, stand there as themselves: an array in place of a shape.
    """

    shapes: tuple[Shape | np.ndarray, ...]
    attributes: dict[str, Any] = field(default_factory=dict)


def result_type(*dtypes: np.dtype, **_: Any) -> np.dtype:
    """Return NumPy's result type."""
    return dtypes[0] if dtypes.count(dtypes[0]) == len(dtypes) else np.result_type(*dtypes)


def floating(*dtypes: np.dtype, **_: Any) -> np.dtype:
    """Return NumPy's result type of floats; whole numbers and truth values count as float64."""
    found = result_type(*dtypes)
    return found if found.kind == "f" else np.dtype(np.float64)


def numeric(*dtypes: np.dtype, **_: Any) -> np.dtype:
    """Return NumPy's result type, and refuse truth values where NumPy refuses them."""
    found = result_type(*dtypes)
    if found.kind == "b":
        raise UnsupportedError(
            "Truth values have no '-' and no sign. Negate with '~', or make numbers of them: c.astype(float)."
        )
    return found


def boolean(*_dtypes: np.dtype, **_: Any) -> np.dtype:
    """Return the dtype of a truth value."""
    return np.dtype(bool)


def broadcast(*found: Shape, **_: Any) -> Shape:
    """Return the shape that the inputs broadcast to."""
    return shapes.broadcast(*found)


def same_shape(first: Shape, *_others: Shape, **_: Any) -> Shape:
    """Return the shape of the first input."""
    return first


@dataclass(frozen=True, kw_only=True, eq=False, repr=False, slots=True)
class Primitive:
    """One primitive.

    Exactly one of ``partials`` (an elementwise row: ``(y, *x, **attributes)`` to one ∂y/∂xᵢ per input),
    ``vjp`` with ``jvp`` (a structural row: array-likes in, array-likes out) or ``no_derivative`` (the reason)
    is given. A partial that is ``None`` is zero everywhere; 1 and -1 are not multiplied. A partial that is a truth,
    or ``np.where(c, p, 0)``, says that the input was chosen where c holds: elsewhere its gradient is exactly 0.
    """

    name: str
    text: str  # how it is written; "{0}" is the first input, "{axes}" an attribute
    forward: Callable[..., Any]
    latex: str = ""  # likewise; by default the text
    binds: int = CALL  # how tightly what is written holds together
    needs: tuple[int, ...] = ()  # how tightly each input must, to stand without brackets
    partials: Callable[..., Sequence[Any]] | None = None
    vjp: Callable[..., Sequence[Any]] | None = None  # (dy, y, *x, **attributes) -> one dxᵢ per input
    jvp: Callable[..., Any] | None = None  # (x_dots, y, *x, **attributes) -> y_dot
    # Numbers are moved about and added up: "all" of the first input's elements, or "some". Other structural rows have
    # `reach`, from (which of y were chosen, y, *x, **attributes) to which of each xᵢ take part in those.
    moves: str = ""
    reach: Callable[..., Sequence[Any]] | None = None
    no_derivative: str = ""
    attributes: Mapping[str, Kind] | None = field(default_factory=dict)  # None: whatever its functions take
    shape: Callable[..., Shape] = broadcast
    dtype: Callable[..., np.dtype] = result_type
    domain: tuple[Interval, ...] = ()  # elementwise rows: where the tests sample each input
    cases: tuple[Case, ...] = ()  # what the tests try: shapes, and the attributes of rows that have some
    kink: str = ""  # the convention where there is no derivative
    note: str = ""  # one sentence that an explanation may print

    def __post_init__(self) -> None:
        rules = [self.partials is not None, self.vjp is not None, bool(self.no_derivative)]
        if sum(rules) != 1 or (self.vjp is None) != (self.jvp is None):
            raise GraphError(
                f"Primitive '{self.name}' must say what its derivative is in one way: partials, or vjp and jvp, "
                "or no_derivative with the reason."
            )

    def __repr__(self) -> str:
        return f"<row {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _by_name, (self.name,)

    def check(self, inputs: int, attributes: Mapping[str, Any]) -> None:
        """Raise GraphError unless the row takes so many inputs and these attributes.

        What is recorded by a call is right by itself; this is for what comes from elsewhere.
        """
        misfit = _misfit(self, inputs, tuple(attributes))
        if misfit:
            raise GraphError(f"'{self.name}' of {inputs} inputs with {short(attributes)}: {misfit}.")
        if self.attributes is None:
            return
        if attributes.keys() != self.attributes.keys():
            expected = ", ".join(self.attributes) or "none"
            raise GraphError(
                f"'{self.name}' has the attributes {short(list(attributes))}; expected: {expected}."
            )
        for name, kind in self.attributes.items():
            if not kind.holds(attributes[name]):
                raise GraphError(f"'{self.name}': {name} is {short(attributes[name])}; expected {kind.what}.")

    def __call__(self, *inputs: Any, **attributes: Any) -> Any:
        """Apply the row: array-likes that know how to record it do, all others compute it."""
        for x in inputs:
            record = getattr(x, "__apply_primitive__", None)
            if record is not None:
                return record(self, inputs, attributes)
        with np.errstate(all="ignore"):  # a sigmoid of -1000 overflows on its way to a right 0
            return self.forward(*(x if hasattr(x, "dtype") else np.asarray(x) for x in inputs), **attributes)


@lru_cache(maxsize=1024)  # each program is checked node by node, and asks the same few things
def _misfit(row: Primitive, inputs: int, attributes: tuple[str, ...]) -> str:
    """Return why a row does not take so many inputs and attributes of these names, or "" if it does."""
    if row.partials is not None:
        rule, before = row.partials, 1
    else:
        rule, before = (row.vjp, 2) if row.vjp is not None else (row.forward, 0)
    try:
        signature(rule).bind(*[None] * (before + inputs), **dict.fromkeys(attributes))
    except TypeError as error:
        return str(error)
    return ""


TABLE: dict[str, Primitive] = {}


def add(row: Primitive) -> Primitive:
    """Put ``row`` into the table; a second row of the same name is refused."""
    if row.name in TABLE:
        raise GraphError(f"The table already has a row named '{row.name}'. Choose another name.")
    TABLE[row.name] = row
    return row


def _by_name(name: str) -> Primitive:
    if name not in TABLE:
        raise GraphError(f"This graph uses a primitive '{name}' that is not in the table. Define it first.")
    return TABLE[name]
