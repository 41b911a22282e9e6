"""The folder of a run: what is in it, that nothing there is replaced, and that it is repeated to the last bit."""

import itertools
import json
import math
import shutil
import signal
import tomllib
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import chainrule as cr
from chainrule.models import base, card, configuration, judgements, runs, table as table_models
from chainrule.models.options import Options
from chainrule.train.fit.fitting import Interrupts
from chainrule.train.fit.resuming import Checkpoints, Keeper

QUICK = {"epochs": 4, "hidden": (4,)}


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def table(rows=60):
    random = np.random.default_rng(0)
    x, z = random.normal(size=rows), random.choice(["a", "b"], rows)
    return pd.DataFrame({"x": x, "z": z, "price": 2 * x + (z == "a")})


def written(rows=60):
    table(rows).to_csv("houses.csv", index=False)
    return "houses.csv"


def same(a, b):
    assert a.network.parameters.keys() == b.network.parameters.keys()
    for name, value in a.network.parameters.items():
        np.testing.assert_array_equal(value, b.network.parameters[name])
    assert a.columns == b.columns and a.target == b.target and a.report.scores == b.report.scores


def test_a_run_holds_all_that_there_is_of_a_training():
    model = cr.TableModel.train(written(), "price", **QUICK, run=True)
    assert str(model.run) == "runs/houses-price-001"
    assert sorted(file.name for file in model.run.iterdir()) == [
        "card.md", "config.toml", "history.csv", "metrics.json", "model.safetensors", "predictions.csv",
    ]  # fmt: skip
    same(cr.load(model.run), model)
    history = pd.read_csv(model.run / "history.csv")
    assert history["stage"].tolist() == ["main"] * 4 + ["refit"] * int(history["stage"].eq("refit").sum())
    assert history["cost"][:4].tolist() == model.history["cost"]
    metrics = json.loads((model.run / "metrics.json").read_text())
    network = {name: of["network"] for name, of in metrics["scores"]["metrics"].items()}
    assert network == model.report.scores.network
    told = tomllib.loads((model.run / "config.toml").read_text())
    assert told["target"] == ["price"] and told["hidden"] == [4] and told["batch_size"] == 32


def test_predictions_are_those_of_the_rows_that_judged_by_their_place_in_the_table():
    model = cr.TableModel.train(written(), "price", **QUICK, refit=False, run="first")
    found = cr.read_table("first/predictions.csv")
    assert list(found) == ["row", "price", "predicted_price"] and len(found) == model.report.test_rows
    rows = cr.read_table("houses.csv").iloc[found["row"] - 1]
    np.testing.assert_array_equal(found["price"], rows["price"])
    np.testing.assert_allclose(found["predicted_price"], model.predict(rows)["price"], rtol=1e-5)


def test_the_truth_beside_predictions_is_written_as_they_are():
    labels = ["1.50", "+2", "1e5"]
    Path("kinds.csv").write_text(
        "x,kind\n" + "".join(f"{i % 3 + i / 500},{labels[i % 3]}\n" for i in range(60))
    )
    model = cr.TableModel.train("kinds.csv", "kind", task="classification", **QUICK, run="first")
    found = pd.read_csv("first/predictions.csv", dtype="str")
    assert found["kind"].tolist() == [labels[(int(row) - 1) % 3] for row in found["row"]]
    right = (found["kind"] == found["predicted_kind"]).mean()
    assert right == pytest.approx(model.report.scores.network["accuracy"], rel=1e-6)


def test_several_files_are_trained_on_as_one_table():
    whole = table()
    whole[:30].to_csv("a.csv", index=False)
    whole[30:].to_csv("b.csv", index=False)
    same(
        cr.TableModel.train(["a.csv", "b.csv"], "price", **QUICK),
        cr.TableModel.train(whole, "price", **QUICK),
    )


def test_words_for_nothing_are_those_of_a_file():
    with pytest.raises(cr.DataError, match="missing says how a file is read, and this table is in memory"):
        cr.TableModel.train(table(), "price", **QUICK, missing={"z": "a"})
    Path("gaps.csv").write_text(
        "x,price\n" + "".join(f"{-999 if i % 7 == 0 else i},{i}\n" for i in range(60))
    )
    read = cr.read_table("gaps.csv", missing={"x": ("-999",)})
    same(
        cr.TableModel.train(read, "price", **QUICK, missing={"x": ("-999",)}),
        cr.TableModel.train("gaps.csv", "price", **QUICK, missing={"x": ("-999",)}),
    )


