"""scikit-learn's own tests of its MLPs, with our classes in their place; and that both are called alike.

Their module is read once more, with our classes under the names that it imports, so that whatever it says of them,
in parameters of its tests too, it says of ours. A test of theirs that a later version adds runs by itself.
"""

import inspect
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from unittest import mock

import numpy as np
import pytest
import sklearn
import sklearn.neural_network

from chainrule.estimators import minimising, mlp

pytestmark = pytest.mark.filterwarnings("default")  # as their suite runs them

KINDS = ["MLPClassifier", "MLPRegressor"]

# Tests of theirs that look at what is private to their classes and has no meaning in ours, and why.
PRIVATE = {
    "test_gradient": "calls _loss_grad_lbfgs with the arrays that it is to work in: test_gradients, below, asks ours",
}


def their_tests():
    """Return the functions of their module by name; none where scikit-learn was installed without its tests."""
    try:
        spec = find_spec("sklearn.neural_network.tests.test_mlp")
    except ModuleNotFoundError:
        spec = None
    if spec is None or spec.origin is None:
        return {}
    module = module_from_spec(spec_from_file_location("their_tests_of_ours", spec.origin))
    with mock.patch.multiple(sklearn.neural_network, **{kind: getattr(mlp, kind) for kind in KINDS}):
        module.__spec__.loader.exec_module(module)
    return {name: f for name, f in vars(module).items() if name.startswith("test_")}


THEIRS = their_tests()
globals().update({name: f for name, f in THEIRS.items() if name not in PRIVATE})


@pytest.fixture
def global_random_seed():
    return 42


@pytest.mark.skipif(not THEIRS, reason=f"scikit-learn {sklearn.__version__} was installed without its tests")
def test_their_tests_are_all_here():
    # Those of scikit-learn 1.6, whose classes had fewer; with parameters there are more.
    assert len(THEIRS) >= 34
    assert set(PRIVATE) <= set(THEIRS)
    for f in THEIRS.values():
        classes = [f.__globals__[kind] for kind in KINDS]
        assert classes == [mlp.MLPClassifier, mlp.MLPRegressor]


def public_methods(kind):
    found = inspect.getmembers(getattr(sklearn.neural_network, kind), inspect.isroutine)
    return ["__init__", *(name for name, _ in found if not name.startswith("_"))]


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_gradients(activation, classes, monkeypatch):
    """What L-BFGS is told is the slope of what it is told of the cost, alpha's share included."""
    asked = []
    plain = minimising.minimised
    monkeypatch.setattr(
        minimising,
        "minimised",
        lambda cost, start, *how: asked.append((cost, start)) or plain(cost, start, *how),
    )
    rng = np.random.RandomState(42)
    X, y = rng.rand(5, 10), np.arange(1, 6) % classes
    mlp.MLPClassifier(10, activation, solver="lbfgs", alpha=0.5, max_iter=1, random_state=1).fit(X, y)
    (cost, start), step = asked[0], 1e-5
    _, slopes = cost(start)
    for values, found in zip(start, [np.array(g) for g in slopes], strict=True):
        for place in np.ndindex(values.shape):
            here, sides = values[place], []
            for side in (step, -step):
                values[place] = here + side
                sides.append(cost(start)[0])
            values[place] = here
            assert found[place] == pytest.approx((sides[0] - sides[1]) / (2 * step), rel=1e-5, abs=1e-8)


@pytest.mark.parametrize(("kind", "method"), [(k, m) for k in KINDS for m in public_methods(k)])
def test_ours_are_called_as_theirs(kind, method):
    """Names, order, kinds and defaults are theirs; what is ours comes behind, by name only, and may be left out."""
    theirs, ours = (
        inspect.signature(getattr(getattr(module, kind), method)).parameters
        for module in (sklearn.neural_network, mlp)
    )
    known, found = ([(p.name, p.kind, p.default) for p in each.values()] for each in (theirs, ours))
    assert [each for each in found if each[0] in theirs] == known
    for name, how, default in (each for each in found if each[0] not in theirs):
        if name not in NEWER:
            assert how is inspect.Parameter.KEYWORD_ONLY and default is not inspect.Parameter.empty


NEWER = {"loss", "sample_weight"} if tuple(map(int, sklearn.__version__.split(".")[:2])) < (1, 7) else set()
