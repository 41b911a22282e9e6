"""What a report shows is true: of rows that were not learned from, beside pandas, scikit-learn and sums by hand."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import chainrule as cr
from chainrule.models import judgements
from chainrule.models.judgements import Judged
from chainrule.models.views import gathering, mattering
from chainrule.models.views.calibrating import calibration_from, calibration_of
from chainrule.models.views.profile import profile

QUICK = {"epochs": 5, "hidden": (8,)}


@pytest.fixture(autouse=True)
def engine(tmp_path, monkeypatch):
    """One engine is enough: what is shown is computed after training, by NumPy."""
    monkeypatch.chdir(tmp_path)


def houses(rows=300, seed=0):
    """Rows in which Bern is said wrongly by what the columns tell: its labels are drawn."""
    rng = np.random.default_rng(seed)
    size, town = rng.normal(size=rows), rng.choice(["Bern", "Basel", "Chur"], rows)
    yes = np.where(town == "Bern", rng.random(rows) < 0.5, size > 0)
    table = pd.DataFrame({"size": size, "town": town, "noise": rng.normal(size=rows)})
    table.loc[rng.random(rows) < 0.1, "noise"] = np.nan
    return table.assign(sold=np.where(yes, "yes", "no"))


def views(run):
    return json.loads(Path(run, "views.json").read_text(encoding="utf-8"))


def trained(table, target, run="run", **how):
    model = cr.TableModel.train(table, target, run=run, **{**QUICK, **how})
    return model, views(run)


def test_slices_are_those_of_pandas():
    model = cr.TableModel.train(houses(600), "sold", test_fraction=0.5, epochs=30, hidden=(8,))
    found = model.worst_slices()
    judged = pd.DataFrame(
        {
            "town": model.judged.frame["town"],
            "true": model.judged.truth,
            "said": model.judged.said[:, 0] > 0.5,
        }
    )
    right = judged["true"].astype(bool) == judged["said"]
    assert found.overall == pytest.approx(right.mean()) and found.rows == len(judged)
    (bern,) = [each for each in found.found if each.column == "town"]
    assert bern.where == "Bern" and found.found[0] == bern
    by_hand = right.groupby(judged["town"]).agg(["size", "mean"]).loc["Bern"]
    assert bern.rows == by_hand["size"] and bern.value == pytest.approx(by_hand["mean"])
    assert bern.interval[0] < bern.value < bern.interval[1] < found.overall


def test_slices_of_numbers_are_of_their_errors():
    rng = np.random.default_rng(0)
    x, kind = rng.normal(size=800), rng.choice(["a", "b"], 800)
    table = pd.DataFrame(
        {"x": x, "kind": kind, "y": x + np.where(kind == "b", 3, 0.1) * rng.normal(size=800)}
    )
    model = cr.TableModel.train(table, "y", test_fraction=0.5, epochs=30, hidden=(8,))
    first = model.worst_slices().found[0]
    off = np.abs(model.judged.said - model.judged.truth)[:, 0]
    inside = model.judged.frame["kind"].eq("b").to_numpy()
    assert (first.column, first.where, first.rows) == ("kind", "b", inside.sum())
    assert first.value == pytest.approx(off[inside].mean())
    by_square = model.worst_slices(metric="mse").found[0]
    assert by_square.value == pytest.approx((off[inside] ** 2).mean())


def test_columns_that_were_left_out_part_rows_as_well():
    table = houses(600)
    model = cr.TableModel.train(table, "sold", drop="town", test_fraction=0.5, epochs=30, hidden=(8,))
    assert ("town", "Bern") in [(each.column, each.where) for each in model.worst_slices().found]


def test_the_most_wrong_rows_are_those_of_the_least_probable_truth():
    model = cr.TableModel.train(houses(), "sold", **QUICK)
    wrong = model.most_wrong(most=7)
    truth, yes = model.judged.truth, model.judged.said[:, 0]
    of_truth = np.where(truth == 1, yes, 1 - yes)
    order = [i for i in np.argsort(of_truth, kind="stable") if of_truth[i] <= 0.5][:7]
    assert wrong.index.tolist() == model.judged.frame.index[order].tolist()
    assert np.allclose(wrong["probability"], 1 - of_truth[order])
    assert (wrong["sold"] != wrong["predicted_sold"]).all()
    assert wrong["town"].tolist() == houses()["town"].loc[wrong.index].tolist()


def test_the_most_wrong_numbers_are_the_furthest_off():
    table = houses().assign(price=lambda t: t["size"] * 100)
    model = cr.TableModel.train(table[["size", "town", "price"]], "price", **QUICK)
    wrong = model.most_wrong(most=3)
    assert np.allclose(wrong["off"], wrong["predicted_price"] - wrong["price"])
    every = model.most_wrong(most=10**6)
    assert len(every) == model.report.test_rows and every["off"].abs().is_monotonic_decreasing


def test_a_table_tells_as_the_rows_that_judged_do():
    model = cr.TableModel.train(houses(), "sold", **QUICK, refit=False)
    rows = model.judged.frame
    pd.testing.assert_frame_equal(model.most_wrong(rows), model.most_wrong())
    assert model.worst_slices(rows).to_dict()["found"] == model.worst_slices().to_dict()["found"]


def test_a_column_that_is_called_as_what_is_told_keeps_its_name():
    table = houses().rename(columns={"size": "probability"})
    wrong = cr.TableModel.train(table, "sold", **QUICK).most_wrong()
    assert wrong.columns.is_unique and {"probability", "probability (of the model)"} <= {*wrong.columns}


def test_a_model_from_a_file_knows_no_rows():
    cr.TableModel.train(houses(), "sold", **QUICK).save("m.safetensors")
    model = cr.load("m.safetensors")
    for ask in (model.most_wrong, model.worst_slices):
        with pytest.raises(cr.DataError, match=r"it comes from a file. Give some: model\.\w+\(table\)"):
            ask()
    assert len(model.most_wrong(houses())) > 0 and model.worst_slices(houses()).rows == 300


@pytest.mark.usefixtures("reported")
@pytest.mark.parametrize(
    "how",
    [
        {},
        {"folds": 3},
        {"time_order": "when"},
        {"group": "town"},
        {"test_fraction": 0.0},
        {"members": 2},
        {"refit": False},
    ],
)
def test_no_row_that_is_shown_was_learned_from(how, monkeypatch):
    """Every network that is asked in a report has learned from none of the rows that it is asked about."""
    table = houses(200).assign(when=np.arange(200))
    seen = []
    courts_of = judgements.courts_of

    def watched(whole, done):
        found, about = courts_of(whole, done)
        of_fold = {id(fold.network): fold.rows for fold in done.folds}
        for court in found:
            learned = of_fold.get(id(court.network), done.rows).learn
            seen.append((court, set(whole.frame.index[learned])))
        return found, about

    monkeypatch.setattr(gathering, "courts_of", watched)
    model, told = trained(table, "sold", **how)
    assert seen and told["remarks"] == []
    for court, learned in seen:
        assert not learned & {*court.frame.index} and len(court.frame) == len(court.truth)
        again = court.network.predict(court.features)
        assert np.allclose(again, court.said, atol=1e-6)
    shown = {row["row"] - 1 for row in told["wrong"]["rows"]} | {told["explained"]["row"] - 1}
    assert shown <= set().union(*({*court.frame.index} for court, _ in seen))
    kind = "folds" if "folds" in how else "validation" if how.get("test_fraction") == 0 else "test"
    assert told["rows"]["kind"] == kind and told["rows"]["count"] == len(model.judged.truth)


@pytest.mark.usefixtures("reported")
def test_importance_is_that_of_the_network_that_was_judged():
    from sklearn.inspection import permutation_importance

    model, told = trained(houses(), "sold", refit=False)

    class Estimator:
        def fit(self):
            """Be fitted."""

        def score(self, X, y):
            return model.evaluate(X.assign(sold=y)).network["accuracy"]

    rows = model.judged.frame
    theirs = permutation_importance(
        Estimator(), rows[["size", "town", "noise"]], rows["sold"], n_repeats=5, random_state=0
    )
    ours = {each["name"]: each for each in told["importance"]["columns"]}
    for name, mean, std in zip(
        ["size", "town", "noise"], theirs.importances_mean, theirs.importances_std, strict=True
    ):
        assert ours[name]["mean"] == pytest.approx(mean, abs=1e-5)
        assert ours[name]["high"] - ours[name]["mean"] == pytest.approx(std, abs=1e-4)


@pytest.mark.parametrize(
    ("rows", "columns", "weights", "work"),
    [
        (30, 4, 65_000, 2e9),
        (20_000, 14, 65_000, 2e9),
        (20_000, 784, 400_000, 2e9),
        (10**6, 3000, 10**6, 1e9),
        (1, 1, 1, 1.0),
    ],
)
def test_importance_costs_no_more_than_there_is_time_for(rows, columns, weights, work):
    effort = mattering.effort_for(rows, columns, weights, work)
    least = min(rows, mattering.FEWEST_ROWS) * mattering.FEWEST_REPEATS * weights  # of one column
    assert effort.rows * effort.repeats * effort.columns * weights <= max(work, least)
    assert 1 <= effort.columns <= columns and 1 <= effort.rows <= rows


@pytest.mark.usefixtures("reported")
def test_a_slow_machine_shuffles_fewer_rows(monkeypatch):
    _, told = trained(houses(900), "sold", run="quick")
    monkeypatch.setattr(mattering, "_seconds", lambda court, rows: 1e6)
    _, slow = trained(houses(900), "sold", run="slow")
    assert "5 times over 180 rows" in told["importance"]["says"][0]
    assert "2 times over 100 of 180 rows" in slow["importance"]["says"][0]
    assert {"slices", "explained", "wrong"} <= slow.keys()


@pytest.mark.usefixtures("reported")
def test_of_many_columns_those_that_move_predictions_are_shuffled(monkeypatch):
    monkeypatch.setattr(gathering, "WORK", 3e5)
    monkeypatch.setattr(gathering, "MOST_WORK", 3e5)
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(400, 60)), columns=[f"c{i:02}" for i in range(60)])
    table["y"] = 3 * table["c41"] - 2 * table["c07"] + 0.1 * rng.normal(size=400)
    _, told = trained(table, "y", epochs=60)
    names = [each["name"] for each in told["importance"]["columns"]]
    assert len(names) < 60 and names[:2] == ["c41", "c07"]
    assert any("move predictions most" in sentence for sentence in told["importance"]["says"])


def draws(rows=4000, seed=0):
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.02, 0.98, rows)
    return p, rng.random(rows)


@pytest.mark.parametrize(
    ("true_of", "verdict"),
    [
        (lambda p: p, "calibrated"),
        (lambda p: 0.5 + 0.6 * (p - 0.5), "overconfident"),
        (lambda p: p**3 / (p**3 + (1 - p) ** 3), "underconfident"),
        (lambda p: p**2, "too_high"),
        (lambda p: np.sqrt(p), "too_low"),
    ],
)
def test_a_verdict_says_in_which_way_probabilities_are_off(true_of, verdict):
    p, u = draws()
    found = calibration_from(u < true_of(p), p, "'yes'")
    assert found.verdict == verdict
    if verdict != "calibrated":
        assert found.off == pytest.approx(np.abs(true_of(p) - p).mean(), abs=0.02)


def test_what_is_calibrated_is_called_so_in_99_of_100():
    wrong = [
        calibration_from((u < p)[:300], p[:300], "'yes'").verdict != "calibrated"
        for p, u in (draws(300, s) for s in range(200))
    ]
    assert np.mean(wrong) <= 0.03


@pytest.mark.parametrize("yes", [np.arange(50) % 2 == 0, np.zeros(500, bool), np.arange(500) < 3])
def test_too_few_rows_tell_nothing_of_probabilities(yes):
    assert calibration_from(yes, np.full(len(yes), 0.4), "'yes'").verdict == "unknown"


def test_probabilities_that_are_all_alike_or_certain_are_no_trouble():
    yes = np.arange(400) % 4 == 0
    assert calibration_from(yes, np.full(400, 0.25), "'yes'").verdict == "calibrated"
    assert calibration_from(yes, np.full(400, 0.6), "'yes'").verdict == "too_high"
    assert calibration_from(yes, yes * 1.0, "'yes'").verdict in ("calibrated", "underconfident")
    assert calibration_from(yes, 1.0 - yes, "'yes'").verdict in ("overconfident", "too_high", "too_low")


def test_of_several_classes_the_one_that_is_said_is_as_often_right_as_it_is_sure():
    rng = np.random.default_rng(0)
    said = rng.dirichlet([1, 1, 1], 3000)
    truth = np.array([rng.choice(3, p=p) for p in said])
    target = cr.TableModel.train("iris", epochs=1).target
    assert calibration_of(target, Judged(truth, said, "")).verdict == "calibrated"
    sure = said**3 / (said**3).sum(axis=1, keepdims=True)
    assert calibration_of(target, Judged(truth, sure, "")).verdict == "overconfident"


def test_a_profile_is_that_of_pandas():
    table = houses().assign(
        when=pd.date_range("2020-01-01", periods=300), town=lambda t: t["town"].where(t["size"] < 2)
    )
    model = cr.TableModel.train(table, "sold", time_order=False, **QUICK)
    found = {each["name"]: each for each in profile(model.columns, model.target, table)["columns"]}
    assert list(found) == ["sold", "size", "town", "noise", "when"]
    for name in table:
        assert found[name]["missing"] == table[name].isna().sum()
        assert found[name]["distinct"] == table[name].nunique()
    assert found["size"]["quantiles"] == pytest.approx(
        table["size"].quantile([0.05, 0.25, 0.5, 0.75, 0.95]).tolist()
    )
    assert (found["size"]["low"], found["size"]["high"]) == (table["size"].min(), table["size"].max())
    assert found["town"]["common"] == [[k, v] for k, v in table["town"].value_counts().items()]
    assert (found["when"]["low"], found["when"]["high"]) == ("2020-01-01", "2020-10-26")
    assert found["noise"]["why"].startswith("missing in") and found["noise"]["becomes"] == "2 features"


@pytest.mark.usefixtures("reported")
def test_a_view_that_fails_costs_no_model(monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("of nobody")

    monkeypatch.setattr(gathering, "slices_of", broken)
    monkeypatch.setattr(gathering, "profile", broken)
    model, told = trained(houses(), "sold")
    assert model.run and cr.load("run").predict(houses()).shape[0] == 300
    assert "slices" not in told and "columns" not in told and "wrong" in told and "explained" in told
    assert [remark.partition(" ")[0] for remark in told["remarks"]] == ["slices", "columns"]
    assert all("of nobody" in remark for remark in told["remarks"])


@pytest.mark.usefixtures("reported")
def test_what_there_is_no_time_for_is_left_out_and_said(monkeypatch):
    monkeypatch.setattr(gathering.Budget, "over", lambda self, share=0.0: True)
    _, told = trained(houses(), "sold")
    assert (
        not {"importance", "slices", "explained", "doctor"} & told.keys()
        and {"wrong", "pictures", "columns"} <= told.keys()
    )
    assert len(told["remarks"]) == 4 and all("no time" in remark for remark in told["remarks"])


@pytest.mark.usefixtures("reported")
def test_a_signal_leaves_the_slow_ones_out(monkeypatch):
    assert gathering.budget_for(100.0, lambda: True).over()
    assert not gathering.budget_for(100.0).over()


def test_who_wants_no_report_has_none(monkeypatch):
    cr.TableModel.train(houses(), "sold", run="first", **QUICK)
    assert not Path("first/views.json").exists()  # CHAINRULE_REPORT=no
    monkeypatch.delenv("CHAINRULE_REPORT")
    cr.TableModel.train(houses(), "sold", run="second", report=False, **QUICK)
    assert not Path("second/views.json").exists() and Path("second/model.safetensors").exists()
    cr.TableModel.train(houses(), "sold", run="third", **QUICK)
    assert Path("third/views.json").exists()


@pytest.mark.usefixtures("reported")
def test_the_same_training_gives_the_same_document():
    _, one = trained(houses(), "sold", run="one")
    _, two = trained(houses(), "sold", run="two")
    assert one == two


HOSTILE = ["<script>alert(1)</script>", "'\"&", "javascript:x", "\u202egpj", "a" * 10_000, "b\0c", "=1+1"]


@pytest.mark.usefixtures("reported")
def test_hostile_cells_and_names_are_only_text():
    table = pd.DataFrame(
        {HOSTILE[0]: np.arange(140.0) % 9, "cell": HOSTILE * 20, HOSTILE[2]: HOSTILE[3:] * 35}
    )
    table["y"] = ["<b>", "</script>"] * 70
    _, told = trained(table, "y")
    assert told["remarks"] == []
    text = Path("run/views.json").read_text(encoding="utf-8")
    assert len(text) < 400_000 and "\0" not in text
    assert max(len(cell) for row in told["wrong"]["rows"] for cell in row["cells"]) <= 200


@pytest.mark.usefixtures("reported")
@pytest.mark.parametrize("target", [["a", "b"], ["r", "s"]])
def test_several_targets_have_their_views(target):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(240, 2))
    yes = np.where(x + rng.normal(size=x.shape) > 0, "yes", "no")
    table = pd.DataFrame(
        {"x": x[:, 0], "z": x[:, 1], "a": yes[:, 0], "b": yes[:, 1], "r": x[:, 0] * 3, "s": x[:, 1] - 9}
    )
    left = [name for name in "abrs" if name not in target]
    model, told = trained(table, target, ignore=left)
    assert told["remarks"] == [] and len(told["wrong"]["rows"]) > 3
    assert {"importance", "slices", "pictures", "explained"} <= told.keys()
    assert told["target"]["columns"] == target
    if target == ["r", "s"]:
        row = told["wrong"]["rows"][0]
        assert row["off"] is None and row["said"].startswith("r ") and ", s " in row["said"]
    assert model.worst_slices().metric == (
        "accuracy" if target == ["a", "b"] else "mae in standard deviations"
    )


@pytest.mark.usefixtures("reported")
def test_a_report_takes_no_longer_than_its_budget_by_counted_work():
    """What is looked at is bounded by numbers, so that no clock need be asked: of a large table a sample."""
    table = houses(30_000)
    model, told = trained(table, "sold", epochs=1)
    assert (
        told["importance"]["says"][0].startswith("By how much accuracy is worse")
        and "2,000 of 6,000 rows" in told["importance"]["says"][0]
    )
    assert told["slices"]["says"][0] == "Of 6,000 rows 5,000 were looked at."
    assert len(told["wrong"]["rows"]) == 20 and told["rows"]["count"] == 6000 == len(model.judged.truth)
