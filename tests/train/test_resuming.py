"""A fit that goes on after a crash ends with the bits of one that was never stopped, and goes on as nothing else."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field

import numpy as np
import pytest
from values_of import values_of

import chainrule as cr
from chainrule.train import store
from chainrule.train.fit.fitting import Interrupts
from chainrule.train.fit.resuming import Checkpoints, Keeper

RNG = np.random.default_rng(7)
X = RNG.normal(size=(64, 3))
Y = (X @ [1.0, -2.0, 0.5] + 0.3 * RNG.normal(size=64))[:, None]
LABELS = (Y[:, 0] > 0).astype(int) + (Y[:, 0] > 1)
SERIES = RNG.normal(size=(12, 4, 2))


class Crash(BaseException):
    """Ends a process, as far as anyone inside can tell."""


@pytest.fixture
def crash_after(monkeypatch):
    """Let a fit end without a word after so many checkpoints: 0 writes none of them whole."""
    write = store.write

    def crash(count):
        left = [count]

        def then(*given):
            write(*given)
            left[0] -= 1
            if not left[0]:
                raise Crash

        monkeypatch.setattr(store, "write", then)

    yield crash
    monkeypatch.setattr(store, "write", write)


@dataclass(frozen=True)
class Case:
    """A network, what it learns from, and how."""

    layers: list
    y: np.ndarray
    settings: dict
    x: np.ndarray = field(default_factory=lambda: X)
    shape: tuple = (3,)

    def network(self):
        return cr.Network(self.layers, input_shape=self.shape, seed=3)

    def fit(self, network, **more):
        settings = {"epochs": 9, "batch_size": 10, "callbacks": []} | self.settings | more
        return network.fit(self.x, self.y, **settings)

    def fit_stepwise(self, network, path, **more):
        """The same, with a point after each epoch."""
        callbacks = [*self.settings.get("callbacks", []), lambda *_: None]
        return self.fit(network, resume=Keeper(Checkpoints(path, every=0.0)), callbacks=callbacks, **more)


HELD = (X[:20] + 0.1, Y[:20])
FROZEN = cr.Dense(5, "tanh", trainable=False)
CASES = {
    "adam, dropout": Case([cr.Dense(5, "relu"), cr.Dropout(0.3), cr.Dense(1)], Y, {}),
    "batch norm, validated": Case(
        [cr.Dense(5, "tanh"), cr.BatchNormalization(), cr.Dense(1)],
        Y,
        {"validation_split": 0.25, "metrics": ["mae", "r2"], "optimizer": cr.SGD(0.1, momentum=0.9)},
    ),
    "early stopping": Case(
        [cr.Dense(12, "tanh"), cr.Dense(1)],
        Y,
        {
            "validation_data": HELD,
            "callbacks": [cr.EarlyStopping(5)],
            "optimizer": cr.Adam(0.3),
            "epochs": 40,
        },
    ),
    "a plateau": Case(
        [cr.Dense(5, "tanh"), cr.Dense(1)],
        Y,
        {"optimizer": cr.SGD(cr.ReduceOnPlateau(0.3, patience=1)), "validation_split": 0.2, "epochs": 12},
    ),
    "cosine, clipped": Case(
        [cr.Dense(5, "tanh"), cr.Dense(1)], Y, {"optimizer": cr.RMSprop(cr.Cosine(0.05), clip_norm=0.5)}
    ),
    "class weights": Case(
        [cr.Dense(6, "relu"), cr.Dense(3, "softmax")],
        LABELS,
        {"class_weight": "balanced", "metrics": ["accuracy", "f1"], "tol": 1e-3},
    ),
    "frozen": Case([FROZEN, cr.Dense(1)], Y, {"shuffle": False, "batch_size": None}),
    "stateful": Case(
        [cr.SimpleRNN(4, stateful=True), cr.Dense(1)],
        SERIES[:, 0, :1],
        {"shuffle": False, "batch_size": 6},
        SERIES,
        (4, 2),
    ),
}


def ends_alike(one, other):
    """Hold what two fits made to each other, times aside."""
    (network, history), (again, same) = one, other
    assert [a.tobytes() for a in values_of(network)] == [a.tobytes() for a in values_of(again)]
    assert dict(history) == dict(same) and history.stopped == same.stopped
    assert (history.best_epoch, history.diverged, history.epochs) == (
        same.best_epoch,
        same.diverged,
        same.epochs,
    )
    assert network.runs == again.runs and len(same.times) == same.epochs == len(same["cost"])
    assert (np.diff(same.times) >= 0).all()


@pytest.mark.parametrize("name", CASES)
def test_a_fit_that_crashes_twice_ends_with_the_bits_of_one_that_did_not(name, tmp_path, crash_after):
    case, path = CASES[name], tmp_path / "fit.safetensors"
    whole = case.network()
    history = case.fit(whole)
    for count in (1, 3):
        crash_after(count)
        with pytest.raises(Crash):
            case.fit_stepwise(case.network(), path)
        assert os.listdir(tmp_path) == ["fit.safetensors"]
    crash_after(-1)
    again = case.network()
    ends_alike((whole, history), (again, case.fit(again, resume=path)))
    assert not path.exists()


@pytest.mark.parametrize("count", range(1, 12))
def test_wherever_it_crashes(count, tmp_path, crash_after):
    case, path = CASES["early stopping"], tmp_path / "fit.safetensors"
    whole = case.network()
    history = case.fit(whole)
    assert (
        "no better val_cost" in history.stopped
        and history.epochs >= 12
        and "kept the weights" in history.stopped
    )
    crash_after(count)
    with pytest.raises(Crash):
        case.fit_stepwise(case.network(), path)
    crash_after(-1)
    again = case.network()
    ends_alike((whole, history), (again, case.fit_stepwise(again, path)))


def test_what_a_killed_process_left_half_written_goes(tmp_path):
    case, path = CASES["frozen"], tmp_path / "fit.safetensors"
    (tmp_path / ".fit.safetensors.x1y2.part").write_bytes(b"half")
    case.fit_stepwise(case.network(), path)
    assert os.listdir(tmp_path) == []


def test_a_short_fit_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "write", lambda *_: pytest.fail("a checkpoint before 30 seconds"))
    case = CASES["adam, dropout"]
    case.fit(case.network(), resume=tmp_path / "fit.safetensors", callbacks=lambda *_: None)
    assert os.listdir(tmp_path) == []


@pytest.fixture
def full_disk(monkeypatch):
    """Let no file be written, until what this returns is called."""
    monkeypatch.setattr("chainrule.disk.write_beside", _full)
    return lambda: monkeypatch.undo()


def _full(*_, **__):
    raise OSError(28, "No space left on device")


def test_a_checkpoint_that_cannot_be_written_is_warned_of_once_and_training_goes_on(tmp_path, full_disk):
    case, path = CASES["early stopping"], tmp_path / "fit.safetensors"
    whole, other = case.network(), case.network()
    history = case.fit(whole)
    with pytest.warns(cr.CheckpointWarning) as told:
        ends_alike((whole, history), (other, case.fit_stepwise(other, path)))
    (only,) = told
    assert str(only.message) == (
        f"Cannot write {path}: No space left on device. What was there is unchanged. The training goes on, and tries "
        "again later: what it learns until then would be lost by a crash."
    )
    assert os.listdir(tmp_path) == []


def test_it_is_written_again_when_there_is_room(tmp_path, full_disk):
    case, path = CASES["adam, dropout"], tmp_path / "fit.safetensors"
    seen = []

    def make_room(network, epoch, logs):
        seen.append(path.exists())
        if epoch == 2:
            full_disk()

    with pytest.warns(cr.CheckpointWarning):
        case.fit(case.network(), resume=Keeper(Checkpoints(path, every=0.0)), callbacks=make_room)
    assert seen == [False] * 3 + [True] * 6 and not path.exists()


@pytest.mark.parametrize("kept", [False, True])
def test_who_interrupts_hears_that_it_cannot_go_on_from_there(kept, tmp_path, full_disk):
    case, path = CASES["adam, dropout"], tmp_path / "fit.safetensors"
    keeper = Keeper(Checkpoints(path))
    if kept:
        path.write_bytes(b"of an earlier point")
    with pytest.warns(
        cr.CheckpointWarning, match=f"begins {'from an earlier point' if kept else 'anew'}"
    ) as told:
        history = case.fit(case.network(), resume=keeper, callbacks=end_at(4, signal.SIGINT))
    assert history.signal == signal.SIGINT and len(told) == 1 and path.exists() == kept


def test_a_file_that_cannot_be_removed_costs_no_training(tmp_path, monkeypatch):
    def denied(path):
        raise PermissionError(13, "Permission denied")

    case, path = CASES["adam, dropout"], tmp_path / "fit.safetensors"
    monkeypatch.setattr("chainrule.train.fit.resuming.os.unlink", denied)
    with pytest.warns(
        cr.CheckpointWarning, match=r"Cannot remove .*: Permission denied\. .* nobody needs it"
    ):
        assert case.fit_stepwise(case.network(), path).epochs == 9


def end_at(epoch, number):
    def end(network, now, logs):
        if now == epoch:
            os.kill(os.getpid(), number)

    return end


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("name", ["batch norm, validated", "stateful"])
def test_a_signal_ends_it_as_usual_and_it_can_go_on(name, number, tmp_path):
    case, path = CASES[name], tmp_path / "fit.safetensors"
    whole = case.network()
    history = case.fit(whole)
    ended = case.network()
    before = case.fit(ended, resume=path, callbacks=end_at(4, number))
    assert before.signal == number and before.epochs == 5 and path.exists()
    # In another process, or by running the same cell again.
    for network in (case.network(), ended):
        kept = path.read_bytes()
        ends_alike((whole, history), (network, case.fit(network, resume=path)))
        path.write_bytes(kept)


def test_an_epoch_that_a_signal_ends_in_its_middle_is_begun_anew(tmp_path, monkeypatch):
    monkeypatch.setattr("chainrule.engines.epochs.POLL_SECONDS", -1.0)
    monkeypatch.setattr("chainrule.engines.native.run.sharing.Sharing.seconds", 0.0, raising=False)
    case, path = CASES["adam, dropout"], tmp_path / "fit.safetensors"
    rows = np.tile(case.x, (9, 1)), np.tile(case.y, (9, 1))
    whole, ended, again = (case.network() for _ in range(3))
    history = whole.fit(*rows, epochs=3, batch_size=1)
    polled, poll = [0], Interrupts.poll

    def soon(interrupts):
        polled[0] += 1
        if polled[0] == 4:
            os.kill(os.getpid(), signal.SIGINT)
        return poll(interrupts)

    with monkeypatch.context() as patch:
        patch.setattr(Interrupts, "poll", soon)
        before = ended.fit(*rows, epochs=3, batch_size=1, resume=path)
    assert before.signal == signal.SIGINT and before.epochs == 1 and path.exists()
    assert before["cost"][0] != history["cost"][0]  # of a part of its steps
    ends_alike((whole, history), (again, again.fit(*rows, epochs=3, batch_size=1, resume=path)))


def test_the_best_epoch_is_none_that_was_broken_off(monkeypatch):
    """So that as many epochs lead to the same network again."""
    monkeypatch.setattr("chainrule.engines.epochs.POLL_SECONDS", -1.0)
    monkeypatch.setattr("chainrule.engines.native.run.sharing.Sharing.seconds", 0.0, raising=False)
    case = CASES["a plateau"]
    settings = {
        "optimizer": cr.SGD(1e-3),
        "callbacks": [cr.EarlyStopping(50)],
        "batch_size": 4,
    }  # slow, but falling
    polled = [0]

    def soon(interrupts):
        polled[0] += 1
        return "time" if polled[0] > 32 else None  # of 13 steps an epoch

    ended, again = case.network(), case.network()
    with monkeypatch.context() as patch:
        patch.setattr(Interrupts, "poll", soon)
        history = case.fit(ended, **settings, epochs=100, time_budget=60)
    assert history.best_epoch is not None and history["val_cost"][-1] < history["val_cost"][-2]
    assert history.best_epoch < history.epochs - 1
    case.fit(again, **settings, epochs=history.best_epoch + 1)
    assert all(map(np.array_equal, values_of(ended), values_of(again)))


def test_a_later_fit_of_a_network_goes_on_too(tmp_path, crash_after):
    case, path = CASES["adam, dropout"], tmp_path / "fit.safetensors"
    whole, broken, again = (case.network() for _ in range(3))
    for network in (whole, broken, again):
        case.fit(network)
    history = case.fit(whole)
    crash_after(3)
    with pytest.raises(Crash):
        case.fit_stepwise(broken, path)
    crash_after(-1)
    ends_alike((whole, history), (again, case.fit(again, resume=path)))


def test_time_counts_over_interruptions(tmp_path):
    case, path = CASES["adam, dropout"], tmp_path / "fit.safetensors"
    before = case.fit(case.network(), resume=path, callbacks=end_at(4, signal.SIGINT))
    history = case.fit(case.network(), resume=path, time_budget=before.times[3] / 2, epochs=9)
    assert "the time budget" in history.stopped and history.epochs == 5 and not path.exists()


def test_callbacks_hear_of_the_epochs_before(tmp_path, crash_after):
    case, path = CASES["batch norm, validated"], tmp_path / "fit.safetensors"
    told = []

    class Resumed:
        def on_train_begin(self, network):
            told.append("begin")

        def on_resume(self, network, history):
            told.append((network.runs, history.epochs, len(history["val_cost"])))

    def fit(folder, **more):
        folder.mkdir(exist_ok=True)
        ours = [cr.CSVLog(folder / "log.csv"), cr.Checkpoint(folder / "best-{epoch}.safetensors"), Resumed()]
        return case.fit(case.network(), callbacks=ours, **more)

    fit(tmp_path / "whole")
    crash_after(20)  # files of the best are written likewise
    with pytest.raises(Crash):
        fit(
            tmp_path / "broken",
            resume=Keeper(Checkpoints(path, every=0.0)),
            epochs=300,
            optimizer=cr.SGD(1e-4),
        )
    crash_after(-1)
    known = len(told)
    fit(tmp_path / "broken", resume=path, epochs=300, optimizer=cr.SGD(1e-4))
    assert told[:2] == ["begin", "begin"] and told[known] == "begin"
    assert told[known + 1][1] == told[known + 1][2] > 5
    table = cr.read_table(tmp_path / "broken" / "log.csv")
    assert table["epoch"].tolist() == list(range(1, 301)) and table.columns[1] == "cost"
    best = min((tmp_path / "broken").glob("best-*"), key=lambda file: -int(file.stem.partition("-")[2]))
    lowest = table["val_cost"].cummin()
    assert int(best.stem.partition("-")[2]) == table["epoch"][(table["val_cost"] == lowest)].max()


def test_one_that_diverges_after_it_has_gone_on_says_so_and_leaves_no_file(tmp_path, crash_after):
    path, case = tmp_path / "fit.safetensors", CASES["frozen"]

    def break_it(network, epoch, logs):
        if epoch == 6:
            network.parameters["W2"] = np.full((5, 1), 1e30)

    crash_after(4)
    with pytest.raises(Crash):
        case.fit_stepwise(case.network(), path)
    crash_after(-1)
    network = case.network()
    with pytest.warns(cr.DivergenceWarning):
        history = case.fit(network, resume=path, callbacks=break_it)
    assert history.diverged and not path.exists()
    assert all(np.isfinite(v).all() for v in values_of(network))


# --- what is not gone on from ---------------------------------------------------------------------------


@pytest.fixture
def kept(tmp_path, crash_after):
    """A checkpoint of the case with dropout, after 3 epochs."""
    path, case = tmp_path / "fit.safetensors", CASES["adam, dropout"]
    crash_after(4)
    with pytest.raises(Crash):
        case.fit_stepwise(case.network(), path)
    crash_after(-1)
    return path


def steeper(y, p):
    return np.sum((y - p) ** 2, axis=1) * STEEP


STEEP = 2.0
OTHERS = {
    "epochs was 9 and is 10": {"epochs": 10},
    "batch_size was 10 and is 12": {"batch_size": 12},
    "optimizer was Adam(": {"optimizer": cr.Adam(0.5)},
    "loss was 'mse' and is 'mae'": {"loss": "mae"},
    "EarlyStopping was None and is EarlyStopping(": {
        "validation_split": 0.2,
        "callbacks": cr.EarlyStopping(3),
    },
    "tol was None and is 0.1": {"tol": 0.1},
    "it learned from other examples": {"sample_weight": np.arange(64.0)},
    "other examples than these": {"shuffle": False},
}


@pytest.mark.parametrize("words", OTHERS)
def test_other_settings_or_examples_are_refused_in_words(words, kept):
    case, blob = CASES["adam, dropout"], kept.read_bytes()
    network = case.network()
    before = values_of(network)
    with pytest.raises(cr.DataError, match="keeps another fit") as error:
        case.fit(network, **OTHERS[words], resume=kept)
    assert words in str(error.value) and str(error.value).endswith("to begin anew.")
    assert kept.read_bytes() == blob and network.runs == 0 and network.loss is None
    assert all(map(np.array_equal, values_of(network), before))


def test_other_networks_are_refused(kept):
    wider = Case([cr.Dense(6, "relu"), cr.Dropout(0.3), cr.Dense(1)], Y, {})
    with pytest.raises(cr.DataError, match=r"the network was \[Dense\(5, .* and is \[Dense\(6,"):
        wider.fit(wider.network(), resume=kept)
    case = CASES["adam, dropout"]
    other = cr.Network(case.layers, input_shape=(3,), seed=4)
    with pytest.raises(cr.DataError, match="the seed was 3 and is 4"):
        case.fit(other, resume=kept)


def test_a_function_of_ones_own_that_was_changed_is_refused(tmp_path, crash_after, monkeypatch):
    case, path = CASES["adam, dropout"], tmp_path / "fit.safetensors"
    crash_after(4)
    with pytest.raises(Crash):
        case.fit_stepwise(case.network(), path, loss=steeper)
    crash_after(-1)
    monkeypatch.setattr(sys.modules[__name__], "STEEP", 2.5)
    with pytest.raises(cr.DataError, match="its loss or its optimizer was changed"):
        case.fit(case.network(), loss=steeper, resume=path)


def test_lbfgs_cannot_go_on(tmp_path):
    with pytest.raises(cr.DataError, match="L-BFGS keeps what it knows of the curvature to itself"):
        cr.Network([cr.Dense(1)]).fit(X, Y, optimizer="lbfgs", resume=tmp_path / "fit.safetensors")


def test_what_is_no_checkpoint_is_never_replaced(tmp_path):
    case, path = CASES["adam, dropout"], tmp_path / "mine.safetensors"
    case.network().save(path)
    blob = path.read_bytes()
    with pytest.raises(cr.FileFormatError, match="is a model file, which checkpoints would replace"):
        case.fit(case.network(), resume=path)
    assert path.read_bytes() == blob
    path.write_text("a,b\n1,2\n")
    with pytest.raises(
        cr.FileFormatError, match=r"no whole checkpoint: .* If it was one, delete it to begin anew"
    ):
        case.fit(case.network(), resume=path)
    with pytest.raises(cr.MissingFileError, match="there is no folder"):
        case.fit(case.network(), resume=tmp_path / "missing" / "fit.safetensors")
    with pytest.raises(cr.DataError, match="it is no file name"):
        case.fit(case.network(), resume=3)


def test_a_checkpoint_is_no_model(kept):
    with pytest.raises(cr.FileFormatError, match="is no model: it keeps how far a training is"):
        cr.load(kept)


@pytest.mark.parametrize("cut", [1, 8, 100, 1000, -1])
def test_a_damaged_checkpoint_is_answered(cut, kept):
    case, blob = CASES["adam, dropout"], kept.read_bytes()
    for damaged in (blob[:cut], blob[:-8] + b"\x01" * 8):
        kept.write_bytes(damaged)
        with pytest.raises(cr.FileFormatError, match="no whole checkpoint"):
            case.fit(case.network(), resume=kept)


def rewritten(path, change):
    config, arrays = store.read(path)
    change(config["fits"]["fit"], arrays)
    store.write(path, config, arrays)


HOSTILE = {
    "a state of another shape": lambda fit, arrays: arrays.update(
        {"fit/state.0": np.zeros((4, 4), np.float32)}
    ),
    "a state that lacks": lambda fit, arrays: arrays.pop("fit/state.1"),
    "costs that lack": lambda fit, arrays: arrays.update({"fit/costs": np.zeros(1)}),
    "costs of text": lambda fit, arrays: arrays.update({"fit/costs": np.zeros((2, 2), np.int8)}),
    "a history that is shorter": lambda fit, arrays: arrays.update({"fit/history/cost": np.zeros(1)}),
    "a history that lacks": lambda fit, arrays: arrays.pop("fit/history/cost"),
    "times that lack": lambda fit, arrays: arrays.pop("fit/times"),
    "no settings": lambda fit, arrays: fit.pop("settings"),
    "counts that are none": lambda fit, arrays: fit["counts"].update(waited="soon"),
    "counts that lack": lambda fit, arrays: fit["counts"].pop("waited"),
    "more than it has": lambda fit, arrays: fit.update(code="__import__('os')"),
    "a place that is none": lambda fit, arrays: fit["counts"].update(epochs_done=10**9),
}


@pytest.mark.parametrize("change", HOSTILE)
def test_a_checkpoint_that_was_written_by_hand_is_answered(change, kept):
    rewritten(kept, HOSTILE[change])
    case = CASES["adam, dropout"]
    network = case.network()
    with pytest.raises(cr.FileFormatError, match="holds no checkpoint"):
        case.fit(network, resume=kept)
    assert network.runs == 0


# --- several fits in one file ---------------------------------------------------------------------------


def test_fits_that_have_ended_are_read_and_the_broken_one_goes_on(tmp_path, crash_after):
    path, names = tmp_path / "fits.safetensors", ["batch norm, validated", "early stopping", "frozen"]

    def fit(every, **more):
        file, found = Checkpoints(path, every), []
        for name in names:
            case = CASES[name]
            network = case.network()
            resume = Keeper(file, name, alone=False)
            callbacks = [*case.settings.get("callbacks", []), *more.get("callbacks", [])]
            found.append((network, case.fit(network, resume=resume, callbacks=callbacks)))
        return file, found

    crash_after(-1)
    _, whole = fit(30.0)
    assert not path.exists()  # there was nothing to lose
    heard = []
    for count in (2, 10, 9):
        crash_after(count)
        with pytest.raises(Crash):
            fit(0.0, callbacks=[lambda network, epoch, logs: heard.append(epoch)])
    crash_after(-1)
    heard.clear()
    file, found = fit(0.0, callbacks=[lambda network, epoch, logs: heard.append(epoch)])
    assert heard == [*range(heard[0], whole[1][1].epochs), *range(9)] and heard[0] > 0  # the first had ended
    for one, other in zip(whole, found, strict=True):
        ends_alike(one, other)
    file.remove()
    assert os.listdir(tmp_path) == []


def test_a_process_that_is_killed_again_and_again(tmp_path, engine):
    program = tmp_path / "program.py"
    program.write_text(
        "import os, signal, sys\n"
        "import numpy as np\n"
        "import chainrule as cr\n"
        "from chainrule.train.fit.resuming import Checkpoints, Keeper\n"
        "x = np.linspace(-1, 1, 60).reshape(30, 2)\n"
        "def kill(network, epoch, logs):\n"
        "    if epoch == int(sys.argv[2]):\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "keeper = Keeper(Checkpoints(sys.argv[1], 0.0))\n"
        f"network = cr.Network([cr.Dense(3, 'tanh'), cr.Dropout(0.2), cr.Dense(1)], seed=0, engine={engine!r})\n"
        "history = network.fit(x, x[:, 0], epochs=12, resume=keeper, callbacks=kill, validation_split=0.2)\n"
        "print(history['val_cost'], network.parameters['W1'].tobytes().hex())\n"
    )

    def run(at):
        command = [sys.executable, str(program), str(tmp_path / "fit.safetensors"), str(at)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    ends = [run(at).returncode for at in (2, 7)]
    assert ends == [-signal.SIGKILL] * 2
    resumed, whole = run(99), run(99)
    assert resumed.returncode == 0 and resumed.stdout == whole.stdout
