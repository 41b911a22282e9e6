"""What is printed by itself fits a screen, however large the thing is, and does not take long to write."""

import dataclasses
import inspect
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

import chainrule as cr

LONG = "a name that goes on and on " * 20
X = np.random.default_rng(0).normal(size=(40, 4))
y = (X.sum(axis=1) > 0).astype(int)


def deep(steps):
    node = cr.variable(np.ones(3), LONG)
    for i in range(steps):
        node = np.tanh(node) + i
    return node


def large_network():
    network = cr.Network(
        [cr.Dense(1, "tanh", name=LONG) for _ in range(100)] + [cr.Dense(1, "sigmoid")], seed=0
    )
    history = network.fit(X, y, epochs=2, metrics=["accuracy"], validation_split=0.2)
    return network, history


def large_table():
    table = pd.DataFrame({f"column {i} {LONG}": np.arange(40.0) ** (1 + i / 50) % 7 for i in range(50)})
    table["target"] = y
    return table


def large_model():
    return cr.TableModel.train(large_table(), "target", epochs=2)


def compared_runs():
    with tempfile.TemporaryDirectory() as folder:
        places = [Path(folder) / f"{LONG[:60]}-{i}" for i in range(5)]
        for i, place in enumerate(places):
            cr.TableModel.train(large_table(), "target", epochs=1 + i, run=place)
        return cr.compare_runs(*places)


def many_recorded():
    network = cr.Network([cr.Dense(1, name=LONG) for _ in range(60)], seed=0)
    return network.fit(X, y, epochs=7, callbacks=cr.Record(values=True, every=3)).recorded


GIVEN = {  # what must be given
    "Embedding": (9, 3), "Activation": ("relu",), "CSVLog": ("a.csv",), "Checkpoint": ("a.safetensors",),
    "TensorBoardLog": ("logs",), "Cosine": (0.1,), "Metric": (max,),
    "ExponentialDecay": (0.1, 0.9), "OneCycle": (0.1,), "StepDecay": (0.1,), "WarmUp": (0.1, 9),
    "ReduceOnPlateau": (0.1,), "Dropout": (0.5,),
    "RandomTranslation": (0.1, 0.1), "RandomRotation": (0.1,), "RandomZoom": (0.1,), "RandomContrast": (0.1,),
    "RandomBrightness": (0.1,), "SpatialDropout1D": (0.5,),
    "SpatialDropout2D": (0.5,), "Reshape": ((8, 8, 1),), "Permute": ((2, 1),),
    "Rescaling": (0.5,), "Clip": (-8, 8), "Mixture": ((0.25, 0.75),), "PiecewiseLinearEncoding": (((0, 1, 2),) * 99,),
    "DepthwiseConv2D": (3,), "DepthwiseConv1D": (3,), "SeparableConv1D": (8, 3), "GaussianNoise": (0.1,),
    **{f"{name}Conv2D": (8, 3) for name in ("", "Separable")}, "Conv1D": (8, 3), "Conv3D": (8, 3),
    "Conv2DTranspose": (8, 3), "Conv1DTranspose": (8, 3),
    "SimpleRNN": (4,), "LSTM": (4,), "GRU": (4,), "RNN": (cr.Cell(),), "Bidirectional": (cr.LSTM(4),),
    "TimeDistributed": (cr.Dense(4),),
}  # fmt: skip


