"""From a scalar graph to its explanation: forward, then the chain rule along every path and node by node."""

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from chainrule.arguments import public
from chainrule.doors import late
from chainrule.errors import GraphError, NoDerivativeError, short
from chainrule.explaining import arrays
from chainrule.explaining.formula import derivative
from chainrule.explaining.local import in_numbers, in_symbols, slopes, smoothly_used
from chainrule.explaining.loops import written_out
from chainrule.explaining.matrices import explained
from chainrule.explaining.matrix_steps import MatrixExplanation
from chainrule.explaining.notation import notation_of
from chainrule.explaining.outline import Outline, Step, in_lecture_order, outline
from chainrule.explaining.paths import ChainRule
from chainrule.explaining.remarks import all_remarks, remarks
from chainrule.explaining.steps import Explanation, ForwardStep, Given, LocalDerivative
from chainrule.graph import show
from chainrule.graph.closed import bodies, replaced
from chainrule.graph.evaluate import evaluate
from chainrule.graph.node import Node, NodeLike, input, leaf_key, nodes_of
from chainrule.graph.primitives.attributes import whole
from chainrule.graph.walk import order
from chainrule.transform.backprop import grad

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from chainrule.explaining.networks import NetworkExplanation
    from chainrule.explaining.weights import WeightExplanation
    from chainrule.nn.kinds import LossLike
    from chainrule.train.kinds import OptimizerLike

__all__ = ["Explanation", "MatrixExplanation", "explain"]

MOST_DIGITS = 17  # which tell any two float64 apart

_of_network = late("chainrule.explaining.asking:explained")  # for which nobody waits who explains a formula