def test_no_run_is_overwritten():
    data = written()
    first = cr.TableModel.train(data, "price", **QUICK, run=True).run
    before = {file: file.read_bytes() for file in first.iterdir()}
    assert cr.TableModel.train(data, "price", **QUICK, run=True).run.name == "houses-price-002"
    with pytest.raises(cr.DataError, match=r"^runs/houses-price-001 is a run already, and no run is ever"):
        cr.TableModel.train(data, "price", **QUICK, run=first)
    assert {file: file.read_bytes() for file in first.iterdir()} == before
    with pytest.raises(cr.DataError, match=r"houses\.csv is a file, where the folder of a run is expected"):
        cr.TableModel.train(data, "price", **QUICK, run="houses.csv")


def test_a_training_that_is_refused_leaves_no_run():
    with pytest.raises(cr.DataError), pytest.warns(cr.DivergenceWarning):
        cr.TableModel.train(table(), "price", **QUICK, learning_rate=1e30, run="here/first")
    with pytest.raises(cr.UnknownNameError):
        cr.TableModel.train(table(), "prize", run=True)
    with pytest.raises(cr.DataError, match="holds names and numbers; metric is"):
        cr.TableModel.train(table(), "price", metric=lambda y, p: y, run=True)
    assert not Path("runs").exists() and not Path("here/first").exists()


@pytest.mark.parametrize(
    ("target", "choices"),
    [("price", {}), ("z", {"dropout": 0.3, "seed": 5, "metric": ["f1", "auc"]}), ("z", {"refit": False})],
)
def test_a_run_is_repeated_from_its_configuration_to_the_last_bit(target, choices):
    first = cr.TableModel.train(written(), target, **{**QUICK, **choices}, run="first")
    again = cr.TableModel.repeat("first", run="again")
    same(first, again)
    for file in ("predictions.csv", "config.toml"):
        assert (first.run / file).read_bytes() == (again.run / file).read_bytes()
    assert cr.load(again.run).predict(table()).equals(cr.load(first.run).predict(table()))


@pytest.mark.filterwarnings("ignore::chainrule.LearningWarning")
def test_a_run_that_time_ended_is_repeated_too(time_ends_soon):
    slow = {"hidden": (4,), "epochs": 10**6, "learning_rate": 1e-5}
    first = cr.TableModel.train(written(), "price", **slow, time_budget=600.0, run="first")
    told = tomllib.loads((first.run / "config.toml").read_text())
    assert "time budget" in first.history.stopped and 1 < first.history.epochs < 100
    assert told["epochs"] == first.history.best_epoch + 1 and "time_budget" not in told
    assert told["asked"]["epochs"] == 10**6 and told["asked"]["time_budget"] == 600
    same(first, cr.TableModel.repeat("first"))


@pytest.fixture
def time_is_over_at_once(monkeypatch):
    """Let time be over with the second step, wherever there is a limit."""
    monkeypatch.setattr("chainrule.engines.epochs.POLL_SECONDS", -1.0)
    poll, looks = Interrupts.poll, itertools.count(1)

    def soon(interrupts):
        limited = interrupts.deadline < math.inf
        return "time" if limited and next(looks) % 2 == 0 else None if limited else poll(interrupts)

    monkeypatch.setattr(Interrupts, "poll", soon)


def test_what_ended_within_the_first_epoch_says_that_nothing_repeats_it(time_is_over_at_once):
    one = cr.TableModel.train(
        written(), "price", hidden=(4,), batch_size=8, engine="numpy", time_budget=600.0, run="first"
    )
    assert one.history.epochs == 1 and 0 < one.history.last_share < 1
    assert "no configuration repeats this" in one.report.refit
    told = tomllib.loads((one.run / "config.toml").read_text())
    assert told["time_budget"] == 600 and told["refit"] and told.get("epochs") != 1


def test_what_there_was_no_time_to_learn_anew_from_all_rows_is_repeated(monkeypatch):
    fit_many = base.fit_many

    def too_late(*given, epochs, **settings):
        early = settings["validation_data"] is None  # that of all rows
        return fit_many(*given, epochs=[1] if early else epochs, **settings)

    with monkeypatch.context() as patched:
        patched.setattr(base, "fit_many", too_late)
        first = cr.TableModel.train(written(), "price", **{**QUICK, "time_budget": 600.0}, run="first")
    assert first.report.refit.startswith("Learning from all rows was ended early")
    same(first, cr.TableModel.repeat("first"))


