"""The row: all that is known of one primitive, in one place.

A row is written in plain NumPy, in terms of its inputs ``x`` and its output ``y``. Whoever reads it passes
array-likes that answer NumPy's two protocols: arrays compute, nodes record. So the value, the derivative, the drawing
and the tests of a primitive all follow from its one row, and so does what a rewrite or an engine has to know of it.

Rows are laid out by hand as a sheet of formulas: how it is written, what it computes, what is known of it, what is said
of it. Formatted, each fact would have a line of its own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from inspect import Parameter, signature
from operator import add as plus
from typing import Any, Literal

import numpy as np

from chainrule.errors import GraphError, UnsupportedError, short
from chainrule.graph import shapes
from chainrule.graph.primitives.attributes import Kind
from chainrule.graph.primitives.bounds import Range
from chainrule.graph.primitives.columns import check_columns
from chainrule.graph.shapes import Shape

Interval = tuple[float, float]
REAL: Interval = (-3.0, 3.0)
POSITIVE: Interval = (0.1, 4.0)
NONZERO: Interval = (0.2, 3.0)

# How tightly an expression binds: brackets stand where a looser one is put inside a tighter one.
COMPARE, ADD, NEGATE, MULTIPLY, POWER, CALL = 5, 10, 15, 20, 30, 90

# What an element costs, in additions, to a factor of three: a division or a root, a series such as that of exp, what
# the C library computes one by one.
DIVISION, SERIES, LIBRARY = 4, 12, 100

KNOWN_TO_LATEX = "arccos arcsin arctan cos cosh exp log max min sin sinh tan tanh"  # as commands of its own


class Case:
    """One example of a structural row for the generated tests: the inputs' shapes and the attributes.

    Whole numbers, which have no derivative, stand there as themselves: an array in place of a shape.
    """

    def __init__(self, *shapes: Shape | np.ndarray, **attributes: Any) -> None:
        self.shapes: tuple[Shape | np.ndarray[Any, Any], ...] = shapes
        self.attributes: dict[str, Any] = attributes


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


def as_named(*_dtypes: np.dtype, dtype: str, **_: Any) -> np.dtype:
    """Return the dtype that an attribute names."""
    return np.dtype(dtype)


def like_first(first: np.dtype, *_others: np.dtype, **_: Any) -> np.dtype:
    """Return the dtype of the first input."""
    return first


def broadcast(*found: Shape, **_: Any) -> Shape:
    """Return the shape that the inputs broadcast to."""
    return shapes.broadcast(*found)


def same_shape(first: Shape, *_others: Shape, **_: Any) -> Shape:
    """Return the shape of the first input."""
    return first


@dataclass(frozen=True, kw_only=True, eq=False, repr=False, slots=True)
class Primitive:
    """One primitive: a row of the table. :func:`primitive` adds one of your own.

    Its derivative is said in exactly one way. An elementwise row has ``partials``: ``(y, *x, **attributes)`` to one
    ∂y/∂xᵢ per input. A partial that is ``None`` is zero everywhere; 1 and -1 are not multiplied. A partial that is a
    truth, or ``np.where(c, p, 0)``, says that the input was chosen where c holds: elsewhere its gradient is exactly 0.
    A linear row has its ``adjoint``; forward mode is then the row itself. Any other has ``vjp`` with ``jvp``, or
    ``no_derivative``, the reason. All take array-likes and return array-likes.

    What a row leaves out follows from the rest: how it is written from its name, the NumPy function that it is from its
    ``forward``. A property that is not claimed is not relied on, so a row of five columns is a sound one; one that is
    claimed is tried by the generated tests.

    Args:
        name: What graphs, errors and files call it.
        forward: The value, in NumPy: ``(*x, **attributes)`` to y.
        text: How it is written: "{0}" is the first input, "{axes}" an attribute; by default a call, name(x).
        latex: Likewise, in LaTeX.
        binds: How tightly what is written holds together.
        needs: How tightly each input must, to stand without brackets.
        note: One sentence that an explanation may print.
        partials: The derivative of an elementwise row: ``(y, *x, **attributes)`` to one ∂y/∂xᵢ per input.
        adjoint: That of a linear row: ``(dy, y, *x, **attributes)`` to one dxᵢ per input.
        vjp: That of any other, likewise.
        jvp: And its forward mode: ``(x_dots, y, *x, **attributes)`` to y_dot.
        reach: Which elements take part: from (which of y were chosen, y, *x, **attributes) to which of each xᵢ take
            part in those. A row that is linear in all together needs none: its adjoint says it.
        no_derivative: Why it has none.
        kink: The convention where there is no derivative.
        attributes: Of what kind each attribute is; None: whatever its functions take.
        shape: From the inputs' shapes to that of y; by default they broadcast.
        dtype: From the inputs' dtypes to that of y; by default NumPy's result type.
        leaf: Of a row without inputs: its value is "given" by the run, or "known" before.
        elementwise: It works point by point, with broadcasting: so does each row with partials.
        linear: In those inputs that have a derivative: in all "together", in "each" by itself, in the "first".
        commutative: Two inputs may be exchanged, to the last bit.
        moves: Elements are moved and none is computed, so f(move(x)) is move(f(x)): a "view" finds each by strides in
            its one input, a "copy" otherwise.
        leaves_out: Elements of the first input may be missing in the output.
        mixes: Of what an element of the output is made: of what lies in its own place along an axis ("", as in
            elementwise rows), along the "axes" that an attribute names, or of "all".
        reduces: The row that joins two numbers into one, of a row that does it to all along some axes.
        logarithm: It is the logarithm of a "number", or of "exponentials": infinite as its inputs are.
        nonzero: It is positive; a float may still be too small for it.
        nan: It is NaN "never", or exactly where its one "input" is.
        range: From (node, *the inputs' ranges) to that of the output.
        cost: What an element costs, in additions; or how to tell it from the attributes.
        made_of: The same on nodes, written in rows that every engine has.
        results: Of a row with several results, of which a node takes that of its attribute ``take``: (*x, takes,
            **attributes) to those at ``takes``, computed at once.
        folded: It is computed beforehand where all inputs are constants.
        numpy: NumPy's functions of the same arguments; by default the ufunc of its name.
        domain: Of elementwise rows: where the tests sample each input.
        cases: What the tests try: shapes, and the attributes of rows that have some.

    Raises:
        GraphError: If its derivative is not said in exactly one way, or a column holds what says nothing there.

    >>> row = np.tanh(cr.variable(0.5)).primitive
    >>> row.name, row.elementwise, row.note
    ('tanh', True, 'never above 1, and 0.01 at |z| = 3: it still vanishes')
    >>> row(0.5), row(cr.variable(0.5, "x"))  # on numbers it computes, on nodes it makes a node
    (np.float64(0.46211715726000974), <tanh(x), () float64>)
    """

    name: str
    forward: Callable[..., Any]

    # How it is written.
    text: str = ""
    latex: str = ""
    binds: int = CALL
    needs: tuple[int, ...] = ()
    note: str = ""

    # Its derivative.
    partials: Callable[..., Sequence[Any]] | None = None
    adjoint: Callable[..., Sequence[Any]] | None = None
    vjp: Callable[..., Sequence[Any]] | None = None
    jvp: Callable[..., Any] | None = None
    reach: Callable[..., Sequence[Any]] | None = None
    no_derivative: str = ""
    kink: str = ""

    # What it takes and gives.
    attributes: Mapping[str, Kind] | None = field(default_factory=dict)
    shape: Callable[..., Shape] = broadcast
    dtype: Callable[..., np.dtype] = result_type
    leaf: Literal["", "given", "known"] = ""

    # What is true of its numbers.
    elementwise: bool = False
    linear: Literal["", "together", "each", "first"] = ""
    commutative: bool = False
    moves: Literal["", "view", "copy"] = ""
    leaves_out: bool = False
    mixes: Literal["", "axes", "all"] = "all"
    reduces: str = ""
    logarithm: Literal["", "number", "exponentials"] = ""
    nonzero: bool = False
    nan: Literal["", "never", "input"] = ""
    range: Callable[..., Range] | None = None

    # What it takes to compute it.
    cost: float | Callable[..., float] = 1.0
    made_of: Callable[..., Any] | None = None
    results: Callable[..., Sequence[Any]] | None = None
    folded: bool = True
    numpy: tuple[Any, ...] = ()

    # Where it is tried.
    domain: tuple[Interval, ...] = ()
    cases: tuple[Case, ...] = ()

    def __post_init__(self) -> None:
        check_columns(self)
        rules = [self.partials, self.adjoint, self.vjp, self.no_derivative]
        two = (self.vjp is None) != (self.jvp is None)
        if sum(bool(rule) for rule in rules) != 1 or two or (self.adjoint and not self.linear):
            raise GraphError(
                f"Primitive '{self.name}' must say what its derivative is in one way: partials, the adjoint of a "
                "linear row, vjp and jvp, or no_derivative with the reason."
            )
        for column, follows in _follows(self).items():
            object.__setattr__(self, column, follows)

    def __repr__(self) -> str:
        return f"<row {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _by_name, (self.name,)

    @property
    def __name__(self) -> str:
        """As a function is called: where a row is an activation, summaries and files know it by this."""
        return self.name

    @property
    def unwritten(self) -> bool:
        """Whether it writes nothing of its own: the number of its input, under a name or in another dtype.

        >>> cr.variable(1.0).astype("float32").primitive.unwritten
        True
        """
        return self.text == "{0}"

    def work(self, attributes: Mapping[str, Any]) -> float:
        """Return what an element costs, in additions.

        Args:
            attributes: The attributes by name.

        Returns:
            A number: 1 for an addition.

        >>> np.exp(cr.variable(1.0)).primitive.work({})
        12
        """
        return self.cost(**attributes) if callable(self.cost) else self.cost

    def check(self, inputs: int, attributes: Mapping[str, Any]) -> None:
        """Raise GraphError unless the row takes so many inputs and these attributes.

        What is recorded by a call is right by itself; this is for what comes from elsewhere.

        Args:
            inputs: How many inputs.
            attributes: The attributes by name.

        Raises:
            GraphError: If they do not fit, saying what is expected.

        >>> np.tanh(cr.variable(0.5)).primitive.check(2, {})
        Traceback (most recent call last):
            ...
        chainrule.errors.GraphError: 'tanh' of 2 inputs with {}: too many positional arguments.
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
        """Apply the row: array-likes that know how to record it do, all others compute it.

        Args:
            inputs: Nodes, arrays or numbers: as many as the row takes.
            attributes: What else it needs, by name.

        Returns:
            A node where one of the inputs is one, else an array.

        Raises:
            GraphError: If a row of your own takes another number of inputs, or other attributes.
        """
        if self.attributes is None:  # a row of the user's, called by the user
            self.check(len(inputs), attributes)
        for x in inputs:
            record = getattr(x, "__apply_primitive__", None)
            if record is not None:
                return record(self, inputs, attributes)
        with np.errstate(all="ignore"):  # a sigmoid of -1000 overflows on its way to a right 0
            return self.forward(*(x if hasattr(x, "dtype") else np.asarray(x) for x in inputs), **attributes)


def _follows(row: Primitive) -> dict[str, Any]:
    """Return the columns that follow from those that are said."""
    found: dict[str, Any] = {}
    if row.elementwise or (row.partials is not None and row.shape in (broadcast, same_shape)):
        found |= {"elementwise": True, "mixes": ""}
    if row.adjoint is not None:
        found |= {"vjp": row.adjoint, "jvp": _tangent(row)}
    if not row.text:
        name = row.name.replace("{", "{{").replace("}", "}}")
        inputs = ", ".join(f"{{{i}}}" for i in range(count_inputs(row.forward, row.attributes or {})))
        found["text"] = f"{name}({inputs})"
        if not row.latex and row.name.isidentifier():
            called = row.name.replace("_", r"\_")
            called = rf"\{called}" if called in KNOWN_TO_LATEX.split() else rf"\operatorname{{{{{called}}}}}"
            found["latex"] = rf"{called}\left({inputs}\right)"
    if not row.numpy and isinstance(row.forward, np.ufunc) and row.forward.__name__ == row.name:
        found["numpy"] = (row.forward,)
    return found


def _tangent(row: Primitive) -> Callable[..., Any]:
    """Return the forward mode of a linear row, which is the row itself."""

    def jvp(dots: Sequence[Any], y: Any, *inputs: Any, **attributes: Any) -> Any:
        if row.linear != "together":
            alone = dots[:1] if row.linear == "first" else dots
            moved = [(*inputs[:i], dot, *inputs[i + 1 :]) for i, dot in enumerate(alone) if dot is not None]
            return reduce(plus, [row(*x, **attributes) for x in moved]) if moved else None
        moving = [_moving(dot, x) for dot, x in zip(dots, inputs, strict=True)]
        return row(*moving, **attributes)

    return jvp


def _moving(dot: Any, x: Any) -> Any:
    """Return how an input moves: not at all if nobody says so, and positions stay what they are."""
    if dot is None:
        return np.zeros_like(x) if x.dtype.kind == "f" else x
    return dot


def count_inputs(forward: Callable[..., Any], attributes: Mapping[str, Any]) -> int:
    """Return how many inputs a function takes: arguments that stand by their place and must be given."""
    if isinstance(forward, np.ufunc):
        return forward.nin
    try:
        parameters = signature(forward).parameters.values()
    except (TypeError, ValueError):  # written in C, and says nothing of it
        return 1
    by_place = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    found = [p.name for p in parameters if p.kind in by_place and p.default is p.empty]
    return max(1, len([name for name in found if name not in attributes]))


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
    except ValueError:  # written in C, and says nothing of it
        return ""
    return ""


TABLE: dict[str, Primitive] = {}


def add(row: Primitive) -> Primitive:
    """Put ``row`` into the table; a second row of the same name, or of one of NumPy's functions, is refused."""
    if row.name in TABLE:
        raise GraphError(f"The table already has a row named '{row.name}'. Choose another name.")
    for other in TABLE.values():
        for function in other.numpy:
            if function in row.numpy:
                raise GraphError(
                    f"np.{function.__name__} of a node is '{other.name}' already, and cannot be '{row.name}'."
                )
    TABLE[row.name] = row
    return row


def row(name: str, **columns: Any) -> Primitive:
    """Write a row of the table: see :class:`Primitive` for its columns."""
    return add(Primitive(name=name, **columns))


def _by_name(name: str) -> Primitive:
    if name not in TABLE:
        raise GraphError(f"This graph uses a primitive '{name}' that is not in the table. Define it first.")
    return TABLE[name]
