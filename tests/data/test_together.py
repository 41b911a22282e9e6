"""Groups and times that are found, and tables with an identifier or a date in which there is nothing to find."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

import chainrule as cr
from chainrule.data.likeness import likeness
from chainrule.data.repeated import repeated
from chainrule.data.target import fit_target
from chainrule.data.together import copies, found_together

SEEDS = st.integers(0, 1000)


def found(table, target="y", **how):
    return found_together(table, fit_target(table, target), **how)[:2]


def measured(name="patient_id", groups=40, each=6, seed=0, own=1.0):
    """Return rows of which each group has an age and a level of its own."""
    draw, who = np.random.default_rng(seed), np.repeat(np.arange(groups), each)
    level = own * draw.normal(size=groups)
    table = pd.DataFrame(
        {name: who, "age": draw.integers(20, 80, groups)[who], "x": draw.normal(size=len(who))}
    )
    table["y"] = level[who] + draw.normal(size=len(who))
    return table.sample(frac=1, random_state=seed, ignore_index=True)


def days(count, step="D"):
    return pd.date_range("2020-01-31", periods=count, freq=step)


@given(SEEDS, st.integers(3, 40), st.floats(0.2, 1.0))
def test_likeness_is_the_share_of_the_variance_that_groups_have(seed, each, share):
    draw = np.random.default_rng(seed)
    codes = np.repeat(np.arange(400), each)
    values = share**0.5 * draw.normal(size=400)[codes] + (1 - share) ** 0.5 * draw.normal(size=len(codes))
    of_rows = likeness(codes, np.column_stack([values, 7 - 3 * values, codes * 0]))
    assert of_rows[0] == pytest.approx(share, abs=0.2) and of_rows[1] == pytest.approx(of_rows[0])
    assert of_rows[2] == 0


@given(SEEDS, st.integers(2, 30))
def test_groups_by_chance_are_alike_in_nothing(seed, each):
    draw = np.random.default_rng(seed)
    assert not likeness(np.repeat(np.arange(50), each), draw.normal(size=(50 * each, 40))).any()


@pytest.mark.parametrize(
    "name",
    ["patient_id", "PatientID", "subject#", "Subject", "customerId", "userid", "id", "ID", "Patient ID"],
)
def test_whoever_is_measured_several_times_is_found(name):
    assert found(measured(name)) == (name, None)
    assert found(measured(name).assign(y=lambda t: np.where(t["y"] > 0, "yes", "no"))) == (name, None)
    texts = measured(name).astype({name: str})
    assert found(texts.assign(**{name: "P" + texts[name]})) == (name, None)
    assert found(measured(name, own=0.0)) == (name, None)  # by their age
    assert found(measured(name, own=0.0).drop(columns="age")) == (None, None)


@pytest.mark.parametrize(
    "name", ["customer_age", "user_rating", "zip", "region_id", "store_id", "index", "subjects"]
)
def test_what_is_called_otherwise_is_none(name):
    assert found(measured(name, groups=200)) == (None, None)


def test_orders_are_found_where_they_are_too_many_to_learn_each():
    assert found(measured("order_id", groups=300)) == ("order_id", None)
    assert found(measured("order_id", groups=60)) == (None, None)
    same = measured("order_id", groups=60).assign(y=lambda t: t["order_id"] % 7)
    assert found(same) == ("order_id", None)


def test_identifiers_that_are_those_of_rows_are_none():
    table = measured("id", groups=300, each=1)
    assert found(table) == (None, None)
    table.loc[:20, "id"] = table["id"][20:41].to_numpy()  # some are there twice
    assert found(table) == (None, None)
    assert found(measured(groups=6, each=30)) == (None, None)  # too few
    assert found(measured().assign(patient_id=lambda t: t["patient_id"] + 0.5)) == (None, None)


def test_what_the_owner_says_of_a_column_counts():
    assert found(measured(), taken=["patient_id"]) == (None, None)
    assert found(measured(), groups=False) == (None, None)
    assert found(measured().rename(columns={"patient_id": "y", "y": "patient_id"})) == (None, None)


def test_the_larger_groups_stay_together_where_small_ones_lie_within():
    table = measured().assign(session=lambda t: t["patient_id"] * 3 + np.arange(len(t)) % 3)
    assert found(table[["session", "age", "patient_id", "x", "y"]]) == ("patient_id", None)


def test_users_and_films_are_told_and_not_kept_together():
    draw = np.random.default_rng(0)
    table = pd.DataFrame({"user_id": draw.integers(0, 150, 6000), "movie_id": draw.integers(0, 400, 6000)})
    noise = draw.normal(size=len(table))
    table["y"] = draw.normal(size=150)[table["user_id"]] + draw.normal(size=400)[table["movie_id"]] + noise
    one = repeated(table, table[["y"]].to_numpy(), ["y"])
    assert one is not None and not one.sure and one.says.endswith("flatter: group='user_id'.")
    assert found(table) == (None, None)
    table["y"] = noise
    assert repeated(table, table[["y"]].to_numpy(), ["y"]) is None


@pytest.mark.parametrize("step", ["D", "h", "MS", "W", "B", "YS"])
@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M"])
def test_a_row_at_each_step_of_time_is_a_series(step, form):
    draw = np.random.default_rng(0)
    table = pd.DataFrame(
        {"x": draw.normal(size=150), "on": days(150, step).strftime(form), "y": draw.normal(size=150)}
    )
    assert found(table) == (None, "on") == found(table[::-1]) == found(table.assign(on=days(150, step)))
    assert found(table.sample(frac=1, random_state=0)) == (None, None)
    assert found(table, times=False) == (None, None) == found(table[:10])


@given(SEEDS)
def test_a_date_alone_makes_no_series(seed):
    draw = np.random.default_rng(seed)
    on = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.sort(draw.integers(0, 400, 600)), "D")
    table = pd.DataFrame({"sold": on, "size": draw.normal(size=600), "zip": draw.integers(0, 30, 600)})
    table["y"] = table["size"] + draw.normal(size=600)
    assert found(table) == (None, None)
    at = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.cumsum(draw.exponential(9999, 600)), "s")
    assert found(table.assign(sold=at)) == (None, None)
    assert found(table.assign(sold=at, y=(table["y"] > 0).astype(int))) == (None, None)


@given(SEEDS)
def test_rows_that_are_each_like_the_one_before_are_a_series(seed):
    draw = np.random.default_rng(seed)
    at = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.cumsum(draw.exponential(9999, 600)), "s")
    table = pd.DataFrame({"x": draw.normal(size=600), "at": at, "y": np.cumsum(draw.normal(size=600))})
    assert found(table) == (None, "at") == found(table.assign(y=np.sin(np.arange(600) / 9) > 0))


@pytest.mark.parametrize("by", [["shop", "on"], ["on", "shop"]])
def test_several_at_each_time_are_a_series_in_either_order(by):
    draw = np.random.default_rng(0)
    table = pd.MultiIndex.from_product([list("abcde"), days(60)], names=["shop", "on"]).to_frame(index=False)
    table = table.assign(x=draw.normal(size=300), y=draw.normal(size=300)).sort_values(by, ignore_index=True)
    assert found(table) == (None, "on")
    assert found(table.drop(columns="shop")) == (None, None)
    hours = pd.DataFrame(
        {"time": np.tile(days(24, "h").strftime("%H:%M"), 60), "date": np.repeat(days(60), 24)}
    )
    hours["y"] = draw.normal(size=len(hours))
    assert found(hours) == (None, "date")  # and no hour of no day


def test_years_are_times_of_a_series_and_quantities_are_none():
    draw = np.random.default_rng(0)
    table = pd.DataFrame(
        {"year": np.arange(1900, 1990), "x": draw.normal(size=90), "y": draw.normal(size=90)}
    )
    assert found(table) == (None, "year")
    assert found(table.rename(columns={"year": "built"})) == (None, None)
    assert found(table.assign(year=draw.integers(1900, 2000, 90))) == (None, None)


def test_a_series_with_a_class_that_comes_last_is_none():
    table = pd.DataFrame({"on": days(100), "y": ["a", "b"] * 40 + ["a", "c"] * 10})
    assert found(table) == (None, None)
    assert found(table.assign(y=["a", "b"] * 30 + ["a"] * 40)) == (None, None)
    assert found(table.assign(y=["a", "b"] * 50)) == (None, "on")
    assert found(table.assign(on=table["on"].where(table.index != 7))) == (None, None)  # one without a time


@given(SEEDS, st.integers(2, 5))
def test_copies_of_rows_stay_together_and_judge_nothing_of_each_other(seed, times):
    draw = np.random.default_rng(seed)
    once = pd.DataFrame(
        {"x": draw.normal(size=40), "town": draw.choice(["a", "b", "c"], 40), "y": draw.normal(size=40)}
    )
    table = pd.concat([once] * times).sample(frac=1, random_state=seed)
    groups, says = copies(table, ["y"])
    assert (
        len(set(zip(groups.codes.tolist(), table["x"], strict=True))) == len(set(groups.codes.tolist())) == 40
    )
    assert says.startswith(f"{40 * times} of {40 * times} rows are copies")
    seen_anew = table.assign(y=draw.normal(size=len(table)))
    assert copies(once, ["y"])[0] is copies(seen_anew, ["y"])[0] is None


@pytest.mark.parametrize("name", ["id", "customer_no", "note"])
def test_copies_are_found_where_each_has_a_number_of_its_own(name):
    """As those of rows that were drawn with replacement, and numbered anew."""
    random = np.random.default_rng(0)
    table = pd.DataFrame({"x": random.normal(size=60), "y": random.normal(size=60)})
    table = pd.concat([table] * 5, ignore_index=True)
    table[name] = [f"note {i}" for i in range(300)] if name == "note" else range(10_000, 10_300)
    groups, says = copies(table, ["y"])
    assert says.startswith("300 of 300 rows are copies") and len(set(groups.codes.tolist())) == 60
    assert copies(table, ["y"], taken=[name])[0] is None  # it is an input, and tells them apart
    assert copies(table[[name, "y"]], ["y"]) == (None, "")


def test_rows_that_are_alike_by_chance_are_no_copies():
    answers = pd.DataFrame(np.random.default_rng(0).integers(0, 2, (600, 6))).add_prefix("q")
    assert copies(answers.assign(y=answers.sum(axis=1)), ["y"])[0] is None


def test_cells_may_hold_letters_that_no_file_has():
    town = pd.Series(["\ud800", "b"] * 20, dtype=object)
    once = pd.DataFrame({"x": np.arange(40.0), "town": town, "y": np.arange(40.0)})
    assert copies(pd.concat([once, once]), ["y"])[0].codes.max() == 39


def test_what_is_copied_is_not_learned_by_heart():
    draw = np.random.default_rng(0)
    once = pd.DataFrame(draw.normal(size=(60, 3)), columns=list("abc")).assign(y=draw.normal(size=60))
    table = pd.concat([once] * 4, ignore_index=True)
    models = [cr.TableModel.train(table, "y", seed=0, group=group) for group in (None, "none")]
    honest, flattered = (model.report.scores.network["r2"] for model in models)
    assert honest < 0.2 and flattered > 0.9
    assert sum("copies of each other" in note for note in models[0].report.notes) == 1
