"""chainrule: neural networks you can see through, and the fastest ones on your laptop.

    import chainrule as cr

A network is a computation graph, and everything is one more way of reading that graph. The names below are the
whole public interface; ``help(cr.Network.fit)`` tells of one. Each is loaded when it is first used, so that importing
the package costs nothing.

A network learns from arrays, one row for each example:

>>> X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
>>> network = cr.Network([cr.Dense(8, "tanh"), cr.Dense(1, "sigmoid")], seed=0)
>>> history = network.fit(X, y, optimizer=cr.Adam(0.05), epochs=500)
>>> network.predict_classes(X)
array([0, 1, 1, 0])

or, with the preparing of its columns, from a table:

>>> table, target = cr.load_table("iris")
>>> model = cr.TableModel.train(table, target, epochs=30)
>>> model.predict(table[:2])["target"].tolist()
['setosa', 'setosa']

A formula is told step by step, and differentiated:

>>> a, b, c = cr.variable(5.0, "a"), cr.variable(3.0, "b"), cr.variable(2.0, "c")
>>> J = (3 * (a + b * c)).named("J")
>>> print(J.value, cr.grad(J, c).value)
33.0 9.0
>>> print(cr.explain(J, wrt=c).derivatives[0])
dJ/dc = dJ/dt2 · dt2/dt1 · dt1/dc = 3 × 1 × 3 = 9

Where to look:

- networks: ``Network``, ``load``, ``mixture``, ``Parameters``, ``History``, callbacks such as ``EarlyStopping``;
  ``fit_many``, ``find_learning_rate``
- layers: ``Dense``, ``Activation``, ``PReLU``, ``Dropout``, ``GaussianNoise``, ``BatchNormalization``,
  ``LayerNormalization``, ``GroupNormalization``, ``Embedding``, ``PiecewiseLinearEncoding`` with ``bin_edges``;
  ``Layer`` for one of your own
- sequences of different lengths: ``Masking``, ``Embedding(mask_zero=True)``; ``mask_of`` for layers of your own;
  ``pad_sequences``
- what slides over pictures and sequences: ``Conv1D``, ``Conv2D``, ``Conv3D``, ``DepthwiseConv2D``,
  ``SeparableConv2D``, ``Conv2DTranspose`` and the like
- what changes shapes: ``MaxPooling2D``, ``GlobalAveragePooling2D`` and the like, ``Flatten``, ``Reshape``, ``Permute``,
  ``ZeroPadding2D``, ``Cropping2D``, ``UpSampling2D``; paths meet in ``Add``, ``Concatenate`` ...
- what changes pictures in training: ``RandomFlip``, ``RandomTranslation``, ``RandomRotation``, ``RandomZoom``,
  ``RandomContrast``, ``RandomBrightness``
- what goes through sequences step by step: ``SimpleRNN``, ``LSTM``, ``GRU``, ``Bidirectional``; ``RNN`` of a
  ``Cell`` of your own
- what they are made of: activations (``relu`` ...), losses (``mse`` ...), initializers (``Scaled`` ...), regularizers
  (``L2`` ...), optimizers (``Adam`` ...), schedules (``Cosine`` ...); ``Metric`` for a metric of your own
- tables: ``TableModel``, ``read_table``, ``write_table``, ``load_table``; ``cr.SAMPLES`` are the names of the tables
  that come along
- scikit-learn's estimators: ``MLPClassifier`` and ``MLPRegressor``, its own; ``NetworkClassifier`` and
  ``NetworkRegressor`` around any network; ``TableClassifier`` and ``TableRegressor`` for tables as they are
- choices: ``cr.CHOICES`` has a record for each that a training on a table takes, by name
- why a prediction is what it is: ``attributions``, ``permutation_importance``
- what is wrong with a training: ``diagnose``, which returns ``Verdicts``
- graphs: ``variable``, ``constant``, ``input``, ``trace``, ``grad``, ``explain``, ``draw``, ``check_gradients``,
  ``simplify``, ``compile``, ``primitive``; loops: ``scan``, and ``unroll`` to look at them
- pictures: ``cr.pictures`` has functions that each return a ``Picture``, which a notebook shows and ``.save`` writes
- engines: ``cr.ENGINES`` has a record for each, by the name that ``engine=`` takes: what it is, and the ``stages`` that
  ``show`` can show
- errors: ``ChainruleError`` is the base of all that is raised; ``show_versions`` says what a report of a bug should
"""

