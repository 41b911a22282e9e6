"""The network: an architecture and its parameters, with fit, predict and save."""

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import prod
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from chainrule import plain
from chainrule.arguments import public
from chainrule.doors import Door, late, opened
from chainrule.engines.registry import engine_named
from chainrule.errors import DataError, FileFormatError, GraphError, short
from chainrule.friendly import Friendly
from chainrule.graph.node import Node, NodeLike, mark
from chainrule.graph.shapes import Extent
from chainrule.literals import EngineName, StageName
from chainrule.nn.alike import chain_of
from chainrule.nn.architecture import Architecture, branches, check_layers
from chainrule.nn.callables import check_names
from chainrule.nn.examples import check_size
from chainrule.nn.layers.base import SEED, STEP, Layer
from chainrule.nn.nodes import is_drawn, of_nodes
from chainrule.nn.reading import at, initial_values, seen_inside
from chainrule.nn.saved import check_arrays, from_config, to_config
from chainrule.shown import WIDE, cut, in_a_row
from chainrule.terminal import say
from chainrule.train import frames, store, validation
from chainrule.train.classes import check_gives_classes, classes_of, gives_labels
from chainrule.train.common import programs_of
from chainrule.train.fit.settings import whole
from chainrule.train.history import Evaluation, History
from chainrule.train.parameters import NamedArrays, Parameters
from chainrule.train.programs import Programs
from chainrule.train.retired import with_retired
from chainrule.train.taking import Taken, shape_of, take

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from chainrule.engines.stages import show_stage
    from chainrule.nn.kinds import FloatLike, LossLike
    from chainrule.nn.summary import summary_text
    from chainrule.train.fit.asking import Asking, fitted
    from chainrule.train.fit.resuming import ResumeLike
    from chainrule.train.kinds import CallbacksLike, ClassWeight, Data, MetricsLike, OptimizerLike, Validation
    from chainrule.train.objective import Examples, gradient_program, rate_apart, training_program
    from chainrule.train.optimizers import optimizer as find_optimizer
    from chainrule.train.targets import Given, classifies, prepare
    from chainrule.train.watching import check_values
    from chainrule.transform.check import GradientReport
else:  # a process that loads a network and predicts waits for nothing of learning
    show_stage = late("chainrule.engines.stages:show_stage")
    summary_text = late("chainrule.nn.summary:summary_text")
    Asking = late("chainrule.train.fit.asking:Asking")
    fitted = late("chainrule.train.fit.asking:fitted")
    gradient_program = late("chainrule.train.objective:gradient_program")
    rate_apart = late("chainrule.train.objective:rate_apart")
    training_program = late("chainrule.train.objective:training_program")
    find_optimizer = late("chainrule.train.optimizers:optimizer")
    Given = late("chainrule.train.targets:Given")
    classifies = late("chainrule.train.targets:classifies")
    prepare = late("chainrule.train.targets:prepare")
    check_values = late("chainrule.train.watching:check_values")

_drawing = threading.Lock()  # of graphs that wait until they are asked for
SEEDS = 2**63  # so many there are: a step keeps its own as int64