@overload
def explain(
    J: NodeLike,
    wrt: NodeLike | Sequence[NodeLike] | None = None,
    feed: "Mapping[Node, ArrayLike] | None" = None,
    *,
    digits: int | None = None,
    notation: str | Sequence[str] | None = None,
) -> Explanation | MatrixExplanation: ...
@overload
def explain(
    J: Any,
    wrt: Any,
    feed: Any,
    *,
    parameter: str,
    index: int | Sequence[int] | None = None,
    optimizer: "OptimizerLike | None" = None,
    loss: "LossLike" = None,
    sample_weight: "ArrayLike | None" = None,
    digits: int | None = None,
    notation: str | Sequence[str] | None = None,
) -> "WeightExplanation": ...
@overload
def explain(
    J: Any,
    wrt: Any,
    feed: Any = None,
    *,
    output: Any = None,
    loss: "LossLike" = None,
    sample_weight: "ArrayLike | None" = None,
    digits: int | None = None,
    notation: str | Sequence[str] | None = None,
) -> "NetworkExplanation": ...
@public
def explain(
    J: Any,
    wrt: Any = None,
    feed: Any = None,
    *,
    output: Any = None,
    parameter: str | None = None,
    index: int | Sequence[int] | None = None,
    optimizer: "OptimizerLike | None" = None,
    loss: "LossLike" = None,
    sample_weight: "ArrayLike | None" = None,
    digits: int | None = None,
    notation: str | Sequence[str] | None = None,
) -> "Explanation | MatrixExplanation | NetworkExplanation | WeightExplanation":
    """Explain a graph, or a network on rows: its value step by step, and its derivatives by the chain rule.

    Where steps inside the graph have names (``.named("u")``), what was written in one line is one step; where
    none has, every operation is a step, called t1, t2 ... A derivative of more than 32 paths is told node by
    node, in one pass backwards. A loop (:func:`scan`) of up to 10 steps is written out, step after step.

    A graph of arrays is told in matrix form, with shapes: :class:`MatrixExplanation`. Every gradient is written in
    terms of those of the steps behind it, and simplified where that makes it shorter.

    Of a network, ``cr.explain(network, X, y)`` tells which inputs and weights made each output, layer by layer, and how
    the cost of these rows and its gradients come about: :class:`NetworkExplanation`. With ``parameter`` and ``index``
    it tells why the next step of an optimizer moves that weight, and how far: the gradient as a product of factors,
    then the optimizer's rule in numbers; that step is done, with a copy of the network: :class:`WeightExplanation`.

    Args:
        J: A node of shape ``()``; of an array the way forward is told, and no gradient. Or a :class:`Network`, a
            :class:`TableModel`, or a fitted estimator around one.
        wrt: The node, or nodes, to differentiate by; leaves and intermediate ones alike. By default every
            variable of the graph. With a network its X: rows, as ``predict`` takes them, or one.
        feed: A value for each input of the graph. With a network its y: the targets of the rows.
        output: Of a network: which output is explained, as in :func:`attributions`.
        parameter: Of a network: whose weight is explained, "W1"; also with its place, "W1[0,2]".
        index: The place of that weight, a whole number for each axis.
        optimizer: Which rule moves it, as in :meth:`Network.fit`; by default that of the last fit, else Adam. It is the
            first step of a fit, with all rows at once.
        loss: As in :meth:`Network.fit`: by default that of the last fit.
        sample_weight: Likewise.
        digits: How many digits of a number are written: by default 6 of one, and 4 in an array.
        notation: How arrays are written, a name or several: "x W", the default, with examples in rows, "x Wᵀ", or with
            examples in columns "W x" and "Wᵀ x"; layers as "W1", "W^[1]", or their weights as "θ1".

    Returns:
        Data: print it, show it in a notebook, read its steps, or take ``.latex()`` or ``.to_dict()`` from it.

    Raises:
        ShapeError: If gradients of an array are asked for.
        GraphError: If an input has no value, or a loop has too many steps; if digits is none from 1 to 17.
        NoDerivativeError: If ``wrt`` can only be reached through something that has no derivative.
        DataError: If X or y does not fit the network, or ``index`` is the place of no weight.
        UnknownNameError: If no parameter, output, loss, optimizer or notation bears a name.

    The example of the lecture on computation graphs, J = 3(a + bc) at a = 5, b = 3, c = 2:

    >>> a, b, c = cr.variable(5.0, "a"), cr.variable(3.0, "b"), cr.variable(2.0, "c")
    >>> u = (b * c).named("u")
    >>> v = (a + u).named("v")
    >>> J = (3 * v).named("J")
    >>> explanation = cr.explain(J, wrt=c)
    >>> for step in explanation.forward:
    ...     print(step)
    u = b · c = 3 × 2 = 6
    v = a + u = 5 + 6 = 11
    J = 3 · v = 3 × 11 = 33
    >>> print(explanation.derivatives[0])
    dJ/dc = dJ/dv · dv/du · du/dc = 3 × 1 × 3 = 9

    A layer and a loss. That of sigmoid and cross-entropy together comes to A - Y, which is found, not looked up:

    >>> X, Y = cr.input("X", ("m", 2)), cr.input("Y", ("m", 1))
    >>> W, b = cr.variable([[1.0], [-2.0]], "W"), cr.variable([0.5], "b")
    >>> A = cr.sigmoid((X @ W + b).named("Z")).named("A")
    >>> J = -np.mean(Y * np.log(A) + (1 - Y) * np.log(1 - A))
    >>> told = cr.explain(J, feed={X: [[1, 0], [0, 1]], Y: [[1], [0]]})
    >>> for step in told.backward:
    ...     print(step)
    dA = (1 − Y) / (1 − A) − Y / A   (2, 1)
    dZ = dA ∘ A ∘ (1 − A) = A − Y   (2, 1)
    dW = Xᵀ · dZ / m   (2, 1)
    db = sum(dZ, axis=0) / m   (1,)
    """
    if digits is not None and not (whole(digits) and 1 <= digits <= MOST_DIGITS):
        raise GraphError(
            f"digits says how many digits of a number are written, 1 to {MOST_DIGITS}; found {short(digits)}."
        )
    asked_notation = notation_of(notation)
    if hasattr(J, "predict"):
        how = {"optimizer": optimizer, "loss": loss, "sample_weight": sample_weight}
        how |= {"digits": digits, "notation": notation}
        return _of_network(J, wrt, feed, output=output, parameter=parameter, index=index, **how)
    (J,) = nodes_of([J], "explain")
    if feed is not None and not isinstance(feed, Mapping):
        raise GraphError("feed gives a value to each input of the graph: feed={x: 3.0}.")
    given = _checked(order([J]), feed)
    has_loops = any(bodies(n) for n in order([J]))
    J, wrt, given = written_out(J, wrt, given)
    if (inner := next((n for n in order([J]) if bodies(n)), None)) is not None:
        raise GraphError(
            f"explain tells single steps, and '{inner.name or inner.primitive.name}' has a graph of its own, which is "
            "computed again and again. Write out what it does, step by step."
        )
    if any(n.shape for n in order([J])):
        return explained(
            J,
            _wanted(J, order([J]), wrt),
            given,
            wrt is not None,
            digits or arrays.DIGITS,
            has_loops,
            asked_notation,
        )
    digits = digits or show.DIGITS
    graph = order([J])
    wanted = _wanted(J, graph, wrt)
    told = outline(J, wanted)
    gradients, refusal = _gradients(J, wanted, given, asked=wrt is not None)
    run = evaluate([J], given)
    steps = [step for step in told.steps if step.node in run]
    symbols = {step: input(step.name, (), step.node.dtype) for step in steps}
    values = {symbol: run[step.node] for step, symbol in symbols.items()}
    formulas: dict[Step, Node] = {}
    for step in [step for step in steps if step.node.inputs]:
        (formulas[step],) = replaced([step.node], {x: symbols[told.of(x)] for x in step.inputs})
    reading = Reading(told, symbols, values, formulas, digits)
    forward = tuple(_forward_step(step, reading) for step in reading.formulas)
    local = _local_derivatives(reading, {told.of(w) for w in gradients})
    # Users before what they use: from the highest level down, and within a level in the forward order.
    names = [step.name for step in sorted(steps, key=lambda step: -step.level)]
    rule = ChainRule(told.of(J).name, names, local, digits)
    derivatives = tuple(rule.derivative(told.of(w), gradient) for w, gradient in gradients.items())
    return Explanation(
        rule.of,
        _given(steps, run, digits),
        forward,
        tuple(local),
        derivatives,
        tuple(rule.backward.values()),
        all_remarks(rule.of, refusal, forward, derivatives, run, reading.formulas.values()),
    )


