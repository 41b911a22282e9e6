"""Two models beside each other on the rows that judged both: what is paired, and what must not be."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

import chainrule as cr
from chainrule.data.labels import decode_predictions
from chainrule.data.target import Target
from chainrule.models.contrasting import Said, common, disputed, paired, read_said, sign_test

YES = Target("binary", ("kind",), ("ham", "spam"), (0.5, 0.5))
THREE = Target("multiclass", ("kind",), ("a", "b", "=c"), (0.4, 0.3, 0.3))
TAGS = Target("multilabel", ("red", "round"), (0, 1), (0.5, 0.5))
PRICE = Target("regression", ("price", "rent"), mean=(100.0, 5.0), std=(10.0, 2.0))


def said(target, outputs, truth, rows=None):
    return Said(
        target,
        tuple(map(str, range(len(truth)) if rows is None else rows)),
        np.asarray(truth),
        np.asarray(outputs),
    )


def written(path, target, truth, outputs):
    """As a run writes its predictions."""
    predicted = decode_predictions(target, outputs)
    told = {name: f"predicted_{name}" for name in target.columns}
    rows = pd.Series(np.arange(1, len(truth) + 1), name="row")
    cr.write_table(pd.concat([rows, truth, predicted.rename(columns=told)], axis=1), path)
    return path


def test_a_sign_test_is_that_of_the_binomial():
    # scipy.stats.binomtest(k, n).pvalue
    known = {(1, 9): 0.021484375, (0, 5): 0.0625, (3, 4): 1.0, (40, 60): 0.05688793364098089, (0, 0): 1.0}
    for (one, other), p in known.items():
        assert sign_test(one, other) == pytest.approx(p, rel=1e-9) == sign_test(other, one)
    assert 0 <= sign_test(0, 100_000) < 1e-300 or sign_test(0, 100_000) == 0


@pytest.mark.parametrize("target", [YES, THREE, TAGS, PRICE])
def test_what_a_run_wrote_is_read_back(tmp_path, target):
    rng = np.random.default_rng(0)
    outputs = rng.uniform(size=(40, target.width))
    if target.task == "multiclass":
        outputs /= outputs.sum(axis=1, keepdims=True)
    labels = {name: rng.choice(target.classes or [1.5, 2.25], 40) for name in target.columns}
    truth = pd.DataFrame(
        {
            name: [type(target.classes[0])(x) if target.classes else x for x in column]
            for name, column in labels.items()
        }
    )
    found = read_said(written(tmp_path / "predictions.csv", target, truth, outputs), target)
    assert found.rows == tuple(map(str, range(1, 41)))
    if target.task == "regression":
        assert found.outputs == pytest.approx(outputs * target.std + np.array(target.mean))
        assert found.truth == pytest.approx(truth.to_numpy())
    else:
        assert found.outputs == pytest.approx(outputs)
        codes = [[target.classes.index(x) for x in truth[name]] for name in target.columns]
        assert found.truth.T.reshape(len(codes), -1).tolist() == codes


@pytest.mark.parametrize(
    "content",
    [
        "",
        "row\n1\n",
        "row,kind\n1,ham\n",
        "row,kind,k,p,q\n1,ham,ham,x,y\n",
        "row,kind,k,p,q\n1,eggs,ham,0.5,0.5\n",
    ],
)
def test_what_is_no_table_of_predictions_is_said(tmp_path, content):
    (tmp_path / "p.csv").write_text(content)
    with pytest.raises(cr.FileFormatError, match="is no table of predictions"):
        read_said(tmp_path / "p.csv", YES)
    with pytest.raises(cr.MissingFileError):
        read_said(tmp_path / "none.csv", YES)


def test_the_same_rows_are_found_in_any_order():
    truth = np.arange(30) % 2
    one = said(YES, truth[:, None] * 0.9, truth)
    order = np.random.default_rng(0).permutation(30)
    other = said(YES, one.outputs[order], truth[order], order)
    places = common([one, other])
    assert [other.rows[i] for i in places[1]] == [one.rows[i] for i in places[0]] == list(one.rows)


def test_rows_that_are_others_are_not_paired():
    truth = np.arange(30) % 2
    one = said(YES, truth[:, None] * 0.9, truth)
    assert common([one, said(YES, one.outputs, truth, range(25, 55))]) is None  # five are too few
    assert common([one, said(YES, one.outputs, 1 - truth)]) is None  # another truth
    assert common([said(YES, one.outputs, truth, [1] * 30), one]) is None  # one name for all
    assert paired(one, said(replace(YES, classes=("ham", "eggs")), one.outputs, truth)) is None
    some = paired(one, said(YES, one.outputs[:12], truth[:12]))
    assert some.rows == 12 and not some.every


def test_the_better_one_is_better_by_so_much_and_the_worse_one_worse():
    rng = np.random.default_rng(0)
    truth = np.arange(200) % 2
    good, poor = (
        said(YES, (np.where(rng.uniform(size=200) < right, truth, 1 - truth) * 0.8 + 0.1)[:, None], truth)
        for right in (0.9, 0.7)
    )
    pair = paired(good, poor, ["accuracy"])
    gain = pair.scores.network["accuracy"] - pair.scores.linear["accuracy"]
    low, high = pair.scores.intervals["over_linear"]["accuracy"]
    assert 0 < low < gain < high and pair.p < 0.001
    assert (pair.alone - pair.other_alone) / 200 == pytest.approx(gain)
    back = paired(poor, good, ["accuracy"])
    assert back.scores.intervals["over_linear"]["accuracy"] == pytest.approx((-high, -low))
    assert (back.alone, back.other_alone, back.p) == (pair.other_alone, pair.alone, pair.p)


@given(st.integers(0, 2**32 - 1))
def test_nothing_is_between_a_model_and_itself(seed):
    rng = np.random.default_rng(seed)
    for target, truth in ((YES, rng.integers(0, 2, 20)), (PRICE, rng.normal(size=(20, 2)))):
        outputs = rng.uniform(size=(20, target.width))
        own = replace(target, mean=(0.0,) * 2, std=(1.0,) * 2) if target is PRICE else target
        one = said(own, outputs, truth)
        pair = paired(one, one)
        assert (
            pair.alone == pair.other_alone == 0 and pair.p == 1 and pair.scores.network == pair.scores.linear
        )
        assert disputed([one, one]) == []


def test_numbers_are_compared_by_how_far_off_they_are_each_column_by_its_spread():
    truth = np.column_stack([np.arange(20) * 1000.0, np.arange(20) / 1000.0])
    own = replace(PRICE, mean=(0.0, 0.0), std=(1.0, 1.0))
    far = truth + np.array([0.0, 0.01])  # more than a deviation of the small column
    near = truth + np.array([10.0, 0.0])  # next to nothing of the large one
    pair = paired(said(own, near, truth), said(own, far, truth))
    assert (pair.alone, pair.other_alone) == (20, 0) and pair.p < 1e-4
    assert disputed([said(own, near, truth), said(own, far, truth)], most=3)[0][2:] == ["10, 0", "0, 0.01"]


def test_rows_in_dispute_are_told_the_most_believed_first():
    truth = np.zeros(12, int)
    one, other = np.full((12, 1), 0.1), np.full((12, 1), 0.2)
    one[3], other[3] = 0.05, 0.95
    one[5], other[5] = 0.9, 0.4
    rows = disputed([said(YES, one, truth), said(YES, other, truth)])
    assert rows == [["3", "ham", "ham (95%)", "spam (95%)"], ["5", "ham", "spam (90%)", "ham (60%)"]]
