"""What happens beside training: early stopping, checkpoints, logs, progress, Ctrl-C, exceptions."""

import csv
import io
import itertools
import os
import pickle
import signal
import sys
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, strategies as st
from values_of import values_of

from chainrule import signals
from chainrule.errors import ChainruleError, DataError, GraphError, MissingFileError
from chainrule.models.loading import load
from chainrule.nn.layers import Dense, Dropout
from chainrule.train import progress
from chainrule.train.callbacks import Checkpoint, CSVLog, EarlyStopping
from chainrule.train.network import Network
from chainrule.train.optimizers import SGD

RNG = np.random.default_rng(1)
X = RNG.normal(size=(40, 3))
Y = (X[:, 0] + RNG.normal(size=40) > 0).astype(int)
HELD = (RNG.normal(size=(20, 3)), RNG.integers(0, 2, 20))


def small(seed=0, width=16):
    return Network([Dense(width, "tanh"), Dense(1, "sigmoid")], input_shape=3, dtype="float64", seed=seed)


def snapshots(store):
    return lambda network, epoch, logs: store.append(values_of(network))


# --- early stopping -------------------------------------------------------------------------------------


@given(
    rate=st.floats(0.01, 3.0),
    patience=st.none() | st.integers(1, 6),
    tol=st.none() | st.floats(0, 0.05),
    epochs=st.integers(1, 40),
)
def test_epochs_that_are_done_together_stop_where_they_do_one_by_one(rate, patience, tol, epochs):
    waits = [] if patience is None else [EarlyStopping(patience, monitor="cost", restore_best=False)]
    found = []
    for looks in (
        [],
        [lambda network, epoch, logs: None],
    ):  # who looks at every epoch lets them be done apart
        network = Network([Dense(3, "tanh"), Dense(1, "sigmoid")], input_shape=3, seed=0)
        history = network.fit(
            X, Y, optimizer=SGD(rate), batch_size=16, epochs=epochs, tol=tol, callbacks=[*waits, *looks]
        )
        found.append((history["cost"], history.stopped, history.best_epoch, *map(bytes, values_of(network))))
    assert found[0] == found[1]


@pytest.mark.parametrize(
    "monitor", [None, "val_cost", "val_loss", "val_accuracy", "val_mae", "cost", "loss", "accuracy"]
)
def test_early_stopping_waits_and_restores_the_best_weights(monitor):
    network, after = small(), []
    stop = EarlyStopping(patience=4, monitor=monitor)
    history = network.fit(
        X, Y, epochs=400, metrics=["accuracy", "mae"], validation_data=HELD, optimizer=SGD(0.5),
        callbacks=[stop, snapshots(after)],
    )  # fmt: skip
    name = {None: "val_cost", "val_loss": "val_cost", "loss": "cost"}.get(monitor, monitor)
    values = np.array(history[name]) * (-1 if "accuracy" in name else 1)
    best, waited, lowest = -1, 0, np.inf
    for epoch, value in enumerate(values):
        best, waited, lowest = (epoch, 0, value) if value < lowest else (best, waited + 1, lowest)
        assert waited < 4 or epoch == len(values) - 1
    assert history.best_epoch == best
    if history.epochs < 400:
        assert waited == 4 and f"no better {name} for 4 epochs" in history.stopped
    assert f"kept the weights of epoch {best + 1}, the best" in history.stopped or best == history.epochs - 1
    for found, kept in zip(values_of(network), after[best], strict=True):
        np.testing.assert_array_equal(found, kept)


def test_early_stopping_is_the_same_whether_callbacks_split_the_run_or_not():
    alone, watched = small(), small()
    a = alone.fit(X, Y, epochs=200, validation_data=HELD, callbacks=EarlyStopping(5), optimizer=SGD(0.5))
    b = watched.fit(
        X,
        Y,
        epochs=200,
        validation_data=HELD,
        callbacks=[EarlyStopping(5), lambda *_: None],
        optimizer=SGD(0.5),
    )
    assert a.history == b.history and a.stopped == b.stopped
    np.testing.assert_array_equal(alone.predict(X), watched.predict(X))


