"""What :func:`explain` says of a network on rows: outputs, the cost and its gradients, or why a weight moves."""

from typing import Any, cast

import numpy as np

from chainrule.errors import ChainruleError, DataError
from chainrule.explaining.explanation import explain
from chainrule.explaining.matrix_steps import MatrixExplanation
from chainrule.explaining.networks import NetworkExplanation
from chainrule.explaining.notation import notation_of
from chainrule.explaining.stepping import weight_told
from chainrule.explaining.subjects import looked_at, rows_of, subject_of
from chainrule.explaining.weights import WeightExplanation
from chainrule.graph.node import Node, with_inputs
from chainrule.graph.walk import rebuild
from chainrule.nn.layers.base import SEED, STEP
from chainrule.nn.reading import seen_inside
from chainrule.train.network import Network
from chainrule.train.objective import Examples


def explained(thing: Any, X: Any, y: Any = None, **asked: Any) -> NetworkExplanation | WeightExplanation:
    """Return what :func:`explain` says of a network, or of a model around one."""
    subject = subject_of(thing, X)
    network, parameter, output = subject.network, asked.pop("parameter", None), asked.pop("output", None)
    written = {name: asked.pop(name, None) for name in ("digits", "notation")}
    told_as = {name: said for name, said in written.items() if said is not None}
    if "notation" in told_as:
        told_as["notation"] = notation_of(told_as["notation"])
    network.architecture  # noqa: B018 -- of its own from now on, so that its nodes have the values
    if X is None:
        raise DataError("A network is explained on rows: cr.explain(network, X, y).")
    if parameter is not None:
        y = subject.targets(X) if y is None and subject.targets else y
        if y is None:
            raise DataError("What moves a weight is a cost, and a cost needs targets: give y.")
        X, y = rows_of(network, subject.read(X), y)
        return weight_told(network, X, y, parameter, before=getattr(thing, "_left", None), **told_as, **asked)
    if asked.get("index") is not None:
        raise DataError('index is the place of a weight in a parameter: say which, parameter="W1".')
    looked = looked_at(subject, X, output)
    predicted = looked.programs.outputs(looked.programs.output, looked.arrays)[0]
    chosen = (predicted * looked.picked).reshape(looked.rows, -1).sum(axis=1, dtype=np.float64)
    told: MatrixExplanation | None = None
    remark = ""
    if y is not None:
        X, y = rows_of(network, subject.read(X), y)
        examples = network._examples(network._read(X, y, asked.get("sample_weight")), asked.get("loss"))
        try:
            told = derived(network, examples, **written)
        except ChainruleError as error:
            remark = f"How the gradients come about is not told: {error}"
    architecture = looked.programs.architecture
    every = (*architecture.parameters.values(), *architecture.statistics.values())
    values = {w: w.value for w in every}
    return NetworkExplanation(
        looked.in_units(chosen, np.arange(looked.rows)), looked.of, remark, looked, values, told, told_as
    )


def derived(network: Network, examples: Examples, **written: Any) -> MatrixExplanation:
    """Return the cost of rows and its gradients as they come about, named as the layers' activations are: Z1, A1 ..."""
    """Return the cost of rows and its gradients as they come about, named as the layers' activations are: Z1, A1 ..."""
    goal, table = examples
    architecture = goal.architecture
    seen = {name: n for name, (n, _) in seen_inside(architecture).items()}
    cost, *parts = goal.learning([goal.cost, *seen.values()])
    names: dict[Node, str] = {}
    for name, n in zip(seen, parts, strict=True):
        names.setdefault(n, name)

    def visit(node: Node, inputs: tuple[Node, ...]) -> Node:
        new = with_inputs(node, inputs)
        return new.named(names[node]) if node in names else new

    became = rebuild([cost], visit)
    feed: dict[Node, Any] = dict(zip(goal.inputs, table, strict=True)) | {STEP: 0, SEED: network.seed}
    learned = [architecture.parameters[name] for name in goal.trained]
    return cast(
        MatrixExplanation, explain(became[cost].named("J"), learned, feed, **written)
    )  # rows are arrays
