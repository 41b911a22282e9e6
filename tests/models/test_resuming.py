"""A training that is killed, wherever it is, goes on and ends as if it never was: the same model, the same files."""

import json
import os
import re
import signal
import subprocess
import sys
from functools import partial

import numpy as np
import pandas as pd
import pytest

import chainrule as cr
from chainrule import disk, signals
from chainrule.models import base, comparing_tables, configuration, judgements, table as table_models
from chainrule.models.options import Options
from chainrule.train.fit import descent, resuming

CHOICES = {"hidden": (5,), "epochs": 11, "dropout": 0.2, "batch_size": 16, "folds": 2, "test_fraction": 0.2}


class Killed(BaseException):
    """Ends a process, as far as anyone inside can tell."""


@pytest.fixture(autouse=True)
def points(tmp_path, monkeypatch):
    """Each epoch ends with a checkpoint, and networks are compared on one part of the rows: there are fewer of them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(comparing_tables, "FEW", 0)
    monkeypatch.setattr(resuming, "EVERY", 0.0)
    monkeypatch.setattr(descent, "REDRAW_SECONDS", 0.0)


@pytest.fixture
def killed_at(monkeypatch):
    """Kill at the n-th file that is written: before it is there, or after."""
    write = disk.write_beside

    def kill(count, late):
        left = [count]

        def then(place, blob, mode, **how):
            left[0] -= 1
            if left[0] == 0 and not late:
                with open(
                    os.path.join(os.path.dirname(place), f".{os.path.basename(place)}.abc.part"), "wb"
                ) as half:
                    half.write(blob[: len(blob) // 2])
                raise Killed
            write(place, blob, mode, **how)
            if left[0] == 0:
                raise Killed

        monkeypatch.setattr(disk, "write_beside", then)
        return lambda: monkeypatch.setattr(disk, "write_beside", write)

    yield kill
    monkeypatch.setattr(disk, "write_beside", write)


def signal_at(patch, count, number):
    """Send a signal when the checkpoint was written so many times."""
    write, left = resuming.Checkpoints.write, [count]

    def then(file):
        write(file)
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), number)

    patch.setattr(resuming.Checkpoints, "write", then)


def houses():
    random = np.random.default_rng(1)
    x, town = random.normal(size=90), random.choice(["Basel", "Bern", "Chur"], 90)
    dear = np.where(x + (town == "Bern") + random.normal(size=90) > 0.5, "yes", "no")
    pd.DataFrame({"x": x, "town": town, "dear": dear}).to_csv("houses.csv", index=False)
    return "houses.csv"


def without_times(folder):
    """All files of a run, but for how long it took."""
    found = {}
    for file in sorted(folder.iterdir()):
        text = file.read_bytes()
        if file.name in ("history.csv", "compare.csv"):
            text = cr.read_table(file).drop(columns="seconds").to_csv().encode()
        if file.suffix == ".json":
            text = json.dumps({k: v for k, v in json.loads(text).items() if "seconds" not in k}).encode()
        if file.suffix == ".md":
            text = b""  # it names the folder
        found[file.name] = text
    return found


def same(model, whole):
    for part in ("parameters", "statistics"):
        ours, theirs = (getattr(each.network, part) for each in (model, whole))
        assert {k: v.tobytes() for k, v in ours.items()} == {k: v.tobytes() for k, v in theirs.items()}
    assert dict(model.history) == dict(whole.history) and model.history.stopped == whole.history.stopped
    assert model.report.scores == whole.report.scores and model.report.refit == whole.report.refit
    assert without_times(model.run) == without_times(whole.run)
    assert (
        cr.load(model.run)
        .predict(cr.read_table("houses.csv"))
        .equals(model.predict(cr.read_table("houses.csv")))
    )


@pytest.mark.parametrize("engine", ["numpy"], indirect=True)
@pytest.mark.filterwarnings("ignore::chainrule.LearningWarning")
def test_killed_thirty_times_on_its_way_it_ends_as_one_that_was_not(killed_at):
    """By the third file that it writes or a later one: checkpoints, and in the end all that there is of it."""
    data, kills = houses(), 0
    whole = cr.TableModel.train(data, "dear", **CHOICES, run="whole")
    while True:
        alive = killed_at(3 + kills // 10, late=kills % 2 == 0)
        begin = partial(cr.TableModel.train, data, "dear", **CHOICES, run="run")
        try:
            model = cr.TableModel.resume("run") if kills else begin()
        except Killed:
            kills += 1
            assert kills < 100
        else:
            break
        finally:
            alive()
    assert kills >= 30
    same(model, whole)


@pytest.mark.filterwarnings("ignore::chainrule.LearningWarning")
@pytest.mark.parametrize(
    ("stage", "number"), [(1, signal.SIGINT), (13, signal.SIGTERM), (20, signal.SIGINT), (25, signal.SIGTERM)]
)
def test_a_signal_keeps_the_best_so_far_and_the_run_can_go_on(stage, number, monkeypatch):
    data = houses()
    whole = cr.TableModel.train(data, "dear", **CHOICES, run="whole")
    with monkeypatch.context() as patch:
        signal_at(patch, stage, number)
        ended = cr.TableModel.train(data, "dear", **CHOICES, run="ended")
    assert ended.history.signal == number
    names = {file.name for file in ended.run.iterdir()}
    assert {"model.safetensors", "checkpoint.safetensors", "config.toml"} <= names
    assert cr.load("ended").predict(cr.read_table(data)).shape[0] == 90
    same(cr.TableModel.resume("ended"), whole)
    with pytest.raises(cr.DataError, match="has ended"):
        cr.TableModel.resume("ended")


def breaks_off(*_, **__):
    raise KeyboardInterrupt


RECIPE = {"recipe": True, "members": 2, "hidden": (3,), "epochs": 2, "bins": 3}
MOMENTS = {  # where Ctrl-C comes while nobody asks what it wants: what it breaks off, and how often that is done before
    "the linear model": ("chainrule.models.members.crossed", RECIPE),
    "all rows are made ready": ("chainrule.models.base.refit", CHOICES),
    "the folds": ("chainrule.models.base.mean_of", CHOICES),
}


@pytest.mark.parametrize("engine", ["numpy"], indirect=True)
@pytest.mark.filterwarnings("ignore::chainrule.LearningWarning")
@pytest.mark.parametrize("moment", MOMENTS)
def test_what_ctrl_c_breaks_off_between_fits_goes_on(moment, monkeypatch):
    monkeypatch.setattr(resuming, "EVERY", 1e6)  # nothing was written yet
    data, (place, choices) = houses(), MOMENTS[moment]
    whole = cr.TableModel.train(data, "dear", **choices, run="whole")
    told = "broken keeps what was done; to go on with it:\n  cr.TableModel.resume('broken')"
    with monkeypatch.context() as patch:
        patch.setattr(place, breaks_off)
        with pytest.raises(KeyboardInterrupt) as ended:
            cr.TableModel.train(data, "dear", **choices, run="broken")
        assert ended.value.__notes__ == [told]
        with pytest.raises(KeyboardInterrupt) as ended:
            cr.TableModel.resume("broken")
        assert ended.value.__notes__ == [told]
    same(cr.TableModel.resume("broken"), whole)


@pytest.mark.parametrize("engine", ["numpy"], indirect=True)
@pytest.mark.parametrize("make", [cr.TableModel.train, cr.TableModel.compare])
@pytest.mark.parametrize("choices", [{"hidden": (2,)}, {}])
def test_a_signal_before_anything_was_learned_leaves_no_model(make, choices, monkeypatch):
    """No untrained network is called the best so far."""

    def never_begun(networks, *_, **__):
        return [cr.History({"cost": []}, signal=signal.SIGTERM) for _ in networks]

    for trains in ("base", "members"):
        monkeypatch.setattr(f"chainrule.models.{trains}.fit_many", never_begun)
    with pytest.raises(signals.Ended) as ended:
        make(houses(), "dear", **choices, run="run")
    assert ended.value.number == signal.SIGTERM and not os.path.exists("run")


@pytest.mark.parametrize("engine", ["numpy"], indirect=True)
@pytest.mark.filterwarnings("ignore::chainrule.LearningWarning")
@pytest.mark.parametrize("place", ["fastest", "report_of", "judgements"])
def test_a_signal_while_a_run_is_written_lets_it_be_written(place, monkeypatch):
    room = judgements if place == "judgements" else table_models
    do = getattr(room, place)

    def late(*given):
        os.kill(os.getpid(), signal.SIGINT)
        return do(*given)

    data = houses()
    whole = cr.TableModel.train(data, "dear", **CHOICES, run="whole")
    monkeypatch.setattr(room, place, late)
    model = cr.TableModel.train(data, "dear", **CHOICES, run="run")
    assert model.history.signal == signal.SIGINT
    model.history.signal = 0
    same(model, whole)
    with pytest.raises(cr.DataError, match="has ended"):
        cr.TableModel.resume("run")


def test_a_table_that_was_changed_is_not_gone_on_with(killed_at):
    data = houses()
    alive = killed_at(4, late=True)
    with pytest.raises(Killed):
        cr.TableModel.train(data, "dear", **CHOICES, run="broken")
    alive()
    cr.read_table(data)[:-1].to_csv(data, index=False)
    with pytest.raises(cr.DataError, match="The run broken began with another table: it has 89 rows"):
        cr.TableModel.resume("broken")


def test_a_damaged_checkpoint_is_answered(killed_at, tmp_path):
    data = houses()
    alive = killed_at(4, late=True)
    with pytest.raises(Killed):
        cr.TableModel.train(data, "dear", **CHOICES, run="broken")
    alive()
    path = tmp_path / "broken" / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(cr.FileFormatError, match="no whole checkpoint"):
        cr.TableModel.resume("broken")
    path.unlink()
    cr.TableModel.resume("broken")  # from the beginning


LADDER = {"hidden": (3,), "epochs": 2, "dropout": 0.0, "metric": "auc"}


@pytest.mark.parametrize("engine", ["numpy"], indirect=True)
@pytest.mark.filterwarnings("ignore::chainrule.LearningWarning")
def test_a_comparison_that_is_killed_goes_on_to_the_same_table_and_winner(killed_at, monkeypatch):
    data, fitted = houses(), []
    whole = cr.TableModel.compare(data, "dear", **LADDER, run="whole")
    for count in (3, 12, 20):  # the configuration is the first file
        alive = killed_at(count, late=count % 2 == 0)
        begin = partial(cr.TableModel.compare, data, "dear", **LADDER, run="run")
        with pytest.raises(Killed):
            begin() if count == 3 else cr.TableModel.resume("run")
        alive()
    with pytest.raises(
        cr.DataError, match=r"before any network had won: none .*\n  cr.TableModel.resume\('run'\)"
    ):
        cr.TableModel.repeat("run/config.toml")
    assert cr.read_table("run/compare.csv").shape[0] < 12
    descend = descent._descend
    monkeypatch.setattr(descent, "_descend", lambda *given: fitted.append(given) or descend(*given))
    model = cr.TableModel.resume("run")
    assert len(fitted) < 10  # of fourteen: those that had ended were read
    same(model, whole.model)
    assert model.comparison.winner == whole.winner


@pytest.mark.filterwarnings("ignore::chainrule.LearningWarning")
@pytest.mark.parametrize("engine", ["numpy"], indirect=True)
@pytest.mark.parametrize("write", [8, 37])
def test_a_comparison_that_a_signal_ends_keeps_the_best_so_far_and_goes_on(write, monkeypatch):
    data = houses()
    whole = cr.TableModel.compare(data, "dear", **LADDER, run="whole")
    with monkeypatch.context() as patch:
        signal_at(patch, write, signal.SIGINT)
        ended = cr.TableModel.compare(data, "dear", **LADDER, run="ended")
    assert ended.model.history.signal == signal.SIGINT and len(ended.tried) <= 12
    told = []
    repeated = cr.TableModel.repeat("ended", tell=told.append)
    assert told[0].startswith(
        "ended is of a comparison that was ended early: this trains the network that was the best"
    )
    assert told[0].endswith("\n  cr.TableModel.resume('ended')")
    for name, value in repeated.network.parameters.items():
        np.testing.assert_array_equal(value, ended.model.network.parameters[name])
    same(cr.TableModel.resume("ended"), whole.model)


@pytest.mark.parametrize("engine", ["numpy"], indirect=True)
def test_a_comparison_that_a_signal_ends_asks_for_what_it_began_with():
    begun = configuration.of(Options(target="dear", recipe=True, hidden=(32, 16)), compares=True)
    winner = Options(target="dear", recipe=False, hidden=(8,), members=1, bins=0)
    goes_on = configuration.ended(begun, winner, goes_on=True)
    assert goes_on.compares and goes_on.asked == begun.choices and "members" not in goes_on.asked
    assert not configuration.ended(begun, winner).compares


PROGRAM = """
import os, signal, sys
import chainrule as cr
from chainrule.train.fit import descent, resuming
resuming.EVERY = descent.REDRAW_SECONDS = 0.0
write, left = resuming.Checkpoints.write, [int(sys.argv[1])]
def then(file):
    write(file)
    left[0] -= 1
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
resuming.Checkpoints.write = then
"""


@pytest.mark.parametrize("engine", ["numpy"], indirect=True)
@pytest.mark.filterwarnings("ignore::chainrule.LearningWarning")
def test_processes_that_are_killed_again_and_again():
    data, choices = houses(), CHOICES | {"engine": "numpy"}
    whole = cr.TableModel.train(data, "dear", **choices, run="whole")
    begin = f"cr.TableModel.train('houses.csv', 'dear', **{choices!r}, run='killed')"
    for count, line in ((3, begin), (9, "cr.TableModel.resume('killed')")):
        command = [sys.executable, "-c", f"{PROGRAM}\n{line}", str(count)]
        assert subprocess.run(command, capture_output=True, check=False).returncode == -signal.SIGKILL
    same(cr.TableModel.resume("killed"), whole)
    assert not re.search("part|checkpoint", " ".join(os.listdir("killed")))


@pytest.mark.parametrize("engine", ["numpy"], indirect=True)
@pytest.mark.filterwarnings("ignore::chainrule.LearningWarning")
def test_how_long_it_took_counts_all_that_was_trained_before_and_after_a_break(monkeypatch):
    """Each fit takes an hour, by a clock that no machine has."""
    now = [0.0]
    monkeypatch.setattr("chainrule.models.base.time.perf_counter", lambda: now[0])
    fit_many = base.fit_many

    def an_hour(*given, **how):
        now[0] += 3600.0
        return fit_many(*given, **how)

    monkeypatch.setattr(base, "fit_many", an_hour)
    data, folds = houses(), {**CHOICES, "folds": 3}
    assert cr.TableModel.train(data, "dear", **folds).report.seconds == 5 * 3600  # 1 + 3 folds + all rows
    with monkeypatch.context() as patch:
        patch.setattr(base, "refit", breaks_off)
        with pytest.raises(KeyboardInterrupt):
            cr.TableModel.train(data, "dear", **folds, run="broken")
    now[0] = 0.0
    assert (
        cr.TableModel.resume("broken").report.seconds == 4 * 3600 + 5 * 3600
    )  # what is read takes the hour, too
    assert (
        cr.TableModel.compare(data, "dear", **LADDER).model.report.seconds == 3 * 3600
    )  # others, it, on all rows