def test_early_stopping_may_keep_the_last_weights_and_ask_for_a_least_gain():
    network, after = small(), []
    history = network.fit(
        X, Y, epochs=300, validation_data=HELD, optimizer=SGD(0.5),
        callbacks=[EarlyStopping(3, restore_best=False), snapshots(after)],
    )  # fmt: skip
    np.testing.assert_array_equal(values_of(network)[0], after[-1][0])
    assert "kept" not in history.stopped
    eager = small().fit(X, Y, epochs=300, callbacks=EarlyStopping(3, min_delta=10.0))
    assert eager.epochs == 4


def test_early_stopping_on_a_metric_of_your_own_asks_which_way_is_better():
    def skill(y, p):
        return np.mean(1 - np.abs(y - p), axis=1)

    with pytest.raises(GraphError, match=r"larger_is_better=True or False"):
        small().fit(X, Y, metrics=[skill], callbacks=EarlyStopping(3, monitor="skill"))
    stop = EarlyStopping(3, monitor="skill", larger_is_better=True)
    history = small().fit(X, Y, metrics=[skill], callbacks=stop, epochs=20, optimizer=SGD(0.1))
    best = int(np.argmax(history["skill"]))
    assert history.best_epoch == best > 0 and history.epochs == min(best + 1 + 3, 20)


def test_a_metric_of_ones_own_is_watched_by_its_name_whatever_others_call_so():
    def loss(y, p):
        return 0 * p[:, 0] + 1

    history = small().fit(
        X, Y, epochs=30, metrics=[loss], callbacks=EarlyStopping(3, "loss", larger_is_better=False)
    )
    assert (
        "no better loss for 3 epochs" in history.stopped
        and history.epochs == 4
        and set(history["loss"]) == {1.0}
    )


@pytest.mark.parametrize(
    ("monitor", "words"),
    [
        ("val_cost", "Give validation_split or validation_data"),
        ("acuracy", "Did you mean 'accuracy'"),
    ],
)
@pytest.mark.parametrize("kind", [EarlyStopping, lambda monitor: Checkpoint("x", monitor=monitor)])
def test_a_monitor_that_is_not_recorded(monitor, words, kind):
    network = Network([Dense(1, "sigmoid")], seed=0)
    with pytest.raises(DataError, match=words):
        network.fit(X, Y, metrics=["accuracy"], callbacks=kind(monitor=monitor))
    with pytest.raises(GraphError, match="has not seen data"):
        _ = network.parameters


def test_settings_of_callbacks_that_make_no_sense():
    for make in (
        lambda: EarlyStopping(0),
        lambda: EarlyStopping("10"),
        lambda: EarlyStopping(min_delta=-1),
        lambda: EarlyStopping(monitor=3),
        lambda: Checkpoint("m", monitor=3),
        lambda: small().fit(X, Y, callbacks=EarlyStopping),
        lambda: small().fit(X, Y, callbacks=["early"]),
        lambda: small().fit(X, Y, callbacks=[EarlyStopping(3), EarlyStopping(4)]),
    ):
        with pytest.raises((DataError, GraphError)):
            make()


# --- checkpoints and logs -------------------------------------------------------------------------------


def test_a_checkpoint_holds_the_best_so_far(tmp_path):
    network, after, path = small(), [], tmp_path / "best.safetensors"
    history = network.fit(
        X,
        Y,
        epochs=60,
        validation_data=HELD,
        callbacks=[Checkpoint(path), snapshots(after)],
        optimizer=SGD(0.5),
    )
    best = int(np.argmin(history["val_cost"]))
    assert 0 < best < 59
    for found, kept in zip(values_of(load(path)), after[best], strict=True):
        np.testing.assert_array_equal(found, kept)


