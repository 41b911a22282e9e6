"""The table of estimators: what is the same work is said to be, and both are made by the same words."""

import time
from functools import partial

import numpy as np
import pytest
from benchmarks.estimator_works import DTYPES, FITS, OTHERS, OURS, THEIRS, WHOSE, estimator
from benchmarks.estimators import apart, course, lines_of_fits, lines_of_predictions, turns

# Of fits of a few iterations both say that they might go on.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


once = partial(turns, seconds=0.0, clock=time.perf_counter)


def test_who_is_faster_in_its_best_turn_is_told_with_what_it_gave(monkeypatch):
    now, calls = 0.0, []
    monkeypatch.setattr("benchmarks.estimators.time.perf_counter", lambda: now)

    def work(name, *lasts):
        def done():
            nonlocal now
            calls.append(name)
            now += lasts[calls.count(name) - 1]
            return name, calls.count(name)

        return done

    works = [work("a", 3.0, 2.0, 9.0), work("b", 1.0, 4.0, 9.0)]
    assert turns(works, 10.0, lambda: now) == [
        (2.0, ("a", 2)),
        (1.0, ("b", 1)),
    ]
    assert calls == ["a", "b"] * 2


def test_courses_are_compared_as_far_as_both_go_and_rounding_does_not_decide():
    assert apart([1.0, 2.0, 5.0], [1.0, 2.5]) == pytest.approx(0.2)
    assert apart(np.arange(1, 32.0), [*np.arange(1, 31.0), 99.0]) == 0  # the 31st is no longer compared


def test_both_are_made_with_the_same_settings():
    for fit in FITS.values():
        theirs, ours = (fit.made(whose).get_params() for whose in (THEIRS, OURS))
        assert theirs.items() <= ours.items()
        assert fit.goal is None or fit.kind == "MLPClassifier"
    assert [type(estimator(w, "MLPRegressor")).__module__.split(".")[0] for w in WHOSE] == [
        "chainrule",
        "sklearn",
    ]
    assert set(OTHERS).isdisjoint(FITS)


def test_a_line_has_the_ratio_the_goal_and_how_far_the_curves_are_apart(monkeypatch):
    monkeypatch.setitem(FITS["iris"].settings, "max_iter", 2)
    _, _, *lines = lines_of_fits([FITS["iris"]], ["adam"], once, None)
    assert len(lines) == len(DTYPES)
    for line in lines:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert cells[6:8] == ["10", "2"] and float(cells[5].strip("*")) > 0
        assert float(cells[8]) < 1e-5


def test_predictions_by_the_same_weights_do_not_differ(monkeypatch):
    monkeypatch.setattr("benchmarks.estimators.COUNTS", (1, 200))
    _, _, *lines = lines_of_predictions([FITS["iris"], FITS["diabetes"]], once, None)
    assert len(lines) == 8
    assert all(float(line.strip("|").split("|")[-1]) < 1e-4 for line in lines)


def test_the_course_by_lbfgs_is_where_it_is_after_thirty_iterations():
    X, y = FITS["iris"].inputs("float64", None)
    network = FITS["iris"].made(THEIRS, "lbfgs").set_params(max_iter=3, hidden_layer_sizes=(4,))
    assert course(network.fit(X, y), X, y) == [network.loss_]