@pytest.mark.filterwarnings("ignore::chainrule.LearningWarning")
def test_a_run_that_was_interrupted_is_repeated_too(monkeypatch):
    fit_many = base.fit_many

    def interrupted(*given, callbacks, **settings):
        def raise_signal(network, epoch, logs):
            if epoch == 20:
                signal.raise_signal(signal.SIGINT)

        return fit_many(*given, callbacks=[*callbacks, raise_signal], **settings)

    with monkeypatch.context() as patched:
        patched.setattr(base, "fit_many", interrupted)
        first = cr.TableModel.train(
            written(), "price", hidden=(4,), epochs=10**6, learning_rate=1e-4, run="first"
        )
    config = tomllib.loads((first.run / "config.toml").read_text())
    assert (first.run / "checkpoint.safetensors").exists()
    assert first.history.signal == signal.SIGINT and config["epochs"] == first.history.best_epoch + 1 < 10**6
    assert config["refit"] is False and config["asked"]["epochs"] == 10**6
    same(first, cr.TableModel.repeat("first"))


@pytest.mark.parametrize(
    ("sentence", "written"),
    [
        ("hidden=() trains that simpler model.", "`hidden = []` trains that simpler model."),
        ("For rows drawn by chance: group='none'.", 'For rows drawn by chance: `group = "none"`.'),
        ("Give folds=5, or test_fraction=0.1.", "Give `folds = 5`, or `test_fraction = 0.1`."),
        ("'members=1' is a town, and x=3.", "'members=1' is a town, and x=3."),
    ],
)
def test_a_card_names_choices_as_a_configuration_writes_them(sentence, written):
    """It is for people, who may have given a command or have called Python."""
    assert list(card._section("", [sentence])) == ["", written]


def test_what_is_no_error_of_ours_leaves_no_half_of_a_run(monkeypatch):
    def fails(*_):
        raise RuntimeError("a bug")

    monkeypatch.setattr(judgements, "_card", fails)  # when all is trained, and some files are there
    with pytest.raises(RuntimeError, match="a bug"):
        cr.TableModel.train("iris", epochs=2, run=True)
    assert not Path("runs").exists()


def test_where_a_model_is_expected_the_newest_run_of_a_folder_is_named():
    for name in ("first", "second"):
        cr.TableModel.train("iris", epochs=1, run=f"runs/{name}")
    with pytest.raises(cr.MissingFileError) as found:
        cr.load("runs")
    assert str(found.value).endswith(f"The newest run in it is {Path('runs/second')}.")


def test_a_run_that_is_repeated_has_the_same_file_of_a_model():
    cr.TableModel.train(written(), "price", **QUICK, run="first")
    cr.TableModel.repeat("first", run="second")
    assert Path("first/model.safetensors").read_bytes() == Path("second/model.safetensors").read_bytes()


def test_a_training_whose_results_cannot_be_written_is_not_lost(monkeypatch):
    whole = cr.TableModel.train(written(), "price", **QUICK, run="whole")

    def full(folder, predictions):
        raise cr.DataError("Cannot write predictions.csv: No space left on device.")

    with monkeypatch.context() as patched:
        patched.setattr(runs, "write_predictions", full)
        with pytest.raises(
            cr.DataError, match=r"No space left(.|\n)*not lost: make room, and go on with resume='full'"
        ):
            cr.TableModel.train("houses.csv", "price", **QUICK, run="full")
    same(cr.TableModel.resume("full"), whole)


