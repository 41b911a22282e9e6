"""Attributions: how much each part of what a network was given made a prediction what it is, with its sums checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from chainrule.arguments import public
from chainrule.doors import Door, late
from chainrule.errors import DataError, LearningWarning, ShapeError, short, unknown_name, warn
from chainrule.explaining.sensing import sensing
from chainrule.explaining.subjects import Looked, looked_at, subject_of
from chainrule.explaining.ways import Way
from chainrule.friendly import Friendly
from chainrule.graph.evaluate import Arrays
from chainrule.graph.shapes import show
from chainrule.shown import columns as aligned, counted, cut, screen

if TYPE_CHECKING:
    from chainrule.explaining.integrating import integrated
    from chainrule.explaining.occluding import occluded
else:
    integrated = late("chainrule.explaining.integrating:integrated")
    occluded = late("chainrule.explaining.occluding:occluded")

__all__ = ["Attributions", "attributions"]

Method = Literal["integrated_gradients", "gradient_input", "occlusion"]
METHODS = get_args(Method)


@dataclass(frozen=True, repr=False)
class Completeness:
    """Whether the attributions of each row add up to its prediction less that of the baseline.

    Attributes:
        sums: What the attributions add up to, ``(rows,)``.
        wanted: The prediction less that of the baseline, ``(rows,)``.
        tolerance: How far they may be apart, as a share of what the sizes of the attributions add up to.
        promised: Whether the method promises that they add up: integrated gradients do.
        steps: How many steps along the path were taken; 0 where there is no way.
        holds: For each row, whether they add up.

    >>> network = cr.Network([cr.Dense(1, initializer=[[2.0], [-1.0]])], input_shape=2)
    >>> check = cr.attributions(network, [[3.0, 1.0]]).check
    >>> print(check)
    The attributions add up to the prediction less that of the baseline, to 0.1 %, in 16 steps.
    >>> check.sums.round(3), check.wanted, check.passed
    (array([5.]), array([5.]), True)
    """

    sums: np.ndarray
    wanted: np.ndarray
    tolerance: float
    promised: bool
    steps: int
    holds: np.ndarray

    @property
    def passed(self) -> bool:
        """Whether they add up in every row.

        >>> network = cr.Network([cr.Dense(1, "tanh", initializer=2.0)], input_shape=1)
        >>> cr.attributions(network, [[3.0]], "gradient_input").check.passed
        False
        """
        return bool(self.holds.all())

    @property
    def error(self) -> float:
        """How far they are apart at most, in units of the prediction.

        >>> network = cr.Network([cr.Dense(1, initializer=2.0)], input_shape=1)
        >>> cr.attributions(network, [[3.0]], "gradient_input").check.error
        0.0
        """
        return float(np.abs(self.sums - self.wanted).max())

    def __str__(self) -> str:
        share = f"{100 * self.tolerance:.4g} %"
        steps = f", in {counted(self.steps, 'step')}" if self.steps else ""
        if self.passed:
            return f"The attributions add up to the prediction less that of the baseline, to {share}{steps}."
        missed, apart = int((~self.holds).sum()), np.abs(self.sums - self.wanted)[~self.holds].max()
        where = f"In {counted(missed, 'row')} of {len(self.holds):,} the" if len(self.holds) > 1 else "The"
        why = "" if self.promised else ", which this method does not promise"
        return (
            f"{where} attributions do not add up to the prediction less that of the baseline{why}: "
            f"they are {apart:.3g} apart{' at most' if missed > 1 else ''}{steps}."
        )

    def __repr__(self) -> str:
        return f"<Completeness: {self}>"


@dataclass(frozen=True, eq=False, repr=False)
class Attributions(Friendly):
    """How much each part of what was given made each prediction what it is. :func:`attributions` makes one.

    Attributes:
        method: "integrated_gradients", "gradient_input" or "occlusion".
        values: An array with a row for each example, of the shape of what was given: for a table a number for each
            column, for words a number for each word. Of several inputs a dict by name, of sequences of different
            lengths a list.
        names: What the columns are called, of a table.
        of: Which output of each row is explained: its place, or what it is called.
        predicted: That output, ``(rows,)``, in units of the target.
        baseline: The same output for the baseline.
        check: Whether the attributions add up.

    >>> table, target = cr.load_table("iris")
    >>> model = cr.TableModel.train(table, target, epochs=30)
    >>> found = cr.attributions(model, table[:2])
    >>> found.names[:2], found.values.shape, found.of
    (('sepal_length', 'sepal_width'), (2, 4), ('setosa', 'setosa'))
    >>> found.check.passed
    True
    """

    method: str
    values: Any
    names: tuple[str, ...]
    of: tuple[Any, ...]
    predicted: np.ndarray
    baseline: np.ndarray
    check: Completeness
    _repr_html_ = Door()

    @property
    def parts(self) -> dict[str, Any]:
        """The values of each input, by name; a network of one input calls it "x".

        >>> network = cr.Network([cr.Dense(1, initializer=2.0)], input_shape=1)
        >>> cr.attributions(network, [[3.0]], "gradient_input").parts
        {'x': array([[6.]])}
        """
        return self.values if isinstance(self.values, dict) else {"x": self.values}

    @public
    def largest(self, row: int = 0, most: int = 10) -> list[tuple[str, float]]:
        """Return the parts that matter most to a row, with what each adds to the prediction, the largest first.

        Args:
            row: Which row, from 0.
            most: How many at most.

        Returns:
            Pairs of a name, such as "petal_length" or "x[3, 4]", and a number.

        Raises:
            DataError: If there is no such row.

        >>> network = cr.Network([cr.Dense(1, initializer=[[2.0], [-1.0]])], input_shape=2)
        >>> [(name, round(value, 3)) for name, value in cr.attributions(network, [[3.0, 1.0]]).largest()]
        [('x[0]', 6.0), ('x[1]', -1.0)]
        """
        if not isinstance(row, int | np.integer) or not 0 <= row < len(self.of):
            raise DataError(f"There are rows 0 to {len(self.of) - 1}; found row {short(row)}.")
        found: list[tuple[str, float]] = []
        for name, values in self.parts.items():
            each = np.asarray(values[row])
            flat = each.ravel()
            for place in np.argsort(-np.abs(flat), kind="stable")[:most]:
                index = ", ".join(map(str, np.unravel_index(place, each.shape)))
                called = self.names[place] if self.names else f"{name}[{index}]" if index else name
                found.append((called, float(flat[place])))
        return sorted(found, key=lambda pair: -abs(pair[1]))[:most]

    @public
    def to_dict(self) -> dict[str, Any]:
        """Return plain data: lists and numbers.

        >>> network = cr.Network([cr.Dense(1, initializer=2.0)], input_shape=1)
        >>> cr.attributions(network, [[3.0]], "gradient_input").to_dict()["values"]
        [[6.0]]
        """

        def plain(values: Any) -> Any:
            if isinstance(values, dict):
                return {name: plain(each) for name, each in values.items()}
            return [each.tolist() for each in values] if isinstance(values, list) else values.tolist()

        check = self.check
        return {
            "method": self.method, "names": list(self.names), "of": list(self.of), "values": plain(self.values),
            "predicted": self.predicted.tolist(), "baseline": self.baseline.tolist(),
            "check": {"passed": check.passed, "error": check.error, "steps": check.steps},
        }  # fmt: skip

    def __str__(self) -> str:
        row = 0
        rows = [(name, f"{value:+.4g}") for name, value in self.largest(row)]
        of = f" of {self.of[row]}" if isinstance(self.of[row], str) else ""
        most = f", the largest {len(rows)}" if prod(np.shape(self.parts["x"][row])) > len(rows) else ""
        more = f" (row 0 of {len(self.of):,})" if len(self.of) > 1 else ""
        lines = [
            f"Prediction{of}: {self.predicted[row]:.4g}; of the baseline: {self.baseline[row]:.4g}{more}.",
            f"What is between them, by {self.method.replace('_', ' ')}{most}:",
            *aligned([(cut(name, 40), value) for name, value in rows]),
            str(self.check),
        ]
        return "\n".join(screen(lines))

    def __repr__(self) -> str:
        return f"<Attributions by {self.method} of {counted(len(self.of), 'row')}; {self.check}>"


@public
def attributions(
    network: Any,
    X: Any,
    method: Method | str = "integrated_gradients",
    *,
    baseline: Any = None,
    output: Any = None,
    window: int | Sequence[int] | None = None,
    stride: int | Sequence[int] | None = None,
    tolerance: float = 0.001,
) -> Attributions:
    """Say how much each part of what a network is given made its prediction what it is, beside a baseline.

    ``integrated_gradients`` go from the baseline to the row in a straight line and add up the gradient on the way
    (Sundararajan, Taly & Yan 2017): they add up to the prediction less that of the baseline, which is checked, and as
    many steps are taken as that needs. ``gradient_input`` is the gradient at the row times how far it is from the
    baseline (Shrikumar et al. 2017): quick, and right where the network is linear between the two. ``occlusion`` puts
    the baseline in the place of a part, and looks how much the prediction falls (Zeiler & Fergus 2014). All gradients
    are those of the network's graph at prediction, of a mixture of networks too.

    Args:
        network: A :class:`Network`, a :class:`TableModel`, or a fitted estimator around one.
        X: Rows, as ``network.predict`` takes them; for a model of a table a table, or the path of a file.
        method: "integrated_gradients", "gradient_input" or "occlusion".
        baseline: What stands for "nothing": a number, an example, or a row for each row of X; "mean" is the mean of X;
            for a model of a table a table of one row. By default 0, which is the mean of standardised columns and black
            in pictures; of a table a row with the mean of every number and none of the categories. For words 0, too: a
            word that an embedding makes nothing of.
        output: Which output is explained: its place, the name of a class or column, or a place for each row. By default
            the most probable class of each row, or the only output.
        window: For occlusion: how many places of each axis are covered together; axes that are not named are covered as
            a whole, as the channels of a picture are. By default an eighth of each side of a picture, one step of a
            series, one column, one word.
        stride: For occlusion: how far the window moves; by default half of it.
        tolerance: How far sums may be apart, as a share of what the sizes of the attributions add up to.

    Returns:
        The values, with the shape of X, and whether they add up; printed, the largest of the first row.

    Raises:
        DataError: If X does not fit the network, or output, baseline or window does not fit X.
        ShapeError: If the baseline has neither the shape of an example nor that of X.
        GraphError: If there is no network in what is to be explained.
        UnknownNameError: If there is no such method, or output.
        NoDerivativeError: If no gradient leads to what the network is given; occlusion needs none.

    >>> X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 1])
    >>> network = cr.Network([cr.Dense(4, "tanh"), cr.Dense(1, "sigmoid")], seed=0)
    >>> history = network.fit(X, y, optimizer=cr.Adam(0.05), epochs=300)
    >>> found = cr.attributions(network, [[1, 1]])
    >>> found.values.sum().round(2) == (found.predicted - found.baseline)[0].round(2)
    np.True_
    """
    if method not in METHODS:
        raise unknown_name("method", method, METHODS)
    if not isinstance(tolerance, int | float) or not 0 < tolerance < 1:
        raise DataError(f"tolerance is a share above 0 and below 1, such as 0.001; found {short(tolerance)}.")
    if method != "occlusion" and (window is not None or stride is not None):
        raise DataError(
            f"window and stride are for occlusion; by {method} every number has a part of its own."
        )
    subject = subject_of(network, X)
    looked = looked_at(subject, X, output)
    sensed = sensing(looked, method != "occlusion")
    way = Way(sensed, sensed.of(looked.arrays), sensed.of(baseline_of(looked, baseline), baseline is None))
    steps = 0
    if method == "occlusion":
        parts = occluded(way, window, stride)
    elif method == "gradient_input":
        parts = at_the_row(way)
    else:
        parts, steps = integrated(way, tolerance)
    check = Completeness(
        way.sums(parts),
        way.ends[0] - way.ends[1],
        tolerance,
        method == "integrated_gradients",
        steps,
        way.adds_up(parts, tolerance),
    )
    if check.promised and not check.passed:
        warn(f"{check} A graph with jumps has no such sums.", LearningWarning)
    values, names = _as_given(looked, parts)
    return Attributions(str(method), values, names, looked.of, *way.ends, check)


def at_the_row(way: Way) -> dict[str, np.ndarray]:
    """Return the gradient at each row times how far it is from the baseline."""
    return way.times_distance(way.sensed.at(way.here, np.arange(way.rows))[1])


# --- what is given, and given back -------------------------------------------------------------------------


def baseline_of(looked: Looked, baseline: Any) -> Arrays:
    """Return what stands for nothing, a row for each row, as the network takes it."""
    inputs = looked.programs.architecture.inputs
    if isinstance(baseline, str):
        if baseline != "mean":
            raise DataError(f"baseline is a number, an example, rows, or 'mean'; found {short(baseline)}.")
        given: Any = {n: x.mean(axis=0, keepdims=True) for n, x in zip(inputs, looked.arrays, strict=True)}
    elif isinstance(baseline, Mapping):
        given = baseline
    elif baseline is None or len(inputs) > 1:
        given = dict.fromkeys(inputs, 0.0 if baseline is None else baseline)
    else:
        given = {next(iter(inputs)): baseline if np.isscalar(baseline) else looked.subject.read(baseline)}
    found: Arrays = []
    for name, x in zip(inputs, looked.arrays, strict=True):
        if name not in given:
            raise DataError(
                f"baseline has no part for the input {short(name)}: it is a dict by name, as X is."
            )
        try:
            part = np.asarray(given[name], x.dtype)
        except (TypeError, ValueError):
            raise DataError(f"baseline is made of numbers, as X is; found {short(given[name])}.") from None
        try:
            found.append(np.array(np.broadcast_to(part, x.shape)))
        except ValueError:
            raise ShapeError(
                f"baseline has shape {show(part.shape)}; expected one example {show(x.shape[1:])}, or a row for each "
                f"row of X, {show(x.shape)}."
            ) from None
        if not np.isfinite(found[-1]).all():
            raise DataError("baseline holds NaN or infinity, from which nothing is computed.")
    return found


def _as_given(looked: Looked, parts: Mapping[str, np.ndarray]) -> tuple[Any, tuple[str, ...]]:
    """Return values in the shape of what the owner gave, and the names of columns."""
    inputs = list(looked.programs.architecture.inputs)
    subject = looked.subject
    if subject.columns:
        (values,) = parts.values()
        if values.shape[1] != len(subject.columns):
            values = np.stack([values[:, each].sum(axis=1) for each in subject.columns.values()], axis=1)
        return values, tuple(subject.columns)
    if len(inputs) > 1:
        return {name: parts[name] for name in inputs if name in parts}, ()
    (values,) = parts.values()
    if looked.lengths is not None:
        return [row[:steps] for row, steps in zip(values, looked.lengths, strict=True)], ()
    names = subject.names
    return values, names if values.ndim == 2 and len(names) == values.shape[1] else ()
