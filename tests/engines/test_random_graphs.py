"""Random graphs and random networks: the native engine computes what the NumPy engine does."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from random_graphs import random_program
from random_loops import Loop
from random_pictures import random_pictures

import chainrule as cr
from chainrule.engines.compiled import build
from chainrule.graph.closed import Program

few = settings(max_examples=60, suppress_health_check=list(HealthCheck))
randoms = st.randoms(use_true_random=False)


def check_random_program(r, dtype, close, grown=random_program):
    program, g = grown(r, dtype)
    numpy, native = build(program, "numpy"), build(program, "native")
    state = [w.value for w in program.state]
    rounding = 2.0**14 if dtype == "float64" else 2.0**9
    for _ in range(2):  # the second step starts where the first ended
        before = [np.array(x) for x in state]
        (wanted, outputs), (found, values) = numpy.step(state, g.batch), native.step(state, g.batch)
        for i, (a, b) in enumerate(zip(values, outputs, strict=True)):
            close(np.asarray(a), b, f"output {i}", rounding)
        for i, (a, b) in enumerate(zip(found, wanted, strict=True)):
            close(np.asarray(a), b, f"new state {i}", rounding)
        for a, b in zip(state, before, strict=True):
            np.testing.assert_array_equal(a, b, err_msg="the given state was changed")
        state = [np.asarray(x) for x in wanted]


@few
@given(r=randoms)
def test_random_graphs_of_float64(r, close):
    check_random_program(r, "float64", close)


@few
@given(r=randoms)
def test_random_graphs_of_float32(r, close):
    check_random_program(r, "float32", close)


@settings(few, max_examples=12)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@given(r=randoms)
def test_random_pictures(r, dtype, close):
    check_random_program(r, dtype, close, random_pictures)


@settings(few, max_examples=10)
@given(
    r=randoms, steps=st.sampled_from([0, 1, 2, 7]), batch=st.sampled_from([0, 1, 2, 5]), twice=st.booleans()
)
def test_random_loops_and_their_derivatives(r, steps, batch, twice, close):
    loop = Loop(r, T=steps, batch=batch)
    J = loop.scalar()
    outputs = [J, *cr.grad(J, loop.variables)]
    if twice:
        outputs += cr.grad(sum(np.sum(np.sin(g)) for g in outputs[1:]), loop.variables)
    program = Program((), tuple(loop.variables), tuple(outputs), tuple(loop.variables))
    state = [w.value for w in loop.variables]
    (_, wanted), (_, found) = (build(program, engine).step(state, []) for engine in ("numpy", "native"))
    for i, (a, b) in enumerate(zip(found, wanted, strict=True)):
        close(np.asarray(a), b, f"output {i}", 2.0**14)


# --- networks -------------------------------------------------------------------------------------------

ACTIVATIONS = ["relu", "tanh", "sigmoid", "softplus", "gelu", "silu", "elu", "leaky_relu", None]
# With epsilon=1e-8 a gradient that is nothing but rounding, behind a layer that makes 0 of everything, is a step.
OPTIMIZERS = [
    lambda: cr.SGD(0.1), lambda: cr.SGD(0.05, momentum=0.9), lambda: cr.SGD(0.05, momentum=0.9, nesterov=True),
    lambda: cr.Adam(0.01, epsilon=1e-4), lambda: cr.AdamW(0.01, epsilon=1e-4), lambda: cr.RMSprop(0.01, epsilon=1e-4),
    lambda: cr.Adagrad(0.1, epsilon=1e-4),
    lambda: cr.SGD(cr.Cosine(0.1)), lambda: cr.SGD(cr.StepDecay(0.1, 0.5, 2)), lambda: cr.SGD(cr.ReduceOnPlateau(0.1)),
]  # fmt: skip
GENTLE = [lambda: cr.SGD(0.01), lambda: cr.SGD(0.005, momentum=0.9), lambda: cr.SGD(cr.Cosine(0.01))]
ENDINGS = {
    "classes": (
        lambda r: cr.Dense(4, "softmax"),
        ["categorical_crossentropy", cr.CategoricalCrossentropy(0.2)],
    ),
    "yes or no": (lambda r: cr.Dense(1, "sigmoid"), ["binary_crossentropy", "mse"]),
    "numbers": (
        lambda r: cr.Dense(2, None),
        ["mse", "half_mse", "mae", "huber", cr.Quantile(0.8), cr.Huber(0.5)],
    ),
    "counts": (lambda r: cr.Dense(2, "softplus"), ["poisson", "mse"]),
}


def random_layers(r):
    """Return a function that makes equal layers again, and the ending's name."""
    regularizers = [None, None, cr.L2(0.01), cr.L1(0.01), cr.L1L2(0.01, 0.02)]
    makers = []
    for _ in range(r.randint(0, 3)):
        width, activation, regularizer = (
            r.choice([1, 3, 8, 17, 32]),
            r.choice(ACTIVATIONS),
            r.choice(regularizers),
        )
        makers.append(lambda w=width, a=activation, g=regularizer: cr.Dense(w, a, regularizer=g))
        if r.random() < 0.4:
            makers.append(r.choice([cr.BatchNormalization, cr.LayerNormalization, lambda: cr.Dropout(0.3)]))
    ending = r.choice(list(ENDINGS))
    makers.append(lambda: ENDINGS[ending][0](r))
    return lambda: [m() for m in makers], ending