@dataclass(frozen=True, eq=False)
class Reading:
    """An outline with a symbol for each step, the symbols' values, and each step's formula over symbols."""

    told: Outline
    symbols: Mapping[Step, Node]
    values: Mapping[Node, np.ndarray]
    formulas: Mapping[Step, Node]
    digits: int

    def known(self, *steps: Step) -> dict[Node, np.ndarray]:
        """Return the symbols of some steps, and their values."""
        return {self.symbols[s]: self.values[self.symbols[s]] for s in steps}


def _wanted(J: Node, graph: Iterable[Node], wrt: Any) -> list[Node]:
    if wrt is None:
        nodes = [n for n in graph if n.primitive.name == "variable" and n.dtype.kind == J.dtype.kind == "f"]
    else:
        nodes = [wrt] if isinstance(wrt, Node) else list(wrt)
    wanted: dict[Any, Node] = {}
    for node in nodes:
        if not isinstance(node, Node):
            raise GraphError(f"explain differentiates by nodes; found {type(node).__name__} in wrt.")
        wanted.setdefault(leaf_key(node), node)
    return list(wanted.values())


def _checked(graph: Iterable[Node], feed: Mapping[Node, Any] | None) -> dict[Node, Any]:
    given = dict(feed or {})
    for node in given:
        if not isinstance(node, Node) or node.primitive.leaf != "given":
            raise GraphError(f"feed gives values to inputs, and '{node}' is none. Write feed={{x: 3.0}}.")
    known = {leaf_key(n) for n in given}
    for node in graph:
        if node.primitive.name == "input" and leaf_key(node) not in known:
            raise GraphError(
                f"The input '{node.name}' has no value. "
                f"Give it one: cr.explain(J, feed={{{node.name}: 3.0}})."
            )
    return given


def _gradients(
    J: Node, wanted: list[Node], given: Mapping[Node, Any], asked: bool
) -> tuple[dict[Node, float], str]:
    """Return what ``grad`` finds, or the reason why there is nothing to find where nobody asked for it."""
    try:
        gradients = grad(J, wanted) if wanted else []
    except NoDerivativeError as error:
        if asked:
            raise
        return {}, str(error)
    run = evaluate(gradients, given)
    return {w: float(run[g]) for w, g in zip(wanted, gradients, strict=True)}, ""


def _given(steps: Iterable[Step], run: Mapping[Node, np.ndarray], digits: int) -> tuple[Given, ...]:
    """Return the leaves as one lists them: w1 to w6, then b1 to b3, then the inputs."""
    leaves = [
        Given(s.name, s.node.primitive.name, float(run[s.node]), s.node, digits)
        for s in steps
        if not s.node.inputs
    ]
    return in_lecture_order(leaves)


def _forward_step(step: Step, reading: Reading) -> ForwardStep:
    formula, inputs = reading.formulas[step], reading.told.inputs(step)
    known = reading.known(*inputs)
    return ForwardStep(
        step.name,
        tuple(x.name for x in inputs),
        in_symbols(formula, reading.digits),
        in_numbers(formula, known, reading.digits),
        float(reading.values[reading.symbols[step]]),
        tuple(remarks(formula, known)),
        step.node,
        reading.digits,
    )


def _local_derivatives(reading: Reading, wanted: Iterable[Step]) -> list[LocalDerivative]:
    """Differentiate each step by those of its inputs through which a way leads to what is ``wanted``.

    They come as the chain rule is read, from J on.
    """
    told, symbols, moving = reading.told, reading.symbols, set(wanted)
    used = Counter(x for step in reading.formulas for x in told.inputs(step))
    found: list[tuple[int, LocalDerivative]] = []
    for step, formula in reading.formulas.items():
        smooth = smoothly_used(formula)
        inputs = [x for x in told.inputs(step) if x in moving and symbols[x] in smooth]
        if not inputs:
            continue
        moving.add(step)
        known = reading.known(step, *told.inputs(step))
        found_slopes = slopes(formula, symbols[step], [symbols[x] for x in inputs], known, reading.digits)
        for x, slope in zip(inputs, found_slopes, strict=True):
            others = [other for other in inputs if other is not x]
            partial = used[x] > 1 and _leads_to(x, others, told, moving)
            symbol = derivative(step.name, x.name, partial)
            found.append((step.level, LocalDerivative(step.name, x.name, symbol, *slope, reading.digits)))
    return [local for _, local in sorted(found, key=lambda each: -each[0])]


def _leads_to(target: Step, starts: Iterable[Step], told: Outline, moving: set[Step]) -> bool:
    """Tell whether one of ``starts`` is computed from ``target``, whose derivative is then a partial one."""
    seen = set(starts)
    queue = deque(seen)
    while queue:
        step = queue.popleft()
        if step is target:
            return True
        below = [x for x in told.inputs(step) if x in moving and x.level >= target.level and x not in seen]
        seen.update(below)
        queue.extend(below)
    return False
