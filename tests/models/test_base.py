"""The way from data to a model knows nothing of tables: lists of numbers take it in a few lines."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.models import base
from chainrule.models.options import Training
from chainrule.models.scores import Scores

RANDOM = np.random.default_rng(0)
LISTS = [RANDOM.normal(size=3).tolist() for _ in range(40)]
SUMS = [sum(numbers) for numbers in LISTS]


def network(options):
    return cr.Network([cr.Dense(4, "tanh"), cr.Dense(1)], input_shape=3, seed=options.seed)


def prepare(rows, options):
    inputs, targets = np.array(LISTS), np.array(SUMS)[:, None]
    center = float(
        targets[np.concatenate([rows.learn, rows.validation])].mean()
    )  # what is learned of the data

    def part(positions):
        return (inputs[positions], targets[positions] - center) if len(positions) else None

    options = base.replace(options, batch_size=8)
    parts = part(rows.learn), part(rows.validation), part(rows.test)
    return base.Ready(center, options, network, *parts, cr.EarlyStopping(5), 3.0, ("Go.",))


def score(ready, network, arrays):
    error = float(np.mean((network.predict(arrays[0]) - arrays[1]) ** 2))
    return Scores(len(arrays[1]), {"mse": error}, {"mse": float(np.mean(arrays[1] ** 2))}, "the mean")


KIND = base.DataKind(prepare, score)
ROWS = base.Rows(np.arange(25), np.arange(25, 30), np.arange(30, 40))


def test_lists_of_numbers_are_a_kind_of_data():
    told = []
    trained = base.train(KIND, ROWS, Training(epochs=40, learning_rate=0.02), told.append)
    assert trained.scores.learned and trained.scores.rows == 10
    assert trained.ready.data == pytest.approx(np.mean(SUMS[:30])) and trained.kept.data == pytest.approx(
        np.mean(SUMS)
    )
    assert told[0] == "Go." and told[-1].startswith("Learned anew from all 40 rows")
    assert list(trained.histories) == ["main", "refit"]
    assert trained.histories["refit"].epochs == trained.history.best_epoch + 1


@pytest.mark.parametrize(("verbose", "lines"), [(0, 0), (1, 1)])
def test_what_learns_from_all_rows_is_told_in_one_sentence(verbose, lines, capsys):
    told = []
    base.train(KIND, ROWS, Training(epochs=400, learning_rate=0.02), told.append, base.Stages(verbose))
    shown = capsys.readouterr().err.splitlines()
    assert len(shown) == lines and all(line.startswith("Stopped at epoch") for line in shown)
    assert told[-1].startswith("Learned anew from all 40 rows")


def test_what_learned_from_all_rows_is_dropped_where_it_went_wrong(monkeypatch):
    usual = base.fit_stage

    def fit_stage(name, *arguments, **options):
        history = usual(name, *arguments, **options)
        history.diverged = history.diverged or name == "refit"
        return history

    monkeypatch.setattr(base, "fit_stage", fit_stage)
    trained = base.train(KIND, ROWS, Training(epochs=3), lambda sentence: None)
    assert trained.network is trained.judged and trained.kept is trained.ready
    assert trained.refit == "Learning from all rows diverged, so the network that was judged is kept."


def test_the_judged_network_is_kept_where_that_was_chosen():
    trained = base.train(KIND, ROWS, Training(epochs=3, refit=False), lambda sentence: None)
    assert trained.network is trained.judged and trained.refit == "" and list(trained.histories) == ["main"]