def test_a_training_of_which_nothing_can_be_written_says_so_at_its_end(monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("chainrule.train.fit.resuming.EVERY", 0.0)

        def fill(sentence):
            if sentence.startswith("Network: "):
                patched.setattr("chainrule.disk.write_beside", full)

        with (
            pytest.warns(cr.CheckpointWarning, match="No space left on device.*The training goes on") as told,
            pytest.raises(
                cr.DataError,
                match=r"history.csv: No space left(.|\n)*checkpoint(.|\n)*what was learned is lost",
            ),
        ):
            cr.TableModel.train(written(), "price", **QUICK, run="full", tell=fill)
    assert len(told) == 1 and [file.name for file in Path("full").iterdir()] == ["config.toml"]
    same(cr.TableModel.resume("full"), cr.TableModel.train("houses.csv", "price", **QUICK))


def test_the_folder_of_a_run_that_somebody_removes_meanwhile_is_made_again():
    def remove(sentence):
        if sentence.startswith("Network: "):
            shutil.rmtree("gone")

    model = cr.TableModel.train(written(), "price", **QUICK, run="gone", tell=remove)
    same(cr.load("gone"), model)


def test_who_stops_before_anything_is_learned_leaves_no_run():
    def stop(sentence):
        if sentence.startswith("Network: "):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cr.TableModel.train(written(), "price", **QUICK, run="stopped", tell=stop)
    assert not Path("stopped").exists()


def test_choices_are_changed_by_hand_and_by_the_call():
    cr.TableModel.train(written(), "price", **QUICK, run="first")
    assert cr.TableModel.repeat("first", epochs=2).report.epochs == 2
    path = Path("first/config.toml")
    path.write_text(path.read_text().replace("epochs = 4", "epochs = 3"))
    assert cr.TableModel.repeat(path).report.epochs == 3
    with pytest.raises(cr.ArgumentError, match="Did you mean 'epochs'"):
        cr.TableModel.repeat(path, epcohs=3)


def test_files_of_a_pattern_are_found_from_another_folder(monkeypatch):
    written()
    model = cr.TableModel.train("hous*.csv", "price", **QUICK, run="first")
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    same(cr.TableModel.repeat("../first"), model)


def test_other_data_than_that_of_the_configuration_is_said():
    cr.TableModel.train(written(), "price", **QUICK, run="first")
    told = []
    cr.TableModel.repeat("first", tell=told.append)
    assert not told[0].startswith("This is not the table")
    written(70)
    cr.TableModel.repeat("first", tell=told.append)
    assert any(
        line.startswith("This is not the table of that configuration: it has 70 rows, and had 60.")
        for line in told
    )
    cr.TableModel.train(table(), "price", **QUICK, run="second")
    with pytest.raises(cr.DataError, match="second names no data"):
        cr.TableModel.repeat("second")
    same(cr.TableModel.repeat("second", table()), cr.TableModel.repeat("second", table()))


def test_data_is_found_beside_the_configuration():
    Path("folder").mkdir()
    table().to_csv("folder/houses.csv", index=False)
    Path("folder/my.toml").write_text('data = "houses.csv"\ntarget = "price"\nepochs = 2\n')
    assert cr.TableModel.repeat("folder/my.toml").report.epochs == 2


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (
            "epcohs = 3",
            cr.UnknownNameError,
            "c.toml chooses 'epcohs', which there is not. Did you mean 'epochs'?",
        ),
        ("random_state = 3", cr.UnknownNameError, "Did you mean 'seed'?"),
        ('version = "9.9"\nnew = 1', cr.UnknownNameError, "It was written by chainrule 9.9, and this is"),
        ('epochs = "3"', cr.DataError, "c.toml: epochs must be a whole number of at least 1; found '3'."),
        ("epochs = 2026-01-01", cr.DataError, "epochs must be a whole number"),
        ("learning_rate = inf", cr.DataError, "learning_rate must be a number above 0"),
        ("learning_rate = nan", cr.DataError, "learning_rate must be a number above 0"),
        ('task = "clasification"', cr.UnknownNameError, "Did you mean 'classification'?"),
        ("epochs = ", cr.FileFormatError, "c.toml is no configuration: "),
        ("asked = 3", cr.FileFormatError, "asked holds choices"),
        ("asked = {epochs = 0}", cr.DataError, "epochs must be"),
        ("[fingerprint]\nrows = 1", cr.FileFormatError, "needs its field 'columns'"),
        ("data = 3", cr.FileFormatError, "data: expected text; found 3"),
        ("a = " + "[" * 5000, cr.FileFormatError, "is no configuration"),
        ("\0\1", cr.FileFormatError, "is no configuration"),
    ],
)
def test_a_configuration_that_is_none_is_answered(text, error, message):
    Path("c.toml").write_text(text)
    with pytest.raises(error) as raised:
        configuration.read("c.toml")
    assert message in str(raised.value)