@with_retired
class Network(Friendly):
    """A neural network: layers, and the numbers they have learned.

    Args:
        layers: A list of layers, one after the other; or a function from named input nodes to the output
            node, for branches and several inputs; or that node, of layers that were called on nodes.
        inputs: With a function: the shape of one example of each input, by name; with a node: the input nodes, one or
            a list, in an order of your own.
        input_shape: With a list: the shape of one example, ``(4,)`` or 4; ``(None, 4)`` for sequences of any number of
            steps; without it, the data that the network first sees decides.
        dtype: "float32", half as much work as "float64", which shows a lecture's digits.
        seed: Fixes initial weights, shuffles and dropout: the same seed gives the same bits. A whole number from 0;
            None draws one.
        engine: The name of one of ``cr.ENGINES``, or "auto": the one that is done first, compiling included.

    Attributes:
        dtype: "float32" or "float64".
        seed: What it was made with, or what was drawn.
        engine: What it computes on; it may be set at any time.
        loss: The loss of the last fit, None before.
        runs: How often it was fitted: each run has shuffles and dropout of its own.
        columns: What the columns of each input are called, where it was fitted on a table with names.
        target_columns: Likewise for y, where it has several.
        extra: What was saved beside it, see :meth:`save`.

    Raises:
        GraphError: If layers is no list of layers, they do not fit each other, or a setting makes no sense.
        ShapeError: If a layer does not fit what comes before it, with the layers up to it.
        DataError: If dtype is neither of the two, or the seed no whole number from 0.
        UnknownNameError: If there is no such engine.

    >>> X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    >>> network = cr.Network([cr.Dense(8, "tanh"), cr.Dense(1, "sigmoid")], seed=0)
    >>> history = network.fit(X, y, optimizer="adam", epochs=500)
    >>> network.predict_classes(X)
    array([0, 1, 1, 0])

    Two inputs and a branch, drawn by a function:

    >>> def draw(image, radar):
    ...     seen = cr.Dense(8, "relu")(cr.Flatten()(image))
    ...     return cr.Dense(1)(np.concatenate([seen, radar], axis=1))
    >>> network = cr.Network(draw, inputs={"image": (8, 8), "radar": 3}, seed=0)
    >>> network.predict({"image": np.zeros((5, 8, 8)), "radar": np.zeros((5, 3))}).shape
    (5, 1)

    Layers that were called on nodes, around which a path leads (a residual network):

    >>> x = cr.input("x", ("batch", 4))
    >>> h = cr.Dense(4, "relu")(x)
    >>> network = cr.Network(cr.Dense(1)(cr.Add()(x, h)), seed=0)
    >>> network.predict(np.zeros((5, 4))).shape
    (5, 1)
    """

    dtype: str
    seed: int
    runs: int  # how often it was fitted: each run has shuffles and dropout of its own
    _made: Programs | None  # once it has seen data; its graph may be that of all networks alike, see _own

    @public
    def __init__(
        self,
        layers: Layer | Sequence[Layer] | Callable[..., NodeLike] | NodeLike | Architecture,
        inputs: Mapping[str, int | Sequence[int]] | Node | Sequence[Node] | None = None,
        *,
        input_shape: int | Sequence[int | str | None] | None = None,
        dtype: "FloatLike" = "float32",
        seed: int | None = None,
        engine: EngineName | str = "auto",
    ) -> None:
        self.dtype = float_name(dtype)
        self.seed = int.from_bytes(os.urandom(4)) if seed is None else whole("seed", seed, 0, SEEDS)
        if engine != "auto":
            engine = engine_named(engine).name
        self.engine = engine
        self.extra: dict[str, Any] = {}
        self.loss: Any = None
        self._method: Any = None  # by which rule it was fitted last; neither files nor copies have it
        self.runs = 0
        self.columns: dict[str, frames.Names] = {}  # of each input that was fitted on a table with names
        self.target_columns: frames.Names = ()  # likewise, where y has several
        self._layers: list[Layer] = []
        self._made = None
        self._learning = threading.Lock()  # held by the one fit there may be
        if isinstance(layers, Architecture):  # of a file or a pickle, which has its values too
            self._made = Programs(layers, engine, self.seed)
            return
        if is_drawn(layers):
            self._build(of_nodes(layers, inputs, input_shape, self.dtype))
            return
        if isinstance(layers, Layer):
            layers = [layers]
        if callable(layers) and not isinstance(layers, type | Network):
            if not isinstance(inputs, Mapping) or not inputs or input_shape is not None:
                raise GraphError(
                    "A network drawn by a function needs the shape of each input by name: "
                    'inputs={"image": (8, 8), "radar": (3,)}.'
                )
            self._build(branches(layers, inputs, self.dtype))
            return
        if isinstance(inputs, Layer):
            raise GraphError(
                "The layers of a network are one list: cr.Network([cr.Dense(16, 'relu'), cr.Dense(1)])."
            )
        if inputs is not None:
            raise GraphError(
                "inputs= goes with a function or a node; for a list of layers give input_shape=(4,)."
            )
        self._layers = check_layers(layers)
        if input_shape is not None:
            self._begin(input_shape)

    # --- what it is made of ---

    @property
    def _own(self) -> Programs | None:
        """The network with a graph of its own, which is drawn now where it had that of all networks alike."""
        if self._made is not None and self._made.common:
            with _drawing:
                made = self._made
                if made.common:
                    (x,) = made.architecture.inputs.values()
                    shape = [e.name if isinstance(e, Extent) else e for e in x.shape[1:]]
                    own = chain_of(self._layers, shape, self.dtype)
                    made.values.move_to(own)
                    self._made = Programs(own, self.engine, self.seed, made.values)
        return self._made

    def _begin(self, shape: Any) -> None:
        """Take the first values that a list of layers has for examples of a shape."""
        self._made = programs_of(self._layers, shape, self.dtype, self.engine, self.seed)

    def _build(self, architecture: Architecture) -> None:
        values = initial_values(architecture, self.seed)
        self._made = Programs(architecture, self.engine, self.seed)
        self._made.values.set_named(values)

    @contextmanager
    def _alone(self) -> Iterator[None]:
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

    def _kept(self) -> dict[str, Any]:
        """Return what an error before the first step leaves as it was."""
        return {name: vars(self)[name] for name in ("_made", "loss", "_method", "columns", "target_columns")}

    @contextmanager
    def _as_before(self, kept: Mapping[str, Any]) -> Iterator[None]:
        """Leave the network as it was, neither half-built nor with another loss, if something is wrong."""
        try:
            yield
        except BaseException:
            vars(self).update(kept)
            raise

    @public
    def initialize(self, seed: int | None = None) -> None:
        """Set every parameter back to its first value; with ``seed``, to those of another seed.

        Initial values that were given as an array are not kept in files: a network from a file draws them.

        Args:
            seed: A whole number from 0, the network's seed from now on; None, the default, keeps the one it has.

        Raises:
            GraphError: If the network has not seen data yet, or is being fitted just now.
            DataError: If the seed is no whole number from 0.

        >>> network = cr.Network([cr.Dense(1)], seed=0)
        >>> history = network.fit([[1.0], [2.0]], [1.0, 2.0], epochs=5)
        >>> network.initialize()
        >>> again = network.fit([[1.0], [2.0]], [1.0, 2.0], epochs=5)
        >>> again["cost"] == history["cost"]
        True
        """
        new = self.seed if seed is None else whole("seed", seed, 0, SEEDS)
        with self._alone():
            programs = self._programs
            programs.values.set_named(initial_values(programs.architecture, new))
            self.seed, self.runs = new, 0
            self.columns, self.target_columns = {}, ()

    @property
    def _programs(self) -> Programs:
        """What those below need to know of the network, as it is now."""
        made = self._made
        if made is None:
            raise GraphError(
                "This network has not seen data yet, so the shape of its input is unknown. "
                "Give input_shape=(4,) when you make it, or (28, 28, 1) for pictures, say, or fit it first."
            )
        if made.common and not all(layer.trainable for layer in self._layers):
            made = self._own or made  # the common one is of layers that learn
        made.engine, made.seed = self.engine, self.seed  # which the user may have set
        return made

    @property
    def architecture(self) -> Architecture:
        """The network as graph: its input, output, layer and parameter nodes.

        Raises:
            GraphError: If the network has not seen data yet, so that the shape of its input is unknown.

        >>> network = cr.Network([cr.Dense(2, "relu"), cr.Dense(1)], input_shape=3, seed=0)
        >>> list(network.architecture.parameters), network.architecture.output.shape
        (['W1', 'b1', 'W2', 'b2'], (batch, 1))
        """
        self._own  # noqa: B018 -- whose nodes the user may look at, and set
        return self._programs.architecture

    @property
    def layers(self) -> list[Layer]:
        """The layers, in order; one that is used twice stands twice.

        >>> cr.Network([cr.Dense(2, "relu"), cr.Dense(1)]).layers
        [Dense(2, activation='relu'), Dense(1)]
        """
        if self._made is None or self._made.common:
            return list(self._layers)
        return [call.layer for call in self.architecture.calls.values()]

    @property
    def inputs(self) -> dict[str, Node]:
        """The input nodes, by name: a list of layers has one, "x".

        Raises:
            GraphError: If the network has not seen data yet, so that the shape of its input is unknown.

        >>> cr.Network([cr.Dense(1)], input_shape=3).inputs
        {'x': <x: x, (batch, 3) float32>}
        """
        return dict(self.architecture.inputs)

    @property
    def output(self) -> Node:
        """The output node, as it is at prediction: look at its graph, trace it, or compile it.

        Raises:
            GraphError: If the network has not seen data yet, so that the shape of its input is unknown.

        >>> network = cr.Network([cr.Dense(1, "sigmoid", initializer="ones")], input_shape=2)
        >>> print(network.output)
        σ(x @ W1 + b1)
        >>> cr.trace(network.output, {network.inputs["x"]: [[1.0, -1.0]]})[network.output]
        array([[0.5]], dtype=float32)
        """
        return at([self.architecture.output], training=False)[0]

    @property
    def parameters(self) -> Parameters:
        """What is learned, by name: "W1", "b1", ...; l counts the layers with units. Assigning sets them.

        Raises:
            GraphError: If the network has not seen data yet, so that the shape of its input is unknown.

        >>> network = cr.Network([cr.Dense(2, "relu"), cr.Dense(1)], input_shape=3, seed=0)
        >>> network.parameters
        {'W1': (3, 2), 'b1': (2,), 'W2': (2, 1), 'b2': (1,)}
        >>> network.parameters["b2"] = [5.0]
        >>> network.predict(np.zeros((1, 3)))
        array([[5.]], dtype=float32)
        """
        return Parameters(self.architecture.parameters)

    @property
    def statistics(self) -> Parameters:
        """What is kept besides: the running means and variances of batch normalization, by name.

        Raises:
            GraphError: If the network has not seen data yet, so that the shape of its input is unknown.

        >>> cr.Network([cr.Dense(2), cr.BatchNormalization()], input_shape=3).statistics
        {'mean_1': (2,), 'variance_1': (2,)}
        """
        return Parameters(self.architecture.statistics)

    if TYPE_CHECKING:

        def draw(
            self, X: "Data | None" = None, row: int | None = None, *, names: Sequence[str] = (),
            classes: Sequence[str] = (), neuron: tuple[int, int] | None = None,
            labels: Literal["", "names", "values"] = "", most: int = 8,
            input_shape: int | Sequence[int | None] | None = None,
        ) -> Any:  # fmt: skip
            """Draw the network: circles and lines, or blocks: :func:`chainrule.pictures.network`."""

    else:
        draw = Door()
    _repr_html_ = Door()

    def __repr__(self) -> str:
        layers = in_a_row([cut(repr(layer)) for layer in self.layers], 3 * WIDE)
        if self._made is None:
            return f"Network([{layers}])"
        count = sum(prod(w.shape) for w in self._made.architecture.parameters.values())
        names = list(self._made.architecture.inputs)
        of = f" of {in_a_row(names)}" if len(names) > 1 else ""
        return f"Network([{layers}]){of} with {count:,} parameters"

    @public
    def summary(self) -> None:
        """Print a row for each layer and the totals: what it is, its output shape, its parameters and their bytes.

        Multiply-adds are those of the products of matrices, for one example at prediction. What follows from a shape
        of data that is not there yet is "?". Layers that are repeated stand once; "←" says what a layer takes
        where that is not the row before.

        >>> cr.Network([cr.Dense(2, "relu"), cr.Dense(1)], input_shape=3).summary()
        2-layer network
        ───────────────────────────────────────────────────────────────
        layer            output shape  parameters  multiply-adds  bytes
        ───────────────────────────────────────────────────────────────
        x (input)        (batch, 3)             0              0      0
        dense_1 (Dense)  (batch, 2)             8              6     32
        dense_2 (Dense)  (batch, 1)             3              2     12
        ───────────────────────────────────────────────────────────────
        total 11 parameters (11 trained, 0 kept), 44 bytes as float32
        one example: 8 multiply-adds, 12 bytes of layers' outputs
        """
        say(self.summary_text())

    @public
    def summary_text(self) -> str:
        """Return what :meth:`summary` prints.

        >>> network = cr.Network([cr.Dense(2, "relu"), cr.Dense(1)], input_shape=3)
        >>> "Dense" in network.summary_text()
        True
        """
        return summary_text(self._layers if self._made is None else self.architecture, self.dtype)

    # --- learning ---

    @public
    def fit(
        self,
        X: "Data",
        y: "ArrayLike",
        *,
        loss: "LossLike" = None,
        optimizer: "OptimizerLike" = "adam",
        batch_size: int | None = 32,
        epochs: int = 100,
        metrics: "MetricsLike" = (),
        validation_split: float = 0.0,
        validation_data: "Validation" = None,
        shuffle: "bool | ArrayLike" = True,
        class_weight: "ClassWeight" = None,
        sample_weight: "ArrayLike | None" = None,
        callbacks: "CallbacksLike[Network]" = (),
        tol: float | None = None,
        time_budget: float | None = None,
        resume: "ResumeLike" = None,
        verbose: int = 0,
    ) -> History:
        """Learn from examples by gradient descent, starting from the parameters as they are.

        Args:
            X: One row for each example, ``(n, ...)``; for several inputs a dict by name. The columns of a
                DataFrame are known by name from now on, in whatever order later ones have them. A network that knows
                padding from data (:class:`Masking`, :class:`Embedding`) takes a list of sequences of different lengths.
            y: Their targets: numbers ``(n,)`` or ``(n, outputs)``; for softmax labels ``(n,)`` from 0, or
                one-hot rows. Where each step has one: ``(n, time, ...)``, or a list as X; the cost is then the mean
                over the steps that are no padding.
            loss: A name, or a callable on nodes ``(y, p)`` that returns one number for each example. By
                default that of the last fit, or it follows the last activation: sigmoid binary_crossentropy,
                softmax categorical_crossentropy, else mse.
            optimizer: A name ("sgd", "adam", ...), an object such as ``cr.Adam(1e-3)``, or a function
                ``(g, slot, t)`` that returns a step and its slots, see :class:`Optimizer`. Adam by default: it needs
                the least care with its learning rate.
            batch_size: Examples a step. 1 is stochastic, None (or all) full-batch, anything between
                mini-batch descent. An epoch's last batch may be smaller. 32 by default, as in Keras: small batches
                learn as well, in fewer epochs (Masters & Luschi 2018).
            epochs: How often all examples are seen, at most; 100 by default, which suits small tables. With
                ``cr.EarlyStopping`` give more than are needed.
            metrics: What else to record: "accuracy", "f1", "auc", "r2", "mae" ..., each of all rows of the epoch, as
                they were predicted when they were learned from; a callable on nodes, or a ``cr.Metric``.
            validation_split: The share of the examples, from 0 to below 1, held back to validate on, chosen at random
                by the seed: in every fit the same.
            validation_data: Or the examples to validate on: ``(X, y)`` or ``(X, y, sample_weight)``.
            shuffle: Whether each epoch sees the examples in a new order; or the orders themselves, as another
                library draws them: whole numbers ``(epochs, n)``, each row the numbers of the examples to learn from.
            class_weight: A weight for each class (a class that is left out weighs 1), or "balanced".
            sample_weight: A weight for each example, ``(n,)``, of any scale; the cost is Σ w·loss / Σ w. Where each
                step has a target, one for each step, ``(n, time)``.
            callbacks: ``cr.EarlyStopping``, ``cr.Checkpoint``, ``cr.CSVLog``, or functions
                ``(network, epoch, logs)``, epochs counted from 0; one that returns True stops the run.
            tol: Stop when ten epochs in a row lower the best cost by less than this; None, the default, never.
            time_budget: Stop after this many seconds; None, the default, sets no limit.
            resume: A file to go on from after a crash: it is written every 30 seconds, at the end of an epoch, and when
                Ctrl-C or SIGTERM ends training. Where it is there, a fit of the same settings and examples goes on from
                it, and ends with the bits of one that was never stopped; one that ends otherwise removes it.
            verbose: 0 silent, 1 a progress line, 2 a line for each epoch.

        Returns:
            The history: costs and metrics for each epoch, times, and why training stopped.

        Raises:
            DataError: If X or y cannot be learned from, with row, column and remedy; if X, y and weights of
                pandas' have different indexes; if a setting makes no sense.
            GraphError: If a class stands where one of its kind is needed, or the network is being fitted already.
            UnknownNameError: If no loss, optimizer or metric bears the name.
            FileFormatError: If the file to go on from is damaged, or no checkpoint.
            MissingFileError: If there is no folder for it.

        >>> X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
        >>> network = cr.Network([cr.Dense(8, "tanh"), cr.Dense(1, "sigmoid")], seed=0)
        >>> history = network.fit(X, y, optimizer=cr.Adam(0.01), epochs=300, metrics="accuracy")
        >>> history["cost"][-1] < 0.2 * history["cost"][0], history["accuracy"][-1]
        (True, 1.0)
        """
        asked = Asking(
            X, y, loss, optimizer, batch_size, epochs, metrics, validation_split, validation_data, shuffle,
            class_weight, sample_weight, callbacks, tol, time_budget, resume, verbose,
        )  # fmt: skip
        found: History = fitted(self, asked).history
        return found

    @public
    def show(
        self,
        X: "Data",
        y: "ArrayLike",
        stage: StageName | str = "fusion",
        *,
        loss: "LossLike" = None,
        optimizer: "OptimizerLike" = "adam",
        metrics: "MetricsLike" = (),
        sample_weight: "ArrayLike | None" = None,
    ) -> str:
        """Return what an engine makes of a training step of :meth:`fit`, as text; nothing is trained.

        A constant learning rate is what ``learning_rate_scale`` begins with, so that fits at other rates share a step.
        One that a schedule gives is multiplied by it.

        Args:
            X: One row for each example, as in :meth:`fit`; how many there are does not matter.
            y: Their targets.
            stage: "graph" (simplified), "fusion" (the loops, and what each computes), "memory" (where results
                lie), "ir" (LLVM's language), "asm" (the machine's) or "source" (the NumPy engine's function).
            loss: As in :meth:`fit`, like all that follow.
            optimizer: A name or an object.
            metrics: What else is recorded.
            sample_weight: A weight for each example.

        Returns:
            The text, of many lines: print it.

        Raises:
            DataError: If X or y cannot be learned from, with row, column and remedy.
            UnknownNameError: If the network's engine has no such stage.

        >>> network = cr.Network([cr.Dense(1)], input_shape=1, engine="numpy")
        >>> print(network.show([[1.0]], [2.0], "graph", optimizer="sgd"))
        input x: float32 (batch, 1)
        input y: float32 (batch, 1)
        state W1: float32 (1, 1)
        state b1: float32 (1,)
        state step: int64
        state seed: int64
        state learning_rate_scale: float64
        state total_steps: float64
        state steps_per_epoch: float64
        v1: float32 (batch, 1) = x @ W1
        v2: float32 (batch, 1) = v1 + b1
        v3: float32 (batch, 1) = v2 - y
        v4: float32 (batch, 1) = v3 · v3
        v5: float32 (batch,) = reshape(v4, (batch,))
        v6: float32 = sum(v5)
        v7: float32 = v6 / batch
        v8: float32 = float32(learning_rate_scale)
        v9: float32 (batch, 1) = v3 / batch
        v10: float32 (batch, 1) = v9 + v9
        v11: float32 (1, 1) = xᵀ @ v10
        v12: float32 (1, 1) = v8 · v11
        W1': float32 (1, 1) = W1 - v12
        v13: float32 (1,) = sum(v10, axis=0)
        v14: float32 (1,) = v8 · v13
        b1': float32 (1,) = b1 - v14
        step': int64 = step + 1
        return v7
        """
        method = find_optimizer(optimizer)
        with self._as_before(self._kept()):
            goal, _ = self._examples(self._read(X, y, sample_weight, learning=True), loss, metrics)
            rule, _ = rate_apart(method)  # as in fit: a constant rate stands in the state
            program = training_program(goal, rule) if method.by_steps else gradient_program(goal)
        return show_stage(program, stage, self.engine)

    @public
    def reset_states(self) -> None:
        """Let the states of stateful layers begin anew, from zeros; others have none.

        They go on from batch to batch in :meth:`fit`, :meth:`predict` and :meth:`predict_classes`; all else begins from
        zeros and leaves them alone. They are those of as many sequences as a batch of :meth:`fit` has rows; where these
        do not divide what is predicted after a reset, or nothing was fitted, of as many as that has. Files and copies
        have none of them, but know how many rows a batch had.

        Raises:
            GraphError: If the network has not seen data yet.

        >>> network = cr.Network([cr.SimpleRNN(1, None, initializer=1.0, stateful=True)], input_shape=(2, 1), seed=0)
        >>> network.parameters["U1"] = [[1.0]]  # a running sum
        >>> network.predict([[[1.0], [2.0]]]), network.predict([[[3.0], [4.0]]])
        (array([[3.]], dtype=float32), array([[10.]], dtype=float32))
        >>> network.reset_states()
        >>> network.predict([[[3.0], [4.0]]])
        array([[7.]], dtype=float32)
        """
        self._programs.carried = []

    # --- predicting ---

    @public
    def predict(self, X: "Data") -> "NDArray[Any]":
        """Return the output for each row of X: probabilities after sigmoid or softmax, else numbers.

        A network that was fitted on a DataFrame takes the columns of one by name, in any order; others that it has
        are passed over. Arrays go by position.

        Args:
            X: One row for each example, ``(n, ...)`` as in :meth:`fit`; for several inputs a dict by name.

        Returns:
            An array ``(n, outputs)`` in the network's dtype. For a list of sequences of different lengths, where each
            step has an output, a list of arrays ``(steps, outputs)``.

        Raises:
            DataError: If X does not fit, with row, column and remedy.
            GraphError: If the network has not seen data yet, so that the shape of its input is unknown.

        >>> X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
        >>> network = cr.Network([cr.Dense(8, "tanh"), cr.Dense(1, "sigmoid")], seed=0)
        >>> history = network.fit(X, y, optimizer=cr.Adam(0.05), epochs=500)
        >>> network.predict(X).round(1)
        array([[0.],
               [1.],
               [1.],
               [0.]], dtype=float32)
        """
        told = self._programs.told(X)
        if told is not None:
            return told
        taken = self._take(X)
        programs = taken.programs if taken.looking.architecture.carried else taken.looking
        return taken.each(programs.predicted(taken.arrays), taken.looking.architecture.mask)

    @public
    def predict_classes(self, X: "Data") -> "NDArray[Any]":
        """Return the class of each row: the largest of several outputs, or whether one is above 0.5.

        Several sigmoid outputs are several yes-or-no answers: one column each.

        Args:
            X: One row for each example, ``(n, ...)`` as in :meth:`fit`; for several inputs a dict by name.

        Returns:
            Whole numbers ``(n,)``, from 0; for several sigmoid outputs ``(n, outputs)`` of 0 and 1. A list of such
            where :meth:`predict` gives one.

        Raises:
            DataError: If X does not fit, with row, column and remedy.
            GraphError: If the network predicts numbers and no classes, or has not seen data yet, so that the shape of
                its input is unknown.

        >>> X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
        >>> network = cr.Network([cr.Dense(8, "tanh"), cr.Dense(1, "sigmoid")], seed=0)
        >>> history = network.fit(X, y, optimizer=cr.Adam(0.05), epochs=500)
        >>> network.predict_classes(X)
        array([0, 1, 1, 0])
        """
        architecture = self._programs.architecture
        check_gives_classes(architecture, self.loss)
        labels = gives_labels(architecture, self.loss)
        p: Any = self.predict(X)
        found: Any = (
            [classes_of(each, labels) for each in p] if isinstance(p, list) else classes_of(p, labels)
        )
        return found

    @public
    def activations(self, X: "Data") -> "dict[str, NDArray[Any]]":
        """Return what every layer computes for X: "Z1", "A1" as the lectures write, others by label.

        Args:
            X: One row for each example, ``(n, ...)`` as in :meth:`fit`; for several inputs a dict by name.

        Returns:
            Arrays by name, each with a row for each example: before the activation ("Z1") and after it ("A1").

        Raises:
            DataError: If X does not fit, with row, column and remedy.
            GraphError: If the network has not seen data yet, so that the shape of its input is unknown.

        >>> network = cr.Network([cr.Dense(2, "relu", initializer=[[1.0, -1.0]]), cr.Dense(1)], input_shape=1, seed=0)
        >>> found = network.activations([[3.0], [-2.0]])
        >>> list(found)
        ['Z1', 'A1', 'Z2', 'A2']
        >>> found["Z1"], found["A1"]
        (array([[ 3., -3.],
               [-2.,  2.]], dtype=float32), array([[3., 0.],
               [0., 2.]], dtype=float32))
        """
        taken = self._take(X)
        programs = taken.looking
        nodes = seen_inside(programs.architecture)
        outputs = programs.outputs(
            programs.prediction("activations", [n for n, _ in nodes.values()]), taken.arrays
        )
        every = zip(outputs, nodes.values(), strict=True)
        return NamedArrays(zip(nodes, [taken.each(array, mask) for array, (_, mask) in every], strict=True))

    @public
    def evaluate(
        self,
        X: "Data",
        y: "ArrayLike",
        *,
        loss: "LossLike" = None,
        metrics: "MetricsLike" = (),
        sample_weight: "ArrayLike | None" = None,
    ) -> Evaluation:
        """Return the cost, and the metrics, of the predictions for X against y.

        Args:
            X: One row for each example, ``(n, ...)`` as in :meth:`fit`.
            y: Their targets, as in :meth:`fit`.
            loss: By default the one of the last fit.
            metrics: As in :meth:`fit`: "f1", "auc", "r2" ...; without any, "accuracy" where classes are predicted.
            sample_weight: A weight for each example, ``(n,)``, of any scale.

        Returns:
            A dict of numbers by name, "cost", then each metric. It is not unpacked: ``cost, accuracy =
            network.evaluate(X, y).values()``.

        Raises:
            DataError: If X or y does not fit, with row, column and remedy.
            GraphError: If the network has not seen data yet, so that the shape of its input is unknown.
            UnknownNameError: If no loss or metric bears the name.

        >>> X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
        >>> network = cr.Network([cr.Dense(8, "tanh"), cr.Dense(1, "sigmoid")], seed=0)
        >>> history = network.fit(X, y, optimizer=cr.Adam(0.05), epochs=500)
        >>> scores = network.evaluate(X, y)
        >>> scores["accuracy"], scores["cost"] < 0.1
        (1.0, True)
        """
        given, wanted = self._read(X, y, sample_weight), self.loss if loss is None else loss
        if not metrics and classifies(given.programs.architecture, wanted):
            metrics = ["accuracy"]
        goal, table = self._examples(given, loss, metrics)
        check_values(goal, table, "y")
        return Evaluation(given.programs.measure(goal, table))

    @public
    def gradients(
        self,
        X: "Data",
        y: "ArrayLike",
        *,
        loss: "LossLike" = None,
        sample_weight: "ArrayLike | None" = None,
    ) -> "dict[str, NDArray[Any]]":
        """Return the gradient of the cost by every parameter, by name, as the first training step sees it.

        Frozen parameters are among them (``trainable=False``).

        Args:
            X: One row for each example, ``(n, ...)`` as in :meth:`fit`.
            y: Their targets, as in :meth:`fit`.
            loss: By default the one of the last fit.
            sample_weight: A weight for each example, ``(n,)``, of any scale.

        Returns:
            Arrays by name, each of the shape of its parameter.

        Raises:
            DataError: If X or y does not fit, with row, column and remedy.
            GraphError: If the network has not seen data yet, so that the shape of its input is unknown.

        >>> network = cr.Network([cr.Dense(1, initializer=2.0)], input_shape=1)
        >>> network.gradients([[1.0], [3.0]], [3.0, 7.0])  # of the mean of (2x - y)²
        {'W1': array([[-4.]], dtype=float32), 'b1': array([-2.], dtype=float32)}
        """
        given = self._read(X, y, sample_weight)
        slopes = given.programs.slopes(*self._examples(given, loss))[1:]
        return NamedArrays(zip(given.programs.architecture.parameters, map(np.array, slopes), strict=True))

    @public
    def check_gradients(
        self,
        X: "Data",
        y: "ArrayLike",
        *,
        loss: "LossLike" = None,
        sample_weight: "ArrayLike | None" = None,
    ) -> "GradientReport":
        """Compare every gradient with central differences in float64, by parameter.

        The report tells a kink (a ReLU exactly at 0) apart from a bug, and locates a wrong derivative to its
        row and layer. Dropout is held at one mask.

        Args:
            X: One row for each example, ``(n, ...)`` as in :meth:`fit`; a few suffice.
            y: Their targets, as in :meth:`fit`.
            loss: By default the one of the last fit.
            sample_weight: A weight for each example, ``(n,)``, of any scale.

        Returns:
            A report: ``passed`` is True where no derivative is wrong; printed, it is a table.

        Raises:
            DataError: If X or y does not fit, with row, column and remedy.
            GraphError: If the cost is not finite.

        >>> network = cr.Network([cr.Dense(4, "tanh"), cr.Dense(3, "softmax")], input_shape=2, seed=0)
        >>> report = network.check_gradients([[1.0, -2.0], [0.5, 3.0]], [0, 2])
        >>> report.passed, [(p.name, p.checked) for p in report.parameters]
        (True, [('W1', 8), ('b1', 4), ('W2', 12), ('b2', 3)])
        """
        given = self._read(X, y, sample_weight, learning=self._own is None)
        if given.programs.common and self._own:  # it began just now, and variables of its own are to be moved
            given = self._read(X, y, sample_weight)
        goal, table = self._examples(given, loss)
        (cost,) = goal.learning([goal.cost])
        feed = dict(zip(goal.inputs, table, strict=True)) | {STEP: 0, SEED: self.seed}
        check = opened("chainrule.transform.check:check_gradients")  # which no fit needs
        report: GradientReport = check(
            mark(cost, None, "J"), list(self.architecture.parameters.values()), feed
        )
        return report

    # --- keeping ---

    @public
    def save(self, path: "str | os.PathLike[str]", extra: Mapping[str, Any] | None = None) -> None:
        """Write architecture and parameters to one safetensors file, whole or not at all. See :func:`load`.

        Args:
            path: The file; one that is there is replaced.
            extra: Plain data to keep beside them; it comes back as ``network.extra``. By default what it has already.

        Raises:
            GraphError: If the network has not seen data yet, or holds a function without a name (a lambda).
            DataError: If the file cannot be written, or extra is no plain data.
            MissingFileError: If there is no such folder.

        >>> network = cr.Network([cr.Dense(1)], input_shape=2, seed=0)
        >>> network.save("network.safetensors", extra={"made by": "me"})
        >>> again = cr.load("network.safetensors")
        >>> again.extra, np.array_equal(again.parameters["W1"], network.parameters["W1"])
        ({'made by': 'me'}, True)
        """
        saved = store.Saved(
            to_config(self.architecture),
            self.seed,
            self.runs,
            store.loss_to_config(self.loss),
            dict(self.extra if extra is None else extra),
            {name: called for name, called in self.columns.items() if frames.plain(called)},
            self.target_columns if frames.plain(self.target_columns) else (),
            self._programs.batch,
        )
        store.write(path, saved.config(), self._programs.values.named())

    def __getstate__(self) -> dict[str, Any]:
        check_names("This network", self.loss, self.layers)
        kept = {k: v for k, v in vars(self).items() if k not in ("_made", "_learning", "_method")}
        if (own := self._own) is not None:
            kept["_saved"] = (
                to_config(own.architecture, keep=True),
                own.values.named(),
                own.batch,
            )
        return kept

    def __setstate__(self, kept: dict[str, Any]) -> None:
        config, arrays, batch = kept.pop("_saved", (None, {}, None))
        Network.__init__(self, kept["_layers"] if config is None else from_config(config))
        vars(self).update(kept)
        if self._made is not None:
            self._made.values.set_named(arrays)
            self._made.batch = batch

    # --- reading what it is given ---

    def _read(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        what: tuple[str, str, str] = ("X", "y", "sample_weight"),
        learning: bool = False,
    ) -> "Given":
        """Return what the network is given, where the rows of all belong together.

        Args:
            X: One row for each example.
            y: Their targets.
            sample_weight: A weight for each example, or None.
            what: What the user calls these.
            learning: Whether this is what the network learns from: it decides the shape of a network that has
                seen no data, and what its columns are called from now on.
        """
        inputs = 1 if self._made is None else len(self._made.architecture.inputs)
        frames.check_index({**frames.parts(X, what[0], inputs), what[1]: y, what[2]: sample_weight})
        taken = self._take(X, learning)
        if learning and not self.target_columns:
            called = frames.telling(y)
            self.target_columns = called if len(called) > 1 else ()
        return Given(taken, frames.by_name(y, self.target_columns, what[1]), sample_weight, *what[1:])

    def _read_validation(self, data: Any) -> "Given":
        if not isinstance(data, tuple | list) or len(data) not in (2, 3):
            raise DataError("validation_data is (X, y) or (X, y, sample_weight).")
        what = "the validation X", "the validation y", "the sample_weight of validation_data"
        given = self._read(data[0], data[1], data[2] if len(data) == 3 else None, what, learning=True)
        if given.rows == 0:
            raise DataError("validation_data has no rows.")
        return given

    def _take(self, X: Any, learning: bool = False) -> Taken:
        """Return X checked and cast: an array for each input."""
        if self._made is None and learning:
            self._begin(shape_of(X, self._layers))
        programs = self._programs
        taken = take(programs, X, self.columns, learning)
        if learning:
            given = validation.by_input(X, programs.architecture.inputs)
            seen = {name: called for name, part in given.items() if (called := frames.telling(part))}
            self.columns = {**seen, **self.columns}
        return taken

    def _examples(self, given: "Given", loss: Any, metrics: Any = (), class_weight: Any = None) -> "Examples":
        """Return what was given as the loss takes it: by default that of the last fit."""
        return prepare(given, self.loss if loss is None else loss, metrics, class_weight)