def random_examples(r, ending, features):
    numbers = np.random.default_rng(r.randrange(2**32))
    n = r.choice([1, 5, 16, 40, 67])
    X = numbers.normal(size=(n, features))
    y = {
        "classes": numbers.integers(0, 4, n),
        "yes or no": numbers.integers(0, 2, n),
        "numbers": numbers.normal(size=(n, 2)),
        "counts": numbers.poisson(2.0, (n, 2)),
    }[ending]
    if ending in ("classes", "yes or no") and n > 4:
        y[:4] = [0, 1, 2, 3] if ending == "classes" else [0, 1, 0, 1]
    return X, y


def check_random_network(r, dtype, rounding):
    layers, ending = random_layers(r)
    X, y = random_examples(r, ending, r.choice([1, 3, 9, 16]))
    make_optimizer = r.choice(OPTIMIZERS if dtype == "float64" else GENTLE)
    options = {
        "loss": r.choice(ENDINGS[ending][1]),
        "batch_size": r.choice([1, 7, 16, 32, None]),
        "epochs": 3,
        "shuffle": r.random() < 0.7,
    }
    if ending in ("classes", "yes or no") and len(X) > 4:
        options["metrics"] = ["accuracy"] if r.random() < 0.3 else []
        if r.random() < 0.3:
            options["class_weight"] = "balanced"
    if len(X) > 10 and r.random() < 0.3:
        options["validation_split"] = 0.25
        options.pop("class_weight", None)
    if r.random() < 0.2:
        options["sample_weight"] = np.linspace(0.5, 1.5, len(X))
    seed = r.randrange(100)

    def trained(engine, X):
        network = cr.Network(layers(), seed=seed, engine=engine, dtype=dtype)
        history = network.fit(X, y, optimizer=make_optimizer(), **options).history
        return {**history, **network.parameters, **network.statistics, "predictions": network.predict(X)}

    wanted, found = trained("numpy", X), trained("native", X)
    assert set(found) == set(wanted)
    differing = [k for k in found if not np.allclose(found[k], wanted[k], rounding, rounding, equal_nan=True)]
    if differing:
        # A training near divergence makes much of the last bit: here of those of the data, and every step rounds
        # hundreds of times more.
        shaken = trained("numpy", np.nextafter(X.astype(dtype), np.inf))
        for k in differing:
            allowed = 1000 * np.abs(np.subtract(shaken[k], wanted[k])).max()
            np.testing.assert_allclose(found[k], wanted[k], rounding, max(rounding, allowed), err_msg=k)


# Training amplifies roundings: Adam divides gradients that are nothing but rounding by their own size. So float32 is
# trained gently, and float64 shows that the computation is the same.
@settings(few, max_examples=30)
@pytest.mark.filterwarnings(
    "ignore::chainrule.errors.DivergenceWarning"
)  # both engines must then go back alike
@pytest.mark.filterwarnings(
    "ignore:Layer .* takes at least:chainrule.errors.LearningWarning"
)  # of batch_size=1
@given(r=randoms)
def test_random_networks_of_float64(r):
    check_random_network(r, "float64", 1e-8)


@settings(few, max_examples=15)
@pytest.mark.filterwarnings("ignore::chainrule.errors.DivergenceWarning")
@pytest.mark.filterwarnings("ignore:Layer .* takes at least:chainrule.errors.LearningWarning")
@given(r=randoms)
def test_random_networks_of_float32(r):
    check_random_network(r, "float32", 2e-3)
