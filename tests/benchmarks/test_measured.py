"""What is made of measurements: the best setting, the median, who is out of the race, goals, tables."""

import json

import pytest
from benchmarks.machine import Peak
from benchmarks.measured import Figure, Measured, figure, raced
from benchmarks.peers import JAX, OURS, PEERS, TORCH
from benchmarks.report import Report, as_json, goals, markdown, readme, tables, text
from benchmarks.run import MARK, with_table
from benchmarks.targets import TARGETS, verdicts
from benchmarks.work import ROWS
from benchmarks.worker import Turn

KNOWN = {row.name: row for row in ROWS}


def took(seconds: float, cost: float = 1.0, spread: float = 0.1) -> Figure:
    return Figure(seconds, spread, 5, 1.0, cost)


def measured(row: str = "digits", **tried: dict[str, Figure]) -> Measured:
    return Measured(KNOWN[row], "made up", 1e9, 1e6, 1e9, tried=dict(tried))


def report(*rows: Measured) -> Report:
    peak = Peak([1e11, 2e11], [1e9, 2e9], 1e10)
    return Report(list(rows), list(PEERS), {}, peak, "a machine", "native", 5)


ROW = measured(
    chainrule={"": took(0.010)},
    jax={"scan": took(0.025), "gathered": took(0.021), "flat": took(0.001, cost=9.0)},
    torch={"eager": took(0.9), "8 steps compiled, 1 core": took(0.1)},
    c={"": took(0.012)},
)


def test_the_best_setting_of_a_peer_counts_if_it_did_the_same_work():
    assert ROW.best(JAX) == ("gathered", took(0.021))
    assert ROW.ratio(JAX) == pytest.approx(2.1)
    assert ROW.ratio(TORCH) == pytest.approx(10)
    assert ROW.ratio("sklearn") is None
    astray = measured(chainrule={"": took(0.01)}, jax={"scan": took(0.02, cost=float("nan"))})
    assert astray.best(JAX)[0] == "scan"
    assert astray.ratio(JAX) is None
    assert not verdicts(astray)
    assert "†" in goals(report(astray)).lines[0][6]


def test_costs_agree_closely_where_all_see_the_same_batches():
    ours, theirs = {"": took(0.01, cost=1.0)}, {"scan": took(0.02, cost=1.1)}
    assert measured("digits", chainrule=ours, jax=theirs).ratio(JAX) == pytest.approx(2)
    assert measured("circles", chainrule=ours, jax=theirs).ratio(JAX) is None


def test_goals_say_what_was_wanted_and_what_was_reached():
    by_peer = {v.target.against: v for v in verdicts(ROW)}
    assert by_peer[JAX].met and by_peer[JAX].reached == "2.1×"
    assert not by_peer[TORCH].met and by_peer[TORCH].wanted == "11.5× PyTorch"
    (line,) = goals(report(ROW)).lines
    assert line[1:5] == ["2×", "2.1× met", "11.5×", "10× missed"]
    assert line[5:] == ["10 ± 5 %", "21 ± 5 % gathered", "100 ± 5 % 8 steps compiled, 1 core", "12 ± 5 %"]


def test_every_row_has_a_goal_and_every_goal_a_row():
    assert set(TARGETS) == set(KNOWN)


def test_limits_count_products_and_the_optimizer_on_the_cores_that_were_busy():
    share = next(t for t in tables(report(ROW)) if "limits" in t.title)
    # 1e9 operations at 1e11 a second, and 1e6 roots at 1e9: 10 ms and 1 ms, of the 10 that it took.
    assert share.lines[0][1:7] == ["1.0", "10", "1", "11", "10", "110 %"]
    two = measured(chainrule={"": Figure(0.010, 0.1, 5, 1.7, 1.0)})
    share = next(t for t in tables(report(two)) if "limits" in t.title)
    assert share.lines[0][1:7] == ["1.7", "5", "0.5", "5.5", "10", "55 %"]


def test_a_figure_is_a_median_and_what_lies_around_it():
    turns = [Turn(s, 2 * s, 1.0) for s in (0.3, 0.1, 0.2)]
    assert figure(turns, 10, cost=7.0) == Figure(2.0, pytest.approx(1.0), 3, pytest.approx(2.0), 7.0)


def test_who_is_far_behind_another_setting_takes_no_further_turn():
    taken = {("jax", "fast"): 0, ("jax", "slow"): 0, ("jax", "near"): 0, ("numpy", ""): 0}
    seconds = {("jax", "fast"): 1.0, ("jax", "slow"): 1.6, ("jax", "near"): 1.4, ("numpy", ""): 50.0}

    def turn(key):
        def take():
            taken[key] += 1
            return Turn(seconds[key], seconds[key], 0.0)

        return take

    found = raced({key: turn(key) for key in taken}, rounds=5)
    assert taken == {("jax", "fast"): 5, ("jax", "slow"): 1, ("jax", "near"): 5, ("numpy", ""): 5}
    assert {key: len(turns) for key, turns in found.items()} == taken


def test_a_report_is_written_in_all_forms():
    whole = report(ROW, measured("predict-1", chainrule={"": took(0.03)}))
    page = markdown(whole)
    assert "| digits 64-64-10, Adam, batch 32, 50 epochs | 2× | 2.1× met | 11.5× | 10× missed |" in page
    assert "JAX, setting by setting" in page and "JAX (flat) ended at 9 and chainrule at 1" in page
    assert "10× missed" in text(whole) and "Milliseconds, medians of" in text(whole)
    assert json.loads(as_json(whole))["rows"][0]["tried"]["jax"]["gathered"]["seconds"] == 0.021
    lines = readme(whole).splitlines()
    assert lines[0] == "| work | chainrule | scikit-learn | PyTorch | JAX |" and len(lines) == 3


def test_the_table_of_a_page_is_renewed_and_nothing_else():
    page = f"before\n\n{MARK}\n| a |\n|---|\n| 1 |\n\nafter | it\n"
    assert with_table(page, "| b |\n| 2 |") == f"before\n\n{MARK}\n| b |\n| 2 |\n\nafter | it\n"
    with pytest.raises(ValueError, match="no line"):
        with_table("no mark", "| b |")


def test_our_own_figure_is_needed_for_a_ratio():
    assert OURS not in measured(jax={"scan": took(1.0)}).tried
    assert measured(jax={"scan": took(1.0)}).ratio(JAX) is None