def from_file(
    config: Mapping[str, Any], arrays: dict[str, np.ndarray], custom: Mapping[str, Any] | None = None
) -> Network:
    """Return the network of what :func:`store.read` found; ``custom`` is that of ``cr.load``."""
    saved: store.Saved = plain.read(store.Saved, config, "the file")
    architecture = from_config(saved.architecture, custom)
    check_arrays(architecture, arrays)
    for name, called in saved.columns.items():
        if name not in architecture.inputs or (len(called),) != architecture.inputs[name].shape[1:]:
            raise FileFormatError(f"the columns named for the input {short(name)} do not fit it.")
    ends = [architecture.output, *architecture.updates.values()]
    check_size(ends, architecture.inputs.values(), sum(a.nbytes for a in arrays.values()))
    network = Network(architecture, dtype=saved.architecture["dtype"], seed=saved.seed)
    network._programs.values.set_named(arrays)
    network.runs, network.extra = whole("runs", saved.runs, 0, SEEDS), saved.extra
    network.columns, network.target_columns = saved.columns, saved.target_columns
    network._programs.batch = None if saved.batch is None else whole("batch", saved.batch, 1)
    network.loss = store.loss_from_config(saved.loss, custom)
    return network


def float_name(dtype: Any) -> str:
    """Return the name of a dtype that a network computes in, or say that it is none."""
    try:
        name = np.dtype(dtype.lower() if isinstance(dtype, str) else dtype).name
    except TypeError:
        name = str(dtype)
    if name not in ("float32", "float64"):
        raise DataError(f"dtype must be 'float32' or 'float64'; found {dtype!r}.")
    return name
