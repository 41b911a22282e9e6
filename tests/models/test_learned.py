"""A model tells the rows that it learned from."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

import chainrule as cr
from chainrule.models import learned
from chainrule.models.learned import Learned, learned_from, share_known


def table(rows, seed=0):
    random = np.random.default_rng(seed)
    x = random.normal(size=rows)
    return pd.DataFrame({"x": x, "z": random.choice(["a", "b"], rows), "y": 2 * x})


@given(rows=st.integers(1, 60), width=st.integers(1, 5), known=st.integers(0, 60))
def test_rows_are_known_in_any_order_and_others_are_not(rows, width, known):
    features = np.random.default_rng(rows).normal(size=(rows + 60, width)).astype(np.float32)
    kept, known = learned_from(features[:rows]), min(known, rows)
    shown = np.vstack([features[:known], features[rows:]])[::-1]
    assert share_known(kept, shown) == pytest.approx(known / len(shown))
    read = Learned.from_dict(kept.to_dict())
    assert read.whole == kept.whole and read.checksums.tolist() == kept.checksums.tolist()


def test_of_many_rows_a_share_is_told():
    features = np.random.default_rng(0).normal(size=(40_000, 3)).astype(np.float32)
    kept = learned_from(features[:30_000])
    assert len(kept.checksums) == learned.KEPT and not kept.whole
    assert share_known(kept, features[:20_000]) == 1
    assert share_known(kept, features[20_000:]) == pytest.approx(0.5, abs=0.06)
    assert share_known(kept, features[30_000:]) == 0 and share_known(kept, features[:20]) is None


def test_evaluate_and_predict_say_so(tmp_path):
    known, new = table(80), table(80, seed=1)
    model = cr.TableModel.train(known, "y", epochs=2)
    model.save(tmp_path / "m.safetensors")
    for each in (model, cr.load(tmp_path / "m.safetensors")):
        assert (
            each.evaluate(known)
            .notes[0]
            .startswith("All 80 rows are among those that the network learned from")
        )
        assert each.remarks(known[:40])[-1].startswith(
            "All 40 rows are among those that the network learned from"
        )
        assert each.evaluate(new).notes == () and each.remarks(new) == ()
        half = pd.concat([known[:40], new[:40]], ignore_index=True)
        assert each.evaluate(half).notes[0].startswith("40 of 80 rows are among")
    held = cr.TableModel.train(known, "y", epochs=2, refit=False)
    assert held.evaluate(known).notes[0].startswith(f"{held.report.rows} of 80 rows are among")


def test_rows_that_are_alike_are_no_sign():
    frame = pd.DataFrame({"a": [0, 0, 1, 1] * 20, "b": [0, 1, 0, 1] * 20, "y": ["n", "y", "y", "n"] * 20})
    model = cr.TableModel.train(frame, "y", epochs=1)
    assert not any("learned from" in note for note in (*model.evaluate(frame).notes, *model.remarks(frame)))


@pytest.mark.parametrize(
    "data", [{}, {"checksums": "??", "whole": True, "alike": 0.0}, {"checksums": 3}, None, "x"]
)
def test_what_is_none_is_a_broken_file(data):
    with pytest.raises(cr.FileFormatError):
        Learned.from_dict(data)