def test_checkpoints_after_every_epoch(tmp_path):
    path = tmp_path / "m{epoch}.safetensors"
    small().fit(X, Y, epochs=3, callbacks=Checkpoint(path, best_only=False))
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"m{i}.safetensors" for i in (1, 2, 3)]


def test_a_checkpoint_on_accuracy_keeps_the_largest(tmp_path):
    path = tmp_path / "best.safetensors"
    network = small()
    history = network.fit(
        X, Y, epochs=30, metrics="accuracy", validation_data=HELD, optimizer=SGD(0.5),
        callbacks=Checkpoint(path, monitor="val_accuracy"),
    )  # fmt: skip
    assert load(path).evaluate(*HELD)["accuracy"] == pytest.approx(max(history["val_accuracy"]))


@pytest.mark.parametrize("kind", [Checkpoint, CSVLog])
def test_a_path_that_cannot_be_written_is_found_before_the_first_step(tmp_path, kind):
    network = small()
    before = values_of(network)[0].copy()
    for path, error in ((tmp_path / "no" / "x", MissingFileError), (tmp_path, DataError), (3, DataError)):
        with pytest.raises(error, match=r"no folder|is a folder|file name"):
            network.fit(X, Y, epochs=2, callbacks=kind(path))
        unseen = Network([Dense(1, "sigmoid")], seed=0)
        with pytest.raises(error):
            unseen.fit(X, Y, loss="mse", callbacks=kind(path))
        assert unseen._made is None and unseen.loss is None
    np.testing.assert_array_equal(values_of(network)[0], before)


def test_the_csv_log_has_a_line_for_each_epoch(tmp_path):
    log = CSVLog(tmp_path / "log.csv")
    for _ in range(2):  # a second fit begins anew
        history = small().fit(X, Y, epochs=3, metrics="accuracy", validation_split=0.2, callbacks=[log])
    rows = list(csv.DictReader((tmp_path / "log.csv").read_text().splitlines()))
    assert [r["epoch"] for r in rows] == ["1", "2", "3"]
    for name in ("cost", "val_cost", "accuracy", "val_accuracy"):
        assert [float(r[name]) for r in rows] == history[name]
    assert pickle.loads(pickle.dumps(log)).path == log.path


# --- functions and exceptions ---------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [True, np.True_])
def test_a_function_that_returns_true_stops_the_run(answer):
    heard = []

    def listen(network, epoch, logs):
        heard.append((epoch, dict(logs)))
        return answer if epoch == 3 else None

    history = small().fit(X, Y, epochs=100, metrics="accuracy", callbacks=listen)
    assert history.epochs == 4 and history.stopped == "Stopped at epoch 4: a callback asked for it."
    assert [e for e, _ in heard] == [0, 1, 2, 3]
    assert heard[2][1] == {"cost": history["cost"][2], "accuracy": history["accuracy"][2]}


def test_a_callback_sees_and_may_change_the_network():
    network = small()

    def clamp(network, epoch, logs):
        network.parameters["W1"] = np.clip(network.parameters["W1"], -0.1, 0.1)

    network.fit(X, Y, epochs=20, callbacks=clamp)
    assert abs(network.parameters["W1"]).max() == pytest.approx(0.1)
    assert network.evaluate(X, Y)["cost"] < small().evaluate(X, Y)["cost"]


class Told:
    def __init__(self):
        self.events = []

    def on_train_begin(self, network):
        self.events.append("begin")

    def on_epoch_end(self, network, epoch, logs):
        self.events.append(epoch)

    def on_train_end(self, network, history):
        self.events.append(("end", history.epochs))