def examples():
    network, history = large_network()
    model, node, scalars = large_model(), deep(10_000), cr.variable(0.5, LONG)
    for i in range(50):
        scalars = np.tanh(scalars) * i
    yield from (network, history, network.parameters, model, model.report, model.columns, model.target, node)
    yield from (
        model.report.scores,
        network.output,
        cr.trace(node),
        cr.grad(node.sum(), node),
        cr.explain(scalars),
        cr.explain(node.sum()),
    )
    yield from (
        cr.grad(node.sum(), node).meaning,
        network.check_gradients(X, y),
        cr.ENGINES,
        *cr.ENGINES.values(),
    )
    yield from (cr.Network([cr.Dense(3, initializer=np.ones((4, 3)))] * 200), cr.constant(np.arange(1e6)))
    function = cr.compile(deep(300))
    yield from (function, function.executable, function._compiled.program)
    yield cr.find_learning_rate(cr.Network([cr.Dense(1)], seed=0), X, y)
    yield from (network.activations(X), network.gradients(X, y), network.architecture)
    yield from (cr.attributions(network, X), cr.permutation_importance(model, large_table()))
    yield many_recorded()
    verdict = cr.Verdict(LONG, "note", LONG * 90, LONG, LONG, cr.Trial("R²", 0.0, 1.0, 1.0, 0.0))
    yield from (cr.Verdicts([verdict] * 90), verdict, verdict.trial)
    yield compared_runs()
    yield cr.nudge((scalars * 2).named(LONG), scalars, [1e-3, 1e-6])
    picture = cr.Picture(
        [cr.pictures.Panel([cr.pictures.Line(np.arange(1e4), np.arange(1e4), LONG)] * 9)] * 99, LONG, LONG
    )
    yield from (picture, *picture.panels[:1], *picture.panels[0].marks[:1], cr.pictures.Axis(LONG))
    yield cr.KeptEpochs(list(range(100)), np.zeros((100, 10_000, 1)), None)
    yield from (cr.History({f"{LONG}{i}": [0.5] * 10_000 for i in range(90)}),)
    yield from (node.primitive, np.concatenate([node.named(f"{LONG}{i}") for i in range(500)]))
    yield cr.Dense(5, lambda z: z, initializer=np.ones((400, 5)))
    yield cr.find_learning_rate(cr.Network([cr.Dense(1, "sigmoid")], seed=0), X, y, steps=1000)
    for mlp in (cr.MLPClassifier, cr.MLPRegressor):
        yield mlp((9,) * 900, activation=[LONG] * 900)
    for of_tables in (cr.TableClassifier, cr.TableRegressor):
        yield of_tables(drop=[LONG] * 900)
    for of_networks in (cr.NetworkClassifier, cr.NetworkRegressor):
        yield of_networks([cr.Dense(3, initializer=np.ones((4, 3)), name=LONG)] * 200)
    for name in cr.__all__:
        kind = getattr(cr, name)
        if inspect.isclass(kind) and dataclasses.is_dataclass(kind) and not inspect.isabstract(kind):
            required = [p for p in inspect.signature(kind).parameters.values() if p.default is p.empty]
            if len(required) <= len(GIVEN.get(name, ())):
                yield kind(*GIVEN.get(name, ()))


def test_a_repr_fits_a_screen():
    seen = set()
    for thing in examples():
        seen.add(type(thing))
        written = repr(thing)
        lines = [-(-len(line) // 80) or 1 for line in written.splitlines()]  # as a terminal wraps them
        assert 1 <= sum(lines) <= (24 if len(lines) > 1 else 4), written
    kinds = [getattr(cr, name) for name in cr.__all__]
    kinds = [kind for kind in kinds if inspect.isclass(kind) and not issubclass(kind, Exception)]
    assert [kind.__name__ for kind in kinds if not any(issubclass(each, kind) for each in seen)] == []


def test_a_stage_and_a_report_read_as_they_are_at_a_prompt():
    network, _ = large_network()
    shown = network.show(X, y, "graph")
    assert repr(shown).startswith("input x: float32 (batch, 4)\ninput y") and " more lines …" in repr(shown)
    assert "more lines" not in shown and str(shown) == shown
    table, target = cr.load_table("iris")
    report = repr(cr.TableModel.train(table, target, epochs=2).report)
    assert (
        report.startswith("Learned from 102 rows in ")
        and "Trained all 2 epochs" in report
        and "accuracy" in report
    )


def test_names_give_a_terminal_no_orders():
    name = "\x1b[2Jmine\u202e"
    network = cr.Network([cr.Dense(1, name=name)], seed=0)
    history = network.fit([[1.0], [2.0]], [1.0, 2.0], epochs=2)
    history[name] = [0.5, 0.5]
    x = cr.variable([1.0, 2.0], name=name)
    for thing in (network, history, x, 2 * x, network.parameters, cr.explain(cr.variable(0.5, name) * 2)):
        shown = repr(thing) + (thing._repr_html_() if hasattr(thing, "_repr_html_") else "")
        assert "\x1b" not in shown and "\u202e" not in shown
    assert "\x1b" not in network.summary_text()
