"""The network: an architecture and its parameters, with fit, predict and save."""

import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from chainrule import plain
from chainrule.engines.compiled import Compiled
from chainrule.engines.recent import Recent
from chainrule.engines.registry import engine_named
from chainrule.engines.stages import show_stage
from chainrule.errors import (
    DataError,
    FileFormatError,
    GraphError,
    ShapeError,
    UnknownNameError,
    short,
    unknown_name,
    within_memory,
)
from chainrule.graph.node import Node, mark
from chainrule.graph.shapes import show
from chainrule.nn import activations, losses
from chainrule.nn.architecture import Architecture, branches, chain, check_layers
from chainrule.nn.budget import check_size
from chainrule.nn.layers.base import SEED, STEP, Layer
from chainrule.nn.reading import at, initial_values, output_kind, summary
from chainrule.nn.saved import check_arrays, from_config, to_config
from chainrule.train import fitting, frames, metrics, store as files, validation as door
from chainrule.train.history import History
from chainrule.train.objective import (
    Objective,
    Prediction,
    evaluation_program,
    gradient_program,
    lasting,
    objective,
    prediction_program,
    training_program,
)
from chainrule.train.optimizers import LBFGS, optimizer as find_optimizer
from chainrule.transform.check import GradientReport, check_gradients

# What each loss takes as targets; any other takes numbers.
KINDS = {"binary_crossentropy": "probabilities", "categorical_crossentropy": "labels", "poisson": "counts"}
# After which of our activations a crossentropy finds the probabilities it compares, the usual one first.
PROBABILITIES = {
    "binary_crossentropy": ("sigmoid", "softmax", "step"),
    "categorical_crossentropy": ("softmax",),
}
MOST_KEPT = 16  # of what is compiled for a network
ROWS_AT_ONCE = 8192  # a prediction's intermediate values then stay within a few megabytes for usual widths


class ParameterNameError(UnknownNameError, KeyError):
    """A name that no parameter bears; dicts raise KeyError."""

    __str__ = Exception.__str__


class Parameters(MutableMapping[str, np.ndarray]):
    """The parameters of a network by name; assigning checks the shape. ``gamma1`` finds ``gamma_1``."""

    def __init__(self, nodes: Mapping[str, Node]) -> None:
        self._nodes = dict(nodes)
        self._aliases = {name.replace("_", ""): name for name in self._nodes}

    def _find(self, name: str) -> Node:
        known = name if name in self._nodes else self._aliases.get(str(name).replace("_", ""))
        if known is None:
            raise ParameterNameError(str(unknown_name("parameter", name, self._nodes)))
        return self._nodes[known]

    def __getitem__(self, name: str) -> np.ndarray:
        value: np.ndarray = self._find(name).attributes["cell"].value
        return value

    def __setitem__(self, name: str, value: Any) -> None:
        node = self._find(name)
        array = door.as_numbers(value, name)
        if array.shape != node.shape:
            raise ShapeError(f"{name} has shape {show(node.shape)}; the value given has {show(array.shape)}.")
        node.value = array

    def __delitem__(self, name: str) -> None:
        raise GraphError(f"{name} is part of the network and cannot be deleted.")

    def __iter__(self) -> Iterator[str]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{k!r}: {show(n.shape)}" for k, n in self._nodes.items()) + "}"


