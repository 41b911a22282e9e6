"""Intervals of several networks are those of all of them together, though each row was judged by one."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

import chainrule as cr
from chainrule.models import members
from chainrule.models.conformal import distances
from chainrule.models.nearer import nearness

ROWS = 4000


@pytest.fixture(autouse=True)
def engine():
    """Once, on the engine that is done first."""


@settings(max_examples=20, deadline=None)
@given(st.floats(0.0, 3.0), st.integers(1, 3), st.integers(2, 12), st.integers(0, 99))
def test_what_networks_are_off_each_by_itself_is_averaged_away(own, once, count, seed):
    """Of ``once`` networks a row has the mean out of fold, and of ``count`` a new one: what these are off is known."""
    count = max(count, once)
    random = np.random.default_rng(seed)
    alike = random.normal(size=(ROWS, 2))
    judged = [np.arange(ROWS)] * once + [np.arange(ROWS // 4)] * (once == 1)
    off = [alike[rows] + own * random.normal(size=(len(rows), 2)) for rows in judged]
    found = nearness(off, judged, np.full(ROWS, once), count)
    wanted = np.sqrt((1 + own**2 / count) / (1 + own**2 / once))
    np.testing.assert_allclose(found, np.full(2, wanted), rtol=0.2)


def test_rows_that_one_network_judged_tell_nothing_of_others():
    rows = np.arange(10)
    assert nearness([np.ones((10, 2))], [rows], np.ones(10), 8).tolist() == [1.0, 1.0]


def smooth(rows, seed):
    """Nearly all that networks are off is their own: there is little noise."""
    random = np.random.default_rng(seed)
    X = random.uniform(-1, 1, size=(rows, 4))
    y = np.sin(3 * X[:, 0]) + X[:, 1] * X[:, 2] + random.normal(0, 0.05, rows)
    return pd.DataFrame(X, columns=list("abcd")).assign(y=y)


def test_intervals_hold_what_they_promise_where_networks_are_nearer_together(monkeypatch):
    asked, usual = [], members.nearer
    monkeypatch.setattr(members, "nearer", lambda *x: asked.append(x) or usual(*x))
    model, new = cr.TableModel.train(smooth(300, 0), "y", test_fraction=0), smooth(4000, 1)
    ((ready, _, _, _, by_one, _),) = asked
    wide = replace(model, measured=distances(model.target, ready.learn[1], by_one))

    def held(known):
        said = known.predict(new, interval=0.9)
        return ((said["y_low"] <= new["y"]) & (new["y"] <= said["y_high"])).mean()

    assert abs(held(model) - 0.9) < 0.04 < held(wide) - 0.9


def test_a_test_of_many_rows_tells_alone_how_far_all_are_off(monkeypatch):
    monkeypatch.setattr(members, "nearer", lambda *x: pytest.fail("The test tells."))
    model = cr.TableModel.train(smooth(500, 0), "y", recipe=True, hidden=(8,), epochs=4, members=4)
    assert model.report.scores.coverage[0].rows == 100
