"""What single sections say and draw."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

import chainrule as cr
from chainrule import plain
from chainrule.models.scores import Scores
from chainrule.showing.report.columns import _content
from chainrule.showing.report.doctor import doctor
from chainrule.showing.report.headline import called, meaning
from chainrule.showing.report.judged import fitting
from chainrule.showing.report.learning import curves
from chainrule.showing.report.page import TOO_MUCH, within
from chainrule.showing.report.parts import Section, few, figure, said
from chainrule.showing.report.views import ColumnSeen
from chainrule.train.history import History


def history(*costs, **more):
    return History({"cost": list(costs), **more}, np.arange(1.0, len(costs) + 1))


def test_one_training_has_its_best_epoch_that_of_the_least_validation_cost():
    stages = {"main": history(3.0, 2.0, 1.0, val_cost=[3.0, 1.5, 2.0]), "refit": history(9.0)}
    drawn = curves(stages)
    assert "The best epoch is 2." in drawn.words
    assert "from 3 to 1 in 3 epochs" in drawn.words
    assert "The best epoch is 3." in curves(stages, 3).words


def test_several_networks_are_drawn_as_their_median_without_those_that_were_tried_beside():
    stages = {f"member {i}": history(1.0, 0.5, val_cost=[float(i), 1.0]) for i in range(1, 6)}
    stages |= {
        "plain member 1": history(50.0, 60.0, val_cost=[50.0, 60.0]),
        "refit, member 1": history(0.1, 0.1),
    }
    drawn = curves(stages, 2)
    assert drawn.title == "Cost of 5 networks on rows that they did not learn from"
    band, line, rule = drawn.panels[0].marks
    assert line.y.tolist() == [3.0, 1.0] and line.name == "median of 5 networks"
    assert (band.low[0], band.high[0]) == (1.0, 5.0) and rule.x == 2


def test_folds_alone_are_drawn_too_and_nothing_of_nothing():
    stages = {f"fold {i}": history(1.0, 0.5) for i in range(3)}
    assert "3 networks on the rows that they learned from" in curves(stages).title
    assert curves({}) is None and curves({"main": history()}) is None


@pytest.mark.parametrize(
    ("metric", "value", "task", "says"),
    [
        ("accuracy", 0.866, "binary", "Of 100 rows like these it gets 87 right; a linear model 90,"),
        ("accuracy", 0.9987, "binary", "Of 100 rows like these it gets 99.9 right;"),
        ("accuracy", 0.79, "multilabel", "Of 100 labels like these it gets 79 right;"),
        ("r2", 0.858, "regression", "It explains 86 % of how rows differ in price; a linear model 90 %,"),
        ("mae", 25056.7, "regression", "In price it is off by 25,100 on average; a linear model 0.9,"),
        ("auc", 0.5, "binary", "Of 100 pairs of rows, one of each class, it ranks 50 in the right order;"),
        ("log_loss", 0.3, "binary", ""),
        ("accuracy", math.nan, "binary", ""),
    ],
)
def test_a_sentence_says_what_the_number_means(metric, value, task, says):
    scores = Scores(30, {metric: value}, {metric: -0.002}, "the mean", linear={metric: 0.9})
    run = SimpleNamespace(target=SimpleNamespace(columns=("price",), task=task))
    found = meaning(run, scores, metric)
    assert found.startswith(says) and bool(found) == bool(says) and "-0 " not in found


def test_metrics_of_one_of_several_columns_are_called_by_what_they_are():
    assert called("mae_price") == "mean error (mae_price)" and called("my_own") == "my own"


def test_a_column_of_numbers_tells_its_range_and_others_the_most_common():
    number = ColumnSeen("x", low=1.0, high=39320.0, quantiles=(98.0, 787.0, 1166.0, 1725.0, 3288.0))
    assert _content(number) == "1 to 39,320; half of them 787 to 1,725, median 1,166"
    assert _content(ColumnSeen("x", low=0.0, high=0.0, quantiles=(0.0,) * 5)) == "0 to 0"
    assert _content(ColumnSeen("x", common=(("Bern", 1200), ("Basel", 3)))) == "Bern (1,200), Basel (3)"
    assert _content(ColumnSeen("x")) == ""


def test_what_is_too_wide_or_too_much_is_left_out():
    heads, cells = ["row", "true", *["a_long_name"] * 20], ["1", "2", *["x" * 12] * 20]
    assert 5 < fitting(heads, [cells], 2) < 12
    assert fitting(["row"] * 4, [["x" * 40] * 4], 4) == 4  # what matters stays
    panel = cr.pictures.Panel([cr.pictures.Line([1, 2], [3, 4])])
    assert len(few(cr.Picture([panel] * 9)).panels) == 4
    assert "5 more panels" in few(cr.Picture([panel] * 9)).notes[0]
    x, texts = np.arange(9000.0), [f"point {i}" for i in range(9000)]
    large = cr.Picture([cr.pictures.Panel([cr.pictures.Points(x, x, texts=texts)])], "Noise", "It rises.")
    assert figure(large) == "<p>Noise: too much to be drawn here. It rises.</p>"


def test_choices_are_said_as_a_configuration_has_them():
    assert said("epochs=20 does.") == "`epochs = 20` does." and said("of=3, W1[0] = 2") == "of=3, W1[0] = 2"


def test_the_largest_sections_are_left_out_of_a_page_that_is_too_large():
    sections = [
        Section(name, name, f"<p>{name * size}</p>", name)
        for name, size in (("a", 900), ("b", 1500), ("c", 10))
    ]
    kept = within(sections, 1000)
    assert [each.inside for each in kept] == [sections[0].inside, TOO_MUCH, sections[2].inside]
    assert within(sections, 10_000) == sections


def told_by(**found):
    run = SimpleNamespace(view=lambda name, kind: plain.read(kind, found, name))
    return doctor(run).inside


def test_the_doctor_tells_both_numbers_and_what_to_write():
    trial = {"metric": "accuracy", "before": 0.35, "after": 0.92, "gain": 0.9, "noise": 0.01}
    verdict = {"cause": "inputs_not_scaled", "severity": "critical", "sentence": "They are unscaled.",
               "evidence": "a mean of 5,000", "change": "epochs=400", "trial": trial}  # fmt: skip
    inside = told_by(found=[verdict], tried=3, says=["3 changes were tried."])
    assert "critical · inputs not scaled" in inside and "<code>epochs=400</code>" in inside
    assert "accuracy 92 % with that change, instead of 35 %" in inside and "Nothing was found" not in inside


def test_nothing_found_is_said_as_such_with_what_was_tried():
    assert "Nothing was found to be wrong.</strong></p><p>14 changes to the training were tried." in told_by(
        tried=14
    )
    assert "Nothing was found to be wrong." in told_by(
        found=[{"cause": "no_signal", "sentence": "It is so."}]
    )
    assert told_by(says=["It was left out."]) == '<div class="found none"><p>It was left out.</p></div>'