class Network:
    """A neural network: layers, and the numbers they have learned.

    Args:
        layers: A list of layers, one after the other; or a function from named input nodes to the output
            node, for branches and several inputs.
        inputs: With a function: the shape of one example of each input, by name.
        input_shape: With a list: the shape of one example, ``(4,)``; without it, the data that the network
            first sees decides.
        dtype: "float32", or "float64" to see a lecture's digits.
        seed: Fixes initial weights, shuffles and dropout: the same seed gives the same bits. None draws one.
        engine: The name of one of ``cr.ENGINES``, or "auto": the one that is done first, compiling included.

    >>> import numpy as np
    >>> X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    >>> from chainrule.nn.layers import Dense
    >>> network = Network([Dense(8, "tanh"), Dense(1, "sigmoid")], seed=0)
    >>> history = network.fit(X, y, optimizer="adam", epochs=500)
    >>> network.predict_classes(X)
    array([0, 1, 1, 0])
    """

    @within_memory
    def __init__(
        self,
        layers: Sequence[Layer] | Callable[..., Node],
        inputs: Mapping[str, Any] | None = None,
        *,
        input_shape: int | Sequence[int] | None = None,
        dtype: Any = "float32",
        seed: int | None = None,
        engine: str = "auto",
    ) -> None:
        self.dtype = _float_name(dtype)
        self.seed = secrets.randbits(32) if seed is None else _seed(seed)
        if engine != "auto":
            engine_named(engine)
        self.engine = engine
        self.extra: dict[str, Any] = {}
        self.loss: Any = None
        self.runs = 0  # how often it was fitted: each run has shuffles and dropout of its own
        self.columns: dict[str, frames.Names] = {}  # of each input that was fitted on a table with names
        self.target_columns: frames.Names = ()  # likewise, where y has several
        self._architecture: Architecture | None = None
        self._begin()
        self._layers: list[Any] | None = None
        if isinstance(layers, Layer):
            layers = [layers]
        if callable(layers) and not isinstance(layers, type):
            if not isinstance(inputs, Mapping) or not inputs or input_shape is not None:
                raise GraphError(
                    "A network drawn by a function needs the shape of each input by name: "
                    'inputs={"image": (8, 8), "radar": (3,)}.'
                )
            self._adopt(branches(layers, inputs, self.dtype))
            return
        if inputs is not None:
            raise GraphError("inputs= goes with a function; for a list of layers give input_shape=(4,).")
        self._layers = check_layers(layers)
        if input_shape is not None:
            self._build(input_shape)

    # --- what it is made of ---

    def _build(self, shape: Any) -> None:
        self._adopt(chain(self._layers or [], shape, self.dtype))

    def _adopt(self, architecture: Architecture) -> None:
        values = initial_values(architecture, self.seed)
        self._architecture = architecture
        self._forget()
        self._set(values)

    def _begin(self) -> None:
        """Begin with nothing compiled, and with no thread at work."""
        self._learning = threading.Lock()  # held by the one fit there may be
        self._moving = threading.Lock()  # held while values are read or replaced: no one sees half
        self._forget()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let no one else change what the network has learned."""
        if not self._learning.acquire(blocking=False):
            raise GraphError(
                "This network is being fitted just now, by another thread or by the fit that this callback belongs "
                "to. Wait for it, or fit a copy: copy.deepcopy(network)."
            )
        try:
            yield
        finally:
            self._learning.release()

    def _forget(self) -> None:
        """Forget what was made of an architecture."""
        self._predictions: Recent[Prediction] = Recent(MOST_KEPT)  # what computes nodes of the network
        self._objectives: Recent[Objective] = Recent(MOST_KEPT)

    @within_memory
    def initialize(self, seed: int | None = None) -> None:
        """Set every parameter back to its first value; with ``seed``, to those of another seed.

        Initial values that were given as an array are not kept in files: a network from a file draws them.
        """
        new = self.seed if seed is None else _seed(seed)
        with self.alone():
            self._set(initial_values(self.architecture, new))
            self.seed, self.runs = new, 0
            self.columns, self.target_columns = {}, ()

    def _set(self, values: Mapping[str, np.ndarray]) -> None:
        for name, value in values.items():
            self._node(name).value = value

    def _node(self, name: str) -> Node:
        found = self.architecture
        return found.parameters[name] if name in found.parameters else found.statistics[name]

    @property
    def architecture(self) -> Architecture:
        """The network as graph: its input, output, layer and parameter nodes."""
        if self._architecture is None:
            raise GraphError(
                "This network has not seen data yet, so the shape of its input is unknown. "
                "Give input_shape=(4,) when you make it, or fit it first."
            )
        return self._architecture

    @property
    def layers(self) -> list[Layer]:
        """The layers, in order; one that is used twice stands twice."""
        if self._architecture is None:
            return list(self._layers or [])
        return [call.layer for call in self.architecture.calls.values()]

    @property
    def inputs(self) -> dict[str, Node]:
        """The input nodes, by name."""
        return dict(self.architecture.inputs)

    @property
    def output(self) -> Node:
        """The output node, as it is at prediction."""
        return at([self.architecture.output], training=False)[0]

    @property
    def parameters(self) -> Parameters:
        """What is learned, by name: "W1", "b1", ...; l counts the layers with units."""
        return Parameters(self.architecture.parameters)

    @property
    def statistics(self) -> Parameters:
        """What is kept besides: the running means and variances of batch normalization."""
        return Parameters(self.architecture.statistics)

    def __repr__(self) -> str:
        if self._architecture is None:
            return f"Network({self._layers!r})"
        count = sum(prod(w.shape) for w in self.architecture.parameters.values())
        return f"Network({self.layers!r}) with {count:,} parameters"

    def summary(self) -> None:
        """Print a row for each layer (what it is, its output shape, its parameters) and the totals."""
        print(self.summary_text())

    def summary_text(self) -> str:
        """Return what :meth:`summary` prints."""
        rows = summary(self.architecture)
        lines = [("layer", "output shape", "parameters"), *((a, b, f"{n:,}") for a, b, n in rows)]
        wide = [max(len(line[i]) for line in lines) for i in range(3)]
        rule = "─" * (sum(wide) + 4)
        table = [f"{a:<{wide[0]}}  {b:<{wide[1]}}  {c:>{wide[2]}}" for a, b, c in lines]
        trained = sum(prod(w.shape) for w in self.architecture.parameters.values())
        kept = sum(prod(w.shape) for w in self.architecture.statistics.values())
        size = (trained + kept) * np.dtype(self.dtype).itemsize
        shares = f"({trained:,} trained, {kept:,} kept)"
        total = f"total {trained + kept:,} parameters {shares}, {_bytes(size)} as {self.dtype}"
        depth = sum(1 for layer in {id(x): x for x in self.layers}.values() if layer.counts)
        title = f"{depth}-layer network" if depth else "network"
        return "\n".join([title, rule, table[0], rule, *table[1:], rule, total])

    # --- learning ---

    @within_memory
    def fit(
        self,
        X: Any,
        y: Any,
        *,
        loss: Any = None,
        optimizer: Any = "adam",
        batch_size: int | None = 32,
        epochs: int = 100,
        metrics: Any = (),
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: Any = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        callbacks: Any = (),
        tol: float | None = None,
        time_budget: float | None = None,
        verbose: int = 0,
    ) -> History:
        """Learn from examples by gradient descent, starting from the parameters as they are.

        Args:
            X: One row for each example, ``(n, ...)``; for several inputs a dict by name. The columns of a
                DataFrame are known by name from now on, in whatever order later ones have them.
            y: Their targets: numbers ``(n,)`` or ``(n, outputs)``; for softmax labels ``(n,)`` from 0, or
                one-hot rows.
            loss: A name, or a callable on nodes ``(y, p)`` that returns one number for each example. By
                default that of the last fit, or it follows the last activation: sigmoid binary_crossentropy,
                softmax categorical_crossentropy, else mse.
            optimizer: A name ("sgd", "adam", ...), an object such as ``cr.Adam(1e-3)``, or a function
                ``(g, slot, t)`` that returns a step and its slots, see :class:`cr.Optimizer`.
            batch_size: Examples a step. 1 is stochastic, None (or all) full-batch, anything between
                mini-batch descent. An epoch's last batch may be smaller.
            epochs: How often all examples are seen.
            metrics: What else to record: "accuracy", "mae", a callable on nodes ...
            validation_split: The share of the examples held back to validate on, chosen at random by the
                seed: in every fit the same.
            validation_data: Or the examples to validate on: ``(X, y)`` or ``(X, y, sample_weight)``.
            shuffle: Whether each epoch sees the examples in a new order; or the orders themselves, as another
                library draws them: whole numbers ``(epochs, n)``, each row the numbers of the examples to learn from.
            class_weight: A weight for each class (a class that is left out weighs 1), or "balanced".
            sample_weight: A weight for each example, of any scale; the cost is Σ w·loss / Σ w.
            callbacks: ``cr.EarlyStopping``, ``cr.Checkpoint``, ``cr.CSVLog``, or functions
                ``(network, epoch, logs)``, epochs counted from 0; one that returns True stops the run.
            tol: Stop when ten epochs in a row lower the best cost by less than this.
            time_budget: Stop after this many seconds.
            verbose: 0 silent, 1 a progress line, 2 a line for each epoch.

        Returns:
            The history: costs and metrics for each epoch, times, and why training stopped.

        Raises:
            DataError: If X or y cannot be learned from, with row, column and remedy; if X, y and weights of
                pandas' have different indexes.
            GraphError: If a setting makes no sense, or the network is being fitted already.
        """
        job = fitting.Job(
            X=X, y=y, loss=loss, optimizer=optimizer, batch_size=batch_size, epochs=epochs, metrics=metrics,
            validation_split=validation_split, validation_data=validation_data, shuffle=shuffle,
            class_weight=class_weight, sample_weight=sample_weight, callbacks=callbacks, tol=tol,
            time_budget=time_budget, verbose=verbose,
        )  # fmt: skip
        with self.alone():
            return fitting.fit(self, job)

    def show(
        self,
        X: Any,
        y: Any,
        stage: str = "fusion",
        *,
        loss: Any = None,
        optimizer: Any = "adam",
        metrics: Any = (),
        sample_weight: Any = None,
    ) -> str:
        """Return what an engine makes of a training step of :meth:`fit`, as text; nothing is trained.

        Args:
            X: One row for each example, as in :meth:`fit`; how many there are does not matter.
            y: Their targets.
            stage: "graph" (simplified), "fusion" (the loops, and what each computes), "memory" (where results
                lie), "ir" (LLVM's language), "asm" (the machine's) or "source" (the NumPy engine's function).
            loss: As in :meth:`fit`, like all that follow.
            optimizer: A name or an object.
            metrics: What else is recorded.
            sample_weight: A weight for each example.

        Raises:
            UnknownNameError: If the network's engine has no such stage.
        """
        method = find_optimizer(optimizer)
        with fitting.back_on_error(self):
            goal, _ = self.prepare(
                *self.pair(X, y, sample_weight, learning=True), loss, metrics, sample_weight
            )
            if isinstance(method, LBFGS):
                program = gradient_program(goal)
            else:
                program, _ = training_program(goal, method)
        return show_stage(program, stage, self.engine)

    # --- predicting ---

    @within_memory
    def predict(self, X: Any) -> np.ndarray:
        """Return the output for each row of X: probabilities after sigmoid or softmax, else numbers.

        A network that was fitted on a DataFrame takes the columns of one by name, in any order; others that it has
        are passed over. Arrays go by position.

        Raises:
            DataError: If X does not fit, with row, column and remedy.
        """
        return self._run_nodes("output", [self.architecture.output], self._arrays(X))[0]

    @within_memory
    def predict_classes(self, X: Any) -> np.ndarray:
        """Return the class of each row: the largest of several outputs, or whether one is above 0.5.

        Several sigmoid outputs are several yes-or-no answers: one column each.
        """
        p = self.predict(X)
        if output_kind(self.architecture) == "softmax":
            return p.argmax(axis=-1)
        classes = (p > 0.5).astype(np.int64)
        return classes[..., 0] if p.ndim > 1 and p.shape[-1] == 1 else classes

    def activations(self, X: Any) -> dict[str, np.ndarray]:
        """Return what every layer computes for X: "Z1", "A1" as the lectures write, others by label."""
        found = self.architecture
        named = dict(found.parts)
        by_node = set(found.parts.values())
        named |= {label: n for label, n in found.outputs.items() if n not in by_node}
        values = self._run_nodes("activations", list(named.values()), self._arrays(X))
        return dict(zip(named, values, strict=True))

    @within_memory
    def evaluate(
        self, X: Any, y: Any, *, loss: Any = None, metrics: Any = (), sample_weight: Any = None
    ) -> dict[str, float]:
        """Return the cost, and the metrics, of the predictions for X against y.

        Args:
            X: One row for each example.
            y: Their targets, as in :meth:`fit`.
            loss: By default the one of the last fit.
            metrics: As in :meth:`fit`; without any, "accuracy" where classes are predicted.
            sample_weight: A weight for each example.
        """
        pair = self.pair(X, y, sample_weight)
        if not metrics and self.classifies(loss):
            metrics = ["accuracy"]
        goal, table = self.prepare(*pair, loss, metrics, sample_weight)
        return self.measure(goal, table)

    def gradients(
        self, X: Any, y: Any, *, loss: Any = None, sample_weight: Any = None
    ) -> dict[str, np.ndarray]:
        """Return the gradient of the cost by every parameter, by name, as the first training step sees it."""
        goal, table = self.prepare(*self.pair(X, y, sample_weight), loss, (), sample_weight)
        outputs = self.slopes(goal, table)
        return dict(zip(self.architecture.parameters, (np.array(g) for g in outputs[1:]), strict=True))

    def check_gradients(
        self, X: Any, y: Any, *, loss: Any = None, sample_weight: Any = None
    ) -> GradientReport:
        """Compare every gradient with central differences in float64, by parameter.

        The report tells a kink (a ReLU exactly at 0) apart from a bug, and locates a wrong derivative to its
        row and layer. Dropout is held at one mask.
        """
        goal, table = self.prepare(*self.pair(X, y, sample_weight), loss, (), sample_weight)
        (cost,) = at([goal.cost], training=True)
        feed = dict(zip(goal.inputs, table, strict=True)) | {STEP: 0, SEED: self.seed}
        return check_gradients(mark(cost, None, "J"), list(self.architecture.parameters.values()), feed)

    # --- keeping ---

    def save(self, path: Any, extra: Mapping[str, Any] | None = None) -> None:
        """Write architecture and parameters to one safetensors file, whole or not at all. See ``cr.load``.

        Args:
            path: The file.
            extra: Plain data to keep beside them; it comes back as ``network.extra``.
        """
        saved = Saved(
            to_config(self.architecture),
            self.seed,
            self.runs,
            files.loss_to_config(self.loss),
            dict(self.extra if extra is None else extra),
            {name: called for name, called in self.columns.items() if frames.plain(called)},
            self.target_columns if frames.plain(self.target_columns) else (),
        )
        arrays = self._named()
        files.write(path, vars(saved), arrays)

    def __getstate__(self) -> dict[str, Any]:
        made = ("_architecture", "_predictions", "_objectives", "_learning", "_moving")
        kept = {k: v for k, v in self.__dict__.items() if k not in made}
        if self._architecture is not None:
            kept["_saved"] = (to_config(self._architecture, keep=True), self._named())
        return kept

    def __setstate__(self, kept: dict[str, Any]) -> None:
        saved = kept.pop("_saved", None)
        self.__dict__.update(kept)
        self._begin()
        self._architecture = None
        if saved is not None:
            self._architecture = from_config(saved[0])
            self._set(saved[1])

    # --- for the loop: programs, compiled once ---

    def values(self) -> list[np.ndarray]:
        """Return the arrays of all parameters, then of all statistics."""
        found = self.architecture
        nodes = [*found.parameters.values(), *found.statistics.values()]
        with self._moving:
            return [n.attributes["cell"].value for n in nodes]

    def _named(self) -> dict[str, np.ndarray]:
        found = self.architecture
        return dict(zip([*found.parameters, *found.statistics], self.values(), strict=True))

    def set_values(self, arrays: Sequence[np.ndarray]) -> None:
        """Set all parameters, then all statistics."""
        found = self.architecture
        nodes = [*found.parameters.values(), *found.statistics.values()]
        with self._moving:
            for node, array in zip(nodes, arrays, strict=True):
                node.value = array

    def see(self, X: Any) -> list[np.ndarray]:
        """Return X checked and cast, building the network to its shape if this is the first data it sees."""
        if self._architecture is None:
            array = door.as_numbers(X["x"] if isinstance(X, Mapping) and set(X) == {"x"} else X, "X")
            if array.ndim < 1:
                raise DataError("X is a single number; expected a row for each example.")
            self._build(array.shape[1:] or (1,))
        return self._arrays(X, learning=True)

    def pair(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        what: tuple[str, str, str] = ("X", "y", "sample_weight"),
        learning: bool = False,
    ) -> tuple[list[np.ndarray], Any]:
        """Return X checked and cast, and y with its columns in their order, where the rows of all belong together.

        Args:
            X: One row for each example.
            y: Their targets.
            sample_weight: A weight for each example, or None.
            what: What the user calls these.
            learning: Whether this is what the network learns from, and what its columns are called from now on.
        """
        inputs = len(self._architecture.inputs) if self._architecture is not None else 1
        frames.check_index({**frames.parts(X, what[0], inputs), what[1]: y, what[2]: sample_weight})
        arrays = self.see(X) if learning else self._arrays(X)
        if learning and not self.target_columns:
            called = frames.telling(y)
            self.target_columns = called if len(called) > 1 else ()
        return arrays, frames.by_name(y, self.target_columns, what[1])

    def _arrays(self, X: Any, learning: bool = False) -> list[np.ndarray]:
        found = self.architecture
        if self.columns:
            X = {
                name: frames.by_name(part, self.columns.get(name, ()), door.called(name, found.inputs))
                for name, part in door.by_input(X, found.inputs).items()
            }
        arrays = door.inputs(X, found.inputs, learning)
        if learning:
            given = door.by_input(X, found.inputs)
            seen = {name: called for name, part in given.items() if (called := frames.telling(part))}
            self.columns = {**seen, **self.columns}
        by_node = dict(zip(found.inputs.values(), arrays, strict=True))
        for label, call in found.calls.items():
            for number, x in enumerate(call.inputs if call.layer.is_choosy else ()):
                into = ("into", label, number)
                values = by_node[x] if x in by_node else self._run_nodes(into, [x], arrays)[0]
                door.check_reaching(call.layer, values, label)
        return arrays

    def _loss(self, loss: Any) -> Any:
        chosen = loss if loss is not None else self.loss
        if isinstance(chosen, files.Missing):
            name = chosen.name.rpartition(".")[2]
            raise DataError(
                f"This network was trained with your own loss '{name}', and files hold no code. "
                f"Give it: loss={name}, or cr.load(path, custom={{'{name}': {name}}})."
            )
        return losses.default_loss(output_kind(self.architecture)) if chosen is None else chosen

    def classifies(self, loss: Any = None) -> bool:
        """Say whether the targets are classes or probabilities."""
        return losses.loss(self._loss(loss)) in (losses.binary_crossentropy, losses.categorical_crossentropy)

    def prepare(
        self,
        arrays: list[np.ndarray],
        y: Any,
        loss: Any,
        watched: Any,
        sample_weight: Any,
        class_weight: Any = None,
        what: tuple[str, str] = ("y", "sample_weight"),
    ) -> tuple[Objective, list[np.ndarray]]:
        """Return the objective for these targets, and the checked table: inputs, targets, weights."""
        spec = self._loss(loss)
        name, function = losses.describe_loss(spec), losses.loss(spec)
        self._check_output(name)
        kind, output, rows = KINDS.get(name, "numbers"), self.architecture.output, len(arrays[0])
        softmax = kind == "labels" or output_kind(self.architecture) == "softmax"
        found = metrics.resolve(watched, softmax)
        target = door.targets(y, output, rows, kind, what[0])
        if kind != "labels" and any(m is metrics.accuracy for m in found.values()):
            door.check_classes(target, y, what[0])
        table, wide = [*arrays, target], False
        factors = {}
        if class_weight is not None:
            classes = max(2, int(output.shape[-1]) if output.ndim > 1 else 1)
            factors["class_weight"] = door.class_weights(class_weight, target, classes)
        if sample_weight is not None:
            factors[what[1]] = door.weights(sample_weight, rows, what[1])
        if factors:
            each, wide = door.scaled(factors, output.dtype)
            table.append(each)

        def make() -> Objective:
            shape, dtype = target.shape[1:], target.dtype
            return objective(self.architecture, function, name, shape, dtype, found, bool(factors), wide)

        if not all(map(lasting, (spec, *found.values()))):
            return make(), table
        key = (spec, tuple(found.items()), target.shape[1:], target.dtype, len(table), wide)
        return self._objectives.get(key, make), table

    def _check_output(self, loss_name: str) -> None:
        output, kind = self.architecture.output, output_kind(self.architecture)
        if kind == "softmax" and output.shape[-1] == 1:
            raise GraphError(
                "A softmax over one unit is always 1, so there is nothing to learn. "
                "For two classes end the network with Dense(1, 'sigmoid') or Dense(2, 'softmax')."
            )
        if loss_name == "categorical_crossentropy" and output.shape[-1] == 1:
            raise GraphError(
                "categorical_crossentropy compares several classes, and this network has one output. "
                "For two classes use 'binary_crossentropy', or give the last layer a unit for each class."
            )
        wanted = PROBABILITIES.get(loss_name, ())
        if wanted and kind in activations.ACTIVATIONS and kind not in wanted:
            raise GraphError(
                f"{loss_name} compares probabilities, and this network ends with the activation '{kind}', "
                f"which makes none. End it with '{wanted[0]}': logits as large as ±1000 do no harm."
            )

    def measure(
        self,
        goal: Objective,
        table: list[np.ndarray],
        state: list[np.ndarray] | None = None,
        engine: str | None = None,
    ) -> dict[str, float]:
        """Return the cost and the metrics of a table; a large one is read in parts, which changes nothing."""
        rows = len(table[0])
        compiled = goal.programs.get("evaluate", lambda: Compiled(evaluation_program(goal)))
        executable = compiled.on(self.engine, 1, rows, engine)
        current = self._looking(self.values() if state is None else state)
        if rows == 0:
            raise DataError("There are no rows to evaluate.")
        size = rows
        if rows > ROWS_AT_ONCE and goal.by_example and self._output.keeps_apart:
            size = ROWS_AT_ONCE
        totals, weight, price = np.zeros(1 + len(goal.metrics)), 0.0, 0.0
        largest = table[-1].max() if goal.weight is not None else 1.0
        _, power = np.frexp(largest)  # the scale of the weights cancels
        for start in range(0, rows, size):
            part = [t[start : start + size] for t in table]
            _, outputs = executable.step(current, part)
            share = float(len(part[0]))
            if goal.weight is not None:
                share = float(np.ldexp(part[-1].sum(dtype=np.float64), -power))
            price = float(outputs[1])
            totals += share * np.array([float(outputs[0]), *(float(x) for x in outputs[2:])])
            weight += share
        mean = totals / weight if weight else totals
        return {"cost": float(mean[0]) + price} | dict(zip(goal.metrics, map(float, mean[1:]), strict=True))

    def slopes(self, goal: Objective, table: list[np.ndarray], state: Any = None) -> list[np.ndarray]:
        """Return the cost while training on a table, then its gradient by every parameter."""
        compiled = goal.programs.get("gradients", lambda: Compiled(gradient_program(goal)))
        executable = compiled.on(self.engine, 1, len(table[0]))
        return executable.step(self._looking(self.values() if state is None else state), table)[1]

    def _looking(self, values: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return the state of a program that changes nothing: random layers draw as at the first step."""
        return [*values, _number(0), _number(self.seed)]

    @property
    def _output(self) -> Prediction:
        return self._prediction("output", [self.architecture.output])

    def _prediction(self, key: Any, nodes: list[Node]) -> Prediction:
        return self._predictions.get(key, lambda: Prediction(prediction_program(self.architecture, nodes)))

    def _run_nodes(self, key: Any, nodes: list[Node], arrays: list[np.ndarray]) -> list[np.ndarray]:
        state, rows = self._looking(self.values()), len(arrays[0])
        prediction = self._prediction(key, nodes)
        executable = prediction.on(self.engine, 1, rows)
        size = rows
        if rows > 1 and rows > min(ROWS_AT_ONCE, prediction.most_rows) and prediction.keeps_apart:
            size = min(ROWS_AT_ONCE, prediction.most_rows)
        if rows <= size:
            _, outputs = executable.step(state, arrays)
            return [np.array(x) for x in outputs]
        parts = [
            executable.step(state, [a[start : start + size] for a in arrays])[1]
            for start in range(0, rows, size)
        ]
        return [np.concatenate(column) for column in zip(*parts, strict=True)]


@lru_cache(maxsize=64)
def _number(value: int) -> np.ndarray:
    """Return a number as an array, the same one every time: engines know again what they were given before."""
    array = np.asarray(value)
    array.flags.writeable = False
    return array


def _seed(seed: Any) -> int:
    if isinstance(seed, bool) or not hasattr(seed, "__index__") or not 0 <= int(seed) < 2**63:
        raise DataError(f"seed must be a whole number of at least 0, or None; found {short(seed)}.")
    return int(seed)


def _float_name(dtype: Any) -> str:
    try:
        name = np.dtype(dtype).name
    except TypeError:
        name = str(dtype)
    if name not in ("float32", "float64"):
        raise DataError(f"dtype must be 'float32' or 'float64'; found {dtype!r}.")
    return name


def _bytes(size: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


@dataclass(frozen=True)
class Saved:
    """A network as :meth:`Network.save` writes it, beside its arrays."""

    architecture: dict[str, Any]
    seed: int
    runs: int
    loss: Any
    extra: dict[str, Any]
    columns: dict[str, tuple[str | int, ...]] = field(default_factory=dict)
    target_columns: tuple[str | int, ...] = ()


def load(path: Any, custom: Mapping[str, Any] | None = None) -> Network:
    """Return the network that :meth:`Network.save` wrote.

    Args:
        path: The file.
        custom: Your own callables and layer classes, by the names they were saved under; files hold no code.

    Raises:
        FileFormatError: If the file is corrupt, truncated, foreign or written by a newer version.
    """
    config, arrays = files.read(path)
    with files.trouble(path):
        saved: Saved = plain.read(Saved, config, "the file")
        architecture = from_config(saved.architecture, custom)
        check_arrays(architecture, arrays)
        for name, called in saved.columns.items():
            if name not in architecture.inputs or (len(called),) != architecture.inputs[name].shape[1:]:
                raise FileFormatError(f"the columns named for the input {short(name)} do not fit it.")
        check_size(architecture, sum(array.nbytes for array in arrays.values()))
        network = Network.__new__(Network)
        network.__dict__.update(
            dtype=saved.architecture["dtype"],
            seed=_seed(saved.seed),
            engine="auto",
            extra=saved.extra,
            columns=saved.columns,
            target_columns=saved.target_columns,
            runs=_seed(saved.runs),
            loss=files.loss_from_config(saved.loss, custom),
            _layers=None,
            _architecture=architecture,
        )
        network._begin()
        network._set(arrays)
    return network