def test_every_choice_is_written_and_read_again():
    odd = 'a"b\\c\n\t\x7f\x00ü€😀='
    given = {
        "target": (odd, "b"), "task": "multilabel", "test_data": "t.csv", "test_fraction": 0.0, "folds": 3,
        "group": odd, "time_order": "when",
        "drop": (odd,), "numbers": ("n",), "categories": ("c",), "dates": ("d",), "keep": ("k",),
        "ignore": ("i",), "missing": {"": ("?",), odd: ("", "NA")}, "table": "t", "any_size": True, "hidden": (),
        "dropout": 0.25, "epochs": 7, "batch_size": 9, "learning_rate": 1e-7, "clip_norm": 1.5e300,
        "class_weight": {"yes": 2.0, "no": 0.1}, "metric": ("f1",), "threshold": "best", "seed": 2**70,
        "time_budget": 90.0, "engine": "numpy", "refit": False, "report": False,
    }  # fmt: skip
    options = Options(**given)
    assert {name for name in given if getattr(options, name) == getattr(Options, name)} == set()
    found = configuration.of(options, "x.csv", configuration.Fingerprint(1, 2, "3"))
    Path("c.toml").write_text(configuration.written(found), encoding="utf-8")
    read = configuration.read("c.toml")
    assert Options(**{**read.choices, "target": tuple(read.choices["target"])}) == options
    assert read.fingerprint == found.fingerprint
    Path("c.toml").write_text(configuration.written(configuration.Configuration({})), encoding="utf-8")
    assert configuration.read("c.toml").options == Options()


def test_a_folder_that_holds_no_model_is_said():
    Path("runs").mkdir()
    with pytest.raises(cr.MissingFileError, match=r"No model\.safetensors in this folder"):
        cr.load("runs")


class Killed(BaseException):
    """What ends a process at once: nothing is tidied up."""


def killed_after(number, monkeypatch):
    """Let a training write its checkpoint as often as it can, and end it after so many."""
    keep, left = Keeper.keep, iter(range(number - 1))

    def keep_and_die(self, *arguments):
        keep(self, *arguments)
        if next(left, None) is None:
            raise Killed

    monkeypatch.setattr(Keeper, "keep", keep_and_die)
    monkeypatch.setattr(table_models, "Checkpoints", partial(Checkpoints, every=0.0))


def test_a_run_that_was_killed_goes_on_and_ends_with_the_bits_of_one_that_never_was(monkeypatch):
    settings = {"hidden": (4,), "epochs": 12, "seed": 3, "folds": 2}
    whole = cr.TableModel.train(written(), "price", **settings, run="whole")
    deaths = 0
    for number in (1, 2, 3, 5, 7, 9, 12, 16):
        with monkeypatch.context() as patched:
            killed_after(number, patched)
            try:
                cr.TableModel.train("houses.csv", "price", **settings, run=f"killed-{number}")
            except Killed:
                deaths += 1
            else:
                continue
        assert sorted(file.name for file in Path(f"killed-{number}").iterdir()) == [
            "checkpoint.safetensors", "config.toml",
        ]  # fmt: skip
        again = cr.TableModel.resume(f"killed-{number}")
        same(whole, again)
        for file in ("predictions.csv", "config.toml"):
            assert (whole.run / file).read_bytes() == (again.run / file).read_bytes()
        assert not (again.run / "checkpoint.safetensors").exists()
    assert deaths > 3


def test_what_cannot_go_on_is_answered():
    cr.TableModel.train(written(), "price", **QUICK, run="first")
    with pytest.raises(cr.DataError, match="The run first has ended: there is nothing to go on with"):
        cr.TableModel.resume("first")
    with pytest.raises(cr.MissingFileError, match=r"nowhere is no run: there is no config\.toml in it"):
        cr.TableModel.resume("nowhere")
    Path("first/model.safetensors").unlink()
    written(70)
    with pytest.raises(
        cr.DataError, match="The run first began with another table: it has 70 rows, and had 60"
    ):
        cr.TableModel.resume("first")


def test_rows_that_judged_from_memory_are_given_again():
    # without them others would judge, and nobody would know
    table, _ = cr.load_table("iris")
    model = cr.TableModel.train(
        table[::2], "target", test_data=table[1::2], epochs=2, hidden=(4,), run="judged"
    )
    assert "| test_data | a table in memory |" in Path("judged/card.md").read_text()
    with pytest.raises(
        cr.DataError, match=r"were a table in memory.*\nGive them again: test_data='rows.csv'"
    ):
        cr.TableModel.repeat("judged/config.toml", table[::2])
    again = cr.TableModel.repeat("judged/config.toml", table[::2], test_data=table[1::2])
    assert again.report.scores.network == model.report.scores.network