from importlib import import_module
from importlib.util import find_spec
from sys import meta_path
from typing import Any

from chainrule.doors import (
    DOORS as _DOORS,
    FAMILIES as _FAMILIES,
    families as _families,
    family_of as _family_of,
)

__version__ = "0.2.0"

# What is public: these names,
_HOMES = {
    "graph.node": ["Node", "constant", "input", "variable"],
    "graph.trace": ["Trace", "trace"],
    "graph.primitives.primitive": ["Primitive"],
    "graph.table": ["primitive"],
    "transform.backprop": ["Gradient", "grad"],
    "transform.simplify": ["simplify"],
    "transform.check": ["GradientReport", "check_gradients"],
    "graph.loops": ["scan"],
    "transform.unroll": ["unroll"],
    "graph.functions": ["logsumexp", "one_hot", "stop_gradient"],
    "engines.function": ["compile"],
    "engines.registry": ["ENGINES"],
    "engines.versions": ["show_versions"],
    "train.kept": ["KeptEpochs"],
    "train.recorded": ["Recorded"],
    "train.tensorboard": ["TensorBoardLog"],
    "train.many": ["fit_many"],
    "train.network": ["Network"],
    "train.mixing": ["mixture"],
    "train.metrics": ["Metric"],
    "train.rates": ["LearningRates", "find_learning_rate"],
    "train.parameters": ["Parameters"],
    "train.sequences": ["pad_sequences"],
    "models.table": ["TableModel"],
    "models.options": ["CHOICES"],
    "estimators.mlp": ["MLPClassifier", "MLPRegressor"],
    "estimators.networks": ["NetworkClassifier", "NetworkRegressor"],
    "estimators.tables": ["TableClassifier", "TableRegressor"],
    "models.loading": ["load"],
    "train.history": ["History"],
    "explaining.explanation": ["Explanation", "MatrixExplanation", "explain"],
    "explaining": ["pictures"],
    "explaining.pictures.graphs": ["draw"],
    "explaining.attributing": ["Attributions", "attributions"],
    "explaining.importance": ["PermutationImportance", "permutation_importance"],
    "explaining.pictures.picture": ["Picture"],
    "explaining.nudging": ["Nudge", "nudge"],
    "showing.report.beside": ["RunComparison", "compare_runs"],
    "showing.report.writing": ["report"],
    "explaining.doctor.diagnosing": ["diagnose"],
    "explaining.doctor.verdict": ["Trial", "Verdict", "Verdicts"],
    "data.tables": ["load_table", "read_table", "write_table"],
    "data.samples": ["SAMPLES"],
}
# and all that these modules say of themselves, in their `__all__`: a new layer or optimizer is told nowhere else. A
# name is looked for in this order, and what stands behind its family is not imported.
_FAMILIES += [
    f"{__name__}.{family}"
    for family in (
        "errors", "nn.layers.base", "nn.layers.dense", "nn.activations", "nn.losses", "nn.initializers",
        "nn.regularizers", "train.optimizers", "train.schedules", "train.callbacks", "train.recording",
        "nn.layers.dropout", "nn.layers.reshaping", "nn.layers.embedding", "nn.layers.normalization",
        "nn.layers.convolution",
        "nn.layers.pooling", "nn.layers.scaling", "nn.layers.merging", "nn.layers.separable", "nn.layers.transposed",
        "nn.layers.padding", "nn.layers.augmentation", "nn.layers.recurrent", "nn.layers.bidirectional",
        "nn.layers.cells", "nn.layers.masking", "nn.masking", "nn.layers.distributed", "nn.layers.encoding",
        "nn.binning",
    )
]  # fmt: skip
_RENAMED = {"Row": "Primitive"}
# Who serves what stands below: methods ("Network.plot"), files by their ending ("read .onnx"), what a model file
# holds beside its network ("load chainrule.table"), and the page that a training writes of itself.
_DOORS |= {
    "TableModel.explain": "chainrule.models.telling:of_row",
    "TableExplanation._repr_html_": "chainrule.showing.explained:table",
    "TableModel.most_wrong": "chainrule.models.views.wrong:most_wrong",
    "TableModel.worst_slices": "chainrule.models.views.slices:worst_slices",
    "TableModel._subject": "chainrule.models.explained:subject",
    "load chainrule.table": "chainrule.models.table:from_file",
    "page of a run": "chainrule.showing.report.page:report",
    "Node._repr_html_": "chainrule.showing.graphs:node",
    "Trace._repr_html_": "chainrule.showing.graphs:trace",
    "GradientReport._repr_html_": "chainrule.showing.graphs:gradients",
    "Network.draw": "chainrule.explaining.pictures.networks:network",
    "Network._repr_html_": "chainrule.showing.training:network",
    "Parameters._repr_html_": "chainrule.showing.training:parameters",
    "NamedArrays._repr_html_": "chainrule.showing.training:parameters",
    "History.plot": "chainrule.explaining.pictures.trainings:history",
    "LearningRates.plot": "chainrule.explaining.pictures.trainings:learning_rates",
    "Estimator.plot": "chainrule.explaining.pictures.trainings:of_estimator",
    "History._repr_html_": "chainrule.showing.training:history",
    "TableModel.draw": "chainrule.models.drawn:draw",
    "TableModel.diagnose": "chainrule.models.examining:of_model",
    "TableModel._repr_html_": "chainrule.showing.models:model",
    "Plan._repr_html_": "chainrule.showing.models:plan",
    "Scores._repr_html_": "chainrule.showing.models:scores",
    "Explanation._repr_html_": "chainrule.showing.derivations:explanation",
    "MatrixExplanation._repr_html_": "chainrule.showing.derivations:explanation",
    "NetworkExplanation._repr_html_": "chainrule.showing.explained:network",
    "RowExplanation._repr_html_": "chainrule.showing.explained:row",
    "WeightExplanation._repr_html_": "chainrule.showing.explained:weight",
    "Attributions._repr_html_": "chainrule.showing.attributing:attributions",
    "PermutationImportance._repr_html_": "chainrule.showing.attributing:importance",
    "Verdicts._repr_html_": "chainrule.showing.diagnosed:verdicts",
    "Estimator._html_below": "chainrule.showing.estimators:below",
    "Picture._repr_html_": "chainrule.showing.svg.page:html",
    "Picture.svg": "chainrule.showing.svg.page:svg",
    "Picture.plot": "chainrule.showing.plotting:plot",
    "Picture.save": "chainrule.showing.saving:save",
}
_HOME_OF = {name: f"{__name__}.{home}" for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in _RENAMED:
        import_module(f"{__name__}.errors").deprecated(f"cr.{name}", f"cr.{_RENAMED[name]}")
        name = _RENAMED[name]
    with import_module(f"{__name__}.errors").needing(f"cr.{name}"):
        if name != "__all__" and (home := _home(name)) is None:
            known = () if _is_room(name) else __getattr__("__all__")
            return import_module(f"{__name__}.friendly").of_module(__name__, name, known)
        value = _public() if name == "__all__" else getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__getattr__("__all__"), "__version__"])


def _home(name: str) -> Any:
    """Return the module that has a public name, or None."""
    if name in _HOME_OF:
        return import_module(_HOME_OF[name])
    if name.startswith("_"):
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return None if _is_room(name) else _family_of(name, __name__)


def _is_room(name: str) -> bool:
    try:
        return name.isidentifier() and find_spec(f"{__name__}.{name}") is not None
    except ModuleNotFoundError:
        return False


class _ForeignRooms:
    """The last to be asked for a module of ours: `from chainrule.layers import Dense` is told the line to write."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        if name.startswith(f"{__name__}."):
            friendly = import_module(f"{__name__}.friendly")
            if answer := friendly.foreign("cr", name.split(".")[1]):
                raise ModuleNotFoundError(f"No module named '{name}'. {answer}", name=name)


def _public() -> list[str]:
    return sorted([*_HOME_OF, *(name for family in _families(__name__) for name in family.__all__)])


meta_path.append(_ForeignRooms)  # type: ignore[arg-type]