def test_an_exception_inside_a_callback_leaves_all_in_order(tmp_path):
    before, told, network = signal.getsignal(signal.SIGINT), Told(), small()
    log = CSVLog(tmp_path / "log.csv")

    def fail(network, epoch, logs):
        if epoch == 2:
            raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        network.fit(X, Y, epochs=10, callbacks=[log, told, fail])
    assert signal.getsignal(signal.SIGINT) is before
    assert told.events == ["begin", 0, 1, 2, ("end", 3)] and log._file is None
    assert all(np.isfinite(v).all() for v in values_of(network))
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 4
    assert network.fit(X, Y, epochs=2).epochs == 2


@pytest.mark.parametrize("event", ["on_train_begin", "on_train_end"])
def test_an_exception_at_either_end_still_tells_the_others_of_the_end(event, tmp_path):
    log, told = CSVLog(tmp_path / "log.csv"), Told()
    fail = type("Fail", (), {event: lambda *_: 1 / 0})()
    with pytest.raises(ZeroDivisionError):
        small().fit(X, Y, epochs=1, callbacks=[log, fail, told])
    assert log._file is None and told.events[-1][0] == "end"


# --- Ctrl-C ---------------------------------------------------------------------------------------------


class InterruptSoon:
    """Sends Ctrl-C a while after training began, and does not split the run."""

    def on_train_begin(self, network):
        threading.Timer(0.3, self.send).start()

    def send(self):
        self.sent = time.process_time()
        os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_finishes_the_batch_and_returns_the_history():
    before, network = signal.getsignal(signal.SIGINT), small()
    history = network.fit(X, Y, epochs=10**7, batch_size=10, callbacks=InterruptSoon())
    assert history.stopped.startswith(f"Stopped at epoch {history.epochs} by Ctrl-C")
    assert 0 < history.epochs < 10**7 and len(history["cost"]) == history.epochs
    assert signal.getsignal(signal.SIGINT) is before
    assert network.evaluate(X, Y)["cost"] < small().evaluate(X, Y)["cost"]


def test_ctrl_c_in_the_middle_of_a_long_epoch():
    rows = np.tile(X, (500_000, 1)), np.tile(Y, 500_000)
    network, soon = small(), InterruptSoon()
    history = network.fit(*rows, epochs=100, batch_size=1, callbacks=soon)
    spent = time.process_time() - soon.sent  # of this process: what others do is not counted
    assert history.epochs == 1 and "Ctrl-C" in history.stopped
    assert spent < 2  # millions of batches take longer than that


def test_ctrl_c_keeps_the_best_weights():
    network, after = small(width=64), []

    def interrupt(network, epoch, logs):
        after.append(values_of(network))
        if epoch == 150:
            os.kill(os.getpid(), signal.SIGINT)

    history = network.fit(X, Y, epochs=10**6, validation_data=HELD, callbacks=interrupt, optimizer=SGD(1.0))
    best = int(np.argmin(history["val_cost"]))
    assert best < history.epochs - 1 == 150 and history.best_epoch == best
    assert history.stopped.endswith(f"by Ctrl-C; kept the weights of epoch {best + 1}, the best.")
    for found, kept in zip(values_of(network), after[best], strict=True):
        np.testing.assert_array_equal(found, kept)


@pytest.mark.filterwarnings("default::chainrule.LearningWarning")  # of as many epochs as there is time for
def test_a_time_budget_is_kept_where_callbacks_split_the_run_into_short_epochs(monkeypatch):
    looks, began = itertools.count(), []

    def now():  # between two looks a millisecond passes, whatever else the machine does
        began.extend([] if began else [time.perf_counter()])
        return began[0] + next(looks) / 1000

    monkeypatch.setattr("chainrule.train.fit.fitting.time", SimpleNamespace(perf_counter=now))
    history = small().fit(X, Y, epochs=10**6, time_budget=0.2, callbacks=lambda *_: None)
    assert 1 <= history.epochs <= 201 and "time budget" in history.stopped


