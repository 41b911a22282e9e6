"""The doctor gets through whatever it is given, and leaves all of it as it was."""

import random
import threading
import warnings

import numpy as np
import pytest
from ordeals import ORDEALS

import chainrule as cr
from chainrule.explaining.doctor.reading import case_of

# One of each kind: what was not trained, what was refused, what is strange, several inputs, sequences, settings.
SAMPLE = (
    "untrained", "every_setting", "one_row", "two_rows", "one_class", "constant_inputs", "classes_that_never_come",
    "labels", "words", "missing_inputs", "nonsense_in_the_job", "validation_differs", "diverged",
    "not_a_number_inside", "refused", "a_loss_that_raises_later", "a_layer_of_ones_own", "nothing_learns",
    "several_inputs", "ragged_steps_with_targets", "stateful", "frames_in_another_order", "read_only_arrays",
)  # fmt: skip


def bits(value):
    """Return what shows whether a value is still the same."""
    if isinstance(value, dict):
        return {name: bits(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [bits(each) for each in value]
    if hasattr(value, "to_csv"):
        return value.to_csv()
    if isinstance(value, np.ndarray):
        return (value.dtype, value.shape, value.tobytes() if value.dtype.kind != "O" else value.tolist())
    return value if isinstance(value, int | float | str | bytes | None) else id(value)


def state(network):
    """Return what a network is, as far as it can be seen from outside."""
    try:
        held = [
            {k: bits(np.asarray(v)) for k, v in part.items()}
            for part in (network.parameters, network.statistics)
        ]
    except cr.GraphError:  # it has not seen data yet
        held = []
    return (
        held, network.seed, network.runs, network.dtype, network.engine, id(network.loss), bits(network.columns),
        [layer.trainable for layer in network.layers], network._made is None,
    )  # fmt: skip


def told(history):
    return (
        None if history is None else (bits(dict(history)), history.stopped, history.diverged, history.epochs)
    )


def examined(given):
    """Diagnose, and hold all that was given to what it was before."""
    network, X, y, history, job = given
    before = state(network), bits(X), bits(y), told(history), bits(job)
    chance = np.random.get_state()[1].tobytes(), random.getstate()
    filters, errors = list(warnings.filters), np.geterr()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = cr.diagnose(network, X, y, history, job)
    assert (state(network), bits(X), bits(y), told(history), bits(job)) == before
    assert (np.random.get_state()[1].tobytes(), random.getstate()) == chance
    assert (list(warnings.filters), np.geterr()) == (filters, errors)
    assert isinstance(found, list)
    for verdict in found:
        assert verdict.severity in ("critical", "warning", "note") and verdict.cause and verdict.sentence
        assert str(verdict) and (
            verdict.cause == "not_examined" or "nan" not in verdict.sentence.lower().split()
        )
    return found


@pytest.mark.filterwarnings("ignore::chainrule.DivergenceWarning")  # of the training that is looked at
@pytest.mark.parametrize(
    "name", [name if name in SAMPLE else pytest.param(name, marks=pytest.mark.long) for name in ORDEALS]
)
def test_it_gets_through(name, capsys):
    found = examined(ORDEALS[name]())
    if not name.startswith("a_loss_that_raises"):  # no rule stumbles over what it did not expect
        assert not [v.sentence for v in found if v.cause == "not_examined" and "Error: " in v.sentence]
    assert capsys.readouterr() == ("", "")


def broken(rate=3.0):
    """Return a training whose rate is far too high."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(200, 5))
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    network, job = (
        cr.Network([cr.Dense(12, "tanh"), cr.Dense(1, "sigmoid")], seed=1),
        {"optimizer": cr.Adam(rate), "epochs": 20},
    )
    return network, X, y, network.fit(X, y, **job), job


def said(found):
    return found.to_dict()


def test_what_is_no_network_or_no_job_is_refused():
    with pytest.raises(cr.GraphError, match=r"looks at a cr\.Network as it was trained; found 7"):
        cr.diagnose(7, [[1.0]], [1.0])
    network, X, y, history, _ = ORDEALS["nothing_told"]()
    with pytest.raises(
        cr.DataError, match=r"job is a dict of the arguments that fit was given; found \['adam'\]"
    ):
        cr.diagnose(network, X, y, history, ["adam"])


def test_the_same_training_gets_the_same_verdict(monkeypatch):
    given = broken()
    first = said(cr.diagnose(*given))
    monkeypatch.setenv("CHAINRULE_THREADS", "1")
    assert said(cr.diagnose(*given)) == first
    assert said(cr.diagnose(*broken())) == first


def test_threads_get_what_each_gets_alone():
    given = [broken(), broken(2.0)]
    alone = [said(cr.diagnose(*each)) for each in given]
    filters, together = list(warnings.filters), [None, None]

    def ask(i):
        together[i] = said(examined(given[i]))

    with warnings.catch_warnings():
        threads = [threading.Thread(target=ask, args=[i]) for i in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert together == alone
    assert list(warnings.filters) == filters


def test_a_loss_that_raises_is_told_of_and_the_rest_goes_on():
    network, X, y, history, _ = ORDEALS["nothing_told"]()

    def failing(y, p):
        raise RuntimeError("the third cable is loose")

    found = examined((network, X, y, history, {"loss": failing}))
    assert any(
        "RuntimeError: the third cable is loose" in v.sentence for v in found if v.cause == "not_examined"
    )


def test_an_interrupt_in_a_trial_ends_the_whole(monkeypatch):
    def interrupted(networks, *args, **settings):
        return [cr.History(stopped="Stopped by Ctrl-C.", signal=2) for _ in networks]

    monkeypatch.setattr("chainrule.explaining.doctor.training.fit_many", interrupted)
    with pytest.raises(KeyboardInterrupt):
        cr.diagnose(*broken())


def test_few_rows_are_looked_at_where_a_network_computes_much_of_each():
    layers = [cr.Conv2D(32, 3, padding="same"), cr.Conv2D(32, 3, padding="same"), cr.Flatten(), cr.Dense(1)]
    network = cr.Network(layers, input_shape=(32, 32, 1), seed=0)
    X, y = np.zeros((600, 32, 32, 1)), np.zeros(600)
    assert 60 < len(case_of(network, X, y).sample) < 120
    narrow = cr.Network([cr.Dense(1)], input_shape=4, seed=0)
    assert 256 < len(case_of(narrow, np.zeros((600, 4)), y).sample) <= 512
