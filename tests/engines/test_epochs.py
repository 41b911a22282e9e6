"""A run of epochs, step by step: it stops, keeps and lowers as it is told, and says where it diverged."""

import numpy as np
import pytest

from chainrule.engines.epochs import Batches, Epochs
from chainrule.engines.executable import Executable
from chainrule.engines.stopping import Progress, Stopping


class Reader(Executable):
    """All that an engine must give: here a step counts, and its cost is read from the table."""

    engine = "none"

    def step(self, state, batch):
        cost = np.mean(batch[0])
        return [state[0] + 1, state[1]], [cost, -cost]


READER = Reader()


def run(costs, progress=None, **rule):
    """Run one epoch of one step for each cost."""
    table, rows = [np.array(costs, dtype=float)], np.arange(len(costs))[:, None]
    state = [np.array(0.0), np.array(1.0)]
    return READER.run(Epochs(state, table, rows, Batches(1), Stopping(**rule), progress or Progress()))


def test_an_epoch_is_the_mean_of_its_batches_and_the_last_batch_may_be_smaller():
    table, rows = [np.array([1.0, 2.0, 3.0, 4.0, 10.0])], np.array([[0, 1, 2, 3, 4], [4, 3, 2, 1, 0]])
    found = READER.run(Epochs([np.array(0.0), np.array(1.0)], table, rows, Batches(2)))
    assert found.epochs == [[5.0, -5.0], [(7 + 2.5 + 1) / 3, -(7 + 2.5 + 1) / 3]]
    assert found.state[0] == 6 and found.stopped == "" and found.failure is None
    assert len(found.seconds) == 2 and found.seconds == sorted(found.seconds)


def test_what_a_step_gives_may_be_tuples():
    class Tuples(Reader):
        def step(self, state, batch):
            return tuple(map(tuple, super().step(state, batch)))

    table, rows = [np.ones(3)], np.arange(3)[:, None]
    lowering = Stopping(plateau=(1, 0.5, 1, 0.0))
    found = Tuples().run(Epochs([np.array(0.0), np.array(1.0)], table, rows, Batches(1), lowering))
    assert found.state == [3.0, 0.25]


@pytest.mark.parametrize(
    ("costs", "rule", "epochs", "stopped"),
    [
        ([5, 4, 3, 2], {"patience": 1}, 4, ""),
        ([5, 4, 4, 4, 4], {"patience": 2}, 4, "patience"),
        ([5, 4, 4, 3.9, 4, 4], {"patience": 2}, 6, "patience"),
        ([5, 4.9, 4.8, 4.7], {"patience": 2, "min_delta": 0.15}, 4, ""),
        ([5, 4.95, 4.9, 4.85], {"patience": 2, "min_delta": 0.2}, 3, "patience"),
        ([1, 2, 3, 3, 3], {"patience": 2, "larger_is_better": True}, 5, "patience"),
        ([1, 2, 3, 3, 3], {"patience": 2, "monitor": 1}, 5, "patience"),
        ([5, 4.95, 4.9, 4.85], {"tol": (0.1, 2)}, 3, "tol"),
        ([5, 4.8, 4.6, 4.4], {"tol": (0.1, 2)}, 4, ""),
        ([5, 6, 6, 4], {"tol": (0.1, 2)}, 3, "tol"),
        ([5, 5, 5], {}, 3, ""),
    ],
)
def test_when_a_run_stops(costs, rule, epochs, stopped):
    found = run(costs, **rule)
    assert (len(found.epochs), found.stopped) == (epochs, stopped)


def test_the_best_state_is_kept_with_its_epoch():
    progress = Progress()
    found = run([5, 3, 4, 3], progress, keep_best=True)
    assert (progress.best, progress.best_epoch, progress.waited) == (3.0, 1, 2)
    assert progress.best_state[0] == 2 and found.state[0] == 4  # the state after the epoch that was best
    unkept = Progress()
    run([5, 3], unkept)
    assert unkept.best_epoch == 1 and unkept.best_state == []


def test_progress_goes_on_where_callbacks_split_a_run():
    whole, split = Progress(), Progress()
    together = run([5, 4, 4, 4, 4], whole, patience=2)
    parts = [run([c], split, patience=2) for c in [5, 4, 4, 4]]
    assert [p.stopped for p in parts] == ["", "", "", "patience"] and together.stopped == "patience"
    assert (whole.best, whole.best_epoch, whole.epochs_done) == (
        split.best,
        split.best_epoch,
        split.epochs_done,
    )


def test_a_plateau_lowers_the_scale_down_to_the_smallest():
    found = run([5, 5, 5, 5, 5, 5, 5], plateau=(1, 0.1, 2, 0.05))
    assert found.state[1] == 0.05 and found.state[1].dtype == np.float64
    assert run([5, 5, 5], plateau=(1, 0.1, 2, 0.0)).state[1] == pytest.approx(0.1)
    assert run([5, 4, 3, 2, 1], plateau=(1, 0.1, 1, 0.0)).state[1] == 1.0


def test_what_is_monitored_may_come_from_validation():
    scores, progress = iter([3.0, 1.0, 2.0, 2.0]), Progress()
    found = run([9, 8, 7, 6], progress, validate=lambda state: [0.0, next(scores)], on_validation=True, monitor=1,
                patience=2)  # fmt: skip
    assert found.validation == [[0.0, 3.0], [0.0, 1.0], [0.0, 2.0], [0.0, 2.0]]
    assert (progress.best_epoch, found.stopped) == (1, "patience")


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_a_cost_that_is_not_finite_ends_the_run_and_says_where(broken):
    table, rows = [np.array([1.0, 2.0, 3.0, broken, 5.0])], np.array([[0, 1, 2], [4, 3, 0]])
    found = READER.run(Epochs([np.array(0.0), np.array(1.0)], table, rows, Batches(1)))
    assert found.stopped == "diverged" and found.failure is not None
    failure = found.failure
    assert (failure.epoch, failure.step, failure.rows.tolist(), failure.before_rows.tolist()) == (
        1,
        1,
        [3],
        [4],
    )
    assert failure.before[0] == 3 and found.state[0] == 4  # before the last good step, and after it
    assert found.epochs == [[2.0, -2.0]] and len(found.seconds) == 1


def test_a_run_that_fails_at_its_first_step_has_nothing_before_it():
    found = run([np.nan, 1.0])
    assert found.failure is not None and found.failure.before_rows.size == 0
    assert found.failure.before[0] == found.state[0] == 0 and found.epochs == []


def test_a_poll_stops_between_steps_and_keeps_what_was_done(monkeypatch):
    monkeypatch.setattr("chainrule.engines.epochs.POLL_SECONDS", -1.0)
    asked = iter(["", "", "interrupted"])
    table, rows = [np.array([1.0, 2.0, 6.0, 100.0])], np.array([[0, 1, 2, 3]] * 3)
    stopping = Stopping(poll=lambda: next(asked) or None)
    found = READER.run(Epochs([np.array(0.0), np.array(1.0)], table, rows, Batches(1), stopping))
    assert found.stopped == "interrupted" and found.epochs == [[3.0, -3.0]] and found.state[0] == 3


def test_a_run_changes_neither_the_state_nor_the_table_it_was_given():
    state, table = [np.array(0.0), np.array(1.0)], [np.array([1.0, 2.0])]
    READER.run(
        Epochs(state, table, np.array([[0, 1], [1, 0]]), Batches(2), Stopping(plateau=(1, 0.5, 1, 0.0)))
    )
    assert state[0] == 0 and state[1] == 1 and table[0].tolist() == [1.0, 2.0]