def test_ctrl_c_with_lbfgs():
    network = small(width=64)

    def interrupt(network, epoch, logs):
        if epoch == 2:
            os.kill(os.getpid(), signal.SIGINT)

    history = network.fit(X, Y, optimizer="lbfgs", epochs=10**6, callbacks=interrupt)
    assert history.epochs == 3 and "by Ctrl-C" in history.stopped


def test_a_second_ctrl_c_aborts():
    network = small()

    def twice(network, epoch, logs):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)

    with pytest.raises(KeyboardInterrupt):
        network.fit(X, Y, epochs=10, callbacks=twice)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert all(np.isfinite(v).all() for v in values_of(network))


ENDING = [number for number in signals.NAMES if number != signal.SIGINT]


@pytest.mark.parametrize("number", ENDING)
@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_sigterm_and_sighup_end_a_training_as_ctrl_c_does(number, optimizer):
    network, after = small(width=64), []

    def end(network, epoch, logs):
        after.append(values_of(network))
        if epoch == 2:
            os.kill(os.getpid(), number)
            os.kill(os.getpid(), number)  # a terminal that closes says so twice

    history = network.fit(X, Y, epochs=10**6, optimizer=optimizer, callbacks=[end])
    assert history.epochs == 3 and history.signal == number
    assert history.stopped.startswith(f"Stopped at epoch 3 by {number.name}")
    assert signal.getsignal(number) is signal.SIG_DFL
    assert any(all(map(np.array_equal, values_of(network), values)) for values in after)


@pytest.mark.parametrize("number", signals.NAMES)
def test_a_handler_of_the_users_and_what_is_ignored_stay_so(number):
    told, before = [], signal.getsignal(number)

    def send(network, epoch, logs):
        os.kill(os.getpid(), number)

    try:
        for handler in (lambda *_: told.append(1), signal.SIG_IGN):
            signal.signal(number, handler)
            assert small().fit(X, Y, epochs=3, callbacks=[send]).epochs == 3
            assert signal.getsignal(number) is handler
    finally:
        signal.signal(number, before)
    assert told == [1, 1, 1]


def test_an_error_in_a_fit_gives_the_handlers_back():
    def fail(*_):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        small().fit(X, Y, epochs=3, callbacks=[fail])
    assert all(signal.getsignal(number) is signal.SIG_DFL for number in ENDING)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("verbose", [1, 2])
def test_a_stream_that_nobody_reads_does_not_end_a_training(verbose, monkeypatch):
    class Gone:
        def write(self, text):
            raise BrokenPipeError(32, "Broken pipe")

        def isatty(self):
            return False

    monkeypatch.setattr("sys.stderr", Gone())
    assert small().fit(X, Y, epochs=20, verbose=verbose).epochs == 20


def test_a_fit_outside_the_main_thread_leaves_signals_alone():
    found = {}
    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=lambda: found.update(history=small().fit(X, Y, epochs=3)))
    thread.start()
    thread.join()
    assert found["history"].epochs == 3 and signal.getsignal(signal.SIGINT) is before


# --- what is shown --------------------------------------------------------------------------------------


def test_silent_by_default(capsys):
    small().fit(X, Y, epochs=3)
    assert capsys.readouterr() == ("", "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
def test_a_log_on_a_full_disk_is_an_error_of_ours():
    with pytest.raises(DataError, match="Cannot write /dev/full: No space left on device"):
        small().fit(X, Y, epochs=2, callbacks=[CSVLog("/dev/full")])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are Unix's")
def test_a_log_may_go_through_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    small().fit(X, Y, epochs=2, callbacks=[CSVLog(tmp_path / "pipe")])
    lines = os.read(reader, 10_000).decode().splitlines()
    os.close(reader)
    assert lines[0] == "epoch,cost" and [line.split(",")[0] for line in lines[1:]] == ["1", "2"]


@pytest.mark.parametrize("verbose", [1, 2])
def test_no_stream_at_all_does_not_end_a_training(verbose, monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr", None)
    assert small().fit(X, Y, epochs=20, verbose=verbose).epochs == 20
    assert capsys.readouterr().out == ""


def test_verbose_2_shows_every_epoch(capsys):
    history = small().fit(X, Y, epochs=3, metrics="accuracy", verbose=2)
    shown = capsys.readouterr()
    lines = shown.err.splitlines()
    assert shown.out == "" and len(lines) == 4 and lines[-1] == "Trained all 3 epochs."
    assert lines[1] == f"epoch 2/3  cost {history['cost'][1]:.4f}  accuracy {history['accuracy'][1]:.4f}"


def test_verbose_1_in_a_pipe_shows_few_plain_lines(capsys):
    small().fit(X, Y, epochs=500, verbose=1)
    lines = capsys.readouterr().err.splitlines()
    assert 2 <= len(lines) <= 12 and lines[-2].startswith("epoch 500/500  cost ")
    assert "\x1b" not in "".join(lines) and "\r" not in "".join(lines)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_verbose_1_in_a_terminal_redraws_one_line(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress, "SOON", -1.0)
    history = small().fit(X, Y, epochs=300, verbose=1, validation_data=HELD)
    shown = screen.getvalue()
    assert "epoch 300/300" in shown and f"val_cost {history['val_cost'][-1]:.4f}" in shown
    assert shown.endswith("Trained all 300 epochs.\n")
    assert shown.count("\n") < 20


def test_dropout_needs_no_callback_to_differ_by_epoch():
    network = Network([Dropout(0.5), Dense(1)], input_shape=3, dtype="float64", seed=0)
    costs = network.fit(X, X[:, 0], epochs=5, batch_size=None, optimizer=SGD(1e-300))["cost"]
    assert len(set(costs)) == 5


class AsInKeras:
    def on_epoch_end(self, epoch, logs=None):
        raise AssertionError


class BeginsAsInKeras:
    def on_train_begin(self, logs=None):
        raise AssertionError


class EveryBatch:
    def on_train_begin(self, network):
        raise AssertionError

    def on_train_batch_end(self, batch, logs=None):
        raise AssertionError


@pytest.mark.parametrize(
    ("callback", "words"),
    [
        (
            AsInKeras(),
            "takes (epoch, logs=None), and is called with (network, epoch, logs). Write: def on_epoch_end(self, ",
        ),
        (BeginsAsInKeras(), "on_train_begin takes (logs), and is called with (network)."),
        (
            EveryBatch(),
            "EveryBatch.on_train_batch_end would never be called. A callback has any of: on_train_begin(self, ",
        ),
        (lambda logs: None, "A callback is called with (network, epoch, logs), and takes (logs)."),
    ],
)
def test_a_callback_that_takes_something_else_is_told_before_training(callback, words):
    network = Network([Dense(1)], seed=0)
    with pytest.raises(ChainruleError) as error:
        network.fit(X, Y, epochs=2, callbacks=[callback])
    assert words in str(error.value) and network.runs == 0


def test_early_stopping_without_validation_says_what_it_watches():
    for epochs, begins in ((2, "Trained all 2 epochs"), (2000, "Stopped at epoch")):
        said = (
            Network([Dense(1)], seed=0)
            .fit(X, Y, epochs=epochs, optimizer=SGD(0.5), callbacks=EarlyStopping(patience=3))
            .stopped
        )
        assert said.startswith(begins)
        assert said.endswith("; the cost of training was watched, for there were no rows to validate on.")
    watched = Network([Dense(1)], seed=0).fit(X, Y, epochs=2, callbacks=EarlyStopping(monitor="cost")).stopped
    validated = (
        Network([Dense(1)], seed=0)
        .fit(X, Y, epochs=2, validation_split=0.5, callbacks=EarlyStopping())
        .stopped
    )
    assert "was watched" not in watched + validated
