"""The progress line, within epochs too: one line of a terminal, or one output of a cell that changes in place."""

import io
import re
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, strategies as st

import chainrule as cr
from chainrule.train import progress
from chainrule.train.progress import ProgressLine, Watched, curve, fitted, number

X, Y = np.linspace(-1, 1, 8)[:, None], np.linspace(0, 1, 8)


class KernelShell:
    """What IPython runs in a notebook, as far as anyone asks."""


class TerminalInteractiveShell:
    """And in a terminal."""


@pytest.fixture
def page(monkeypatch):
    """The states of the outputs of a cell, each with what it shows as text and as HTML."""
    outputs: list[list[dict[str, str]]] = []

    class DisplayHandle:
        def display(self, data, raw):
            self.mine = [data]
            outputs.append(self.mine)

        def update(self, data, raw):
            self.mine.append(data)

    ipython, display = ModuleType("IPython"), ModuleType("IPython.display")
    ipython.get_ipython, display.DisplayHandle = KernelShell, DisplayHandle
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return outputs


def fit(verbose, callbacks=(), epochs=300):
    return cr.Network([cr.Dense(1)], seed=0).fit(X, Y, epochs=epochs, verbose=verbose, callbacks=callbacks)


def test_verbose_1_in_a_notebook_is_one_output_that_ends_as_a_line(page, capsys):
    history = fit(1)
    assert capsys.readouterr() == ("", "") and len(page) == 1
    last = page[0][-1]
    assert last["text/plain"].startswith("epoch 300/300  cost ") and last["text/plain"].endswith(
        history.stopped
    )
    assert "<progress" in page[0][0]["text/html"] and "<progress" not in last["text/html"]


def test_it_is_drawn_a_few_times_a_second(page, monkeypatch):
    now = [0.0]

    def an_epoch_takes_its_time(network, epoch, logs):
        now[0] += 0.01

    monkeypatch.setattr("chainrule.train.progress.time", SimpleNamespace(monotonic=lambda: now[0]))
    fit(1, [an_epoch_takes_its_time], epochs=200)
    assert 10 <= len(page[0]) <= 25
    assert "<progress value=" in page[0][5]["text/html"] and " s left" in page[0][5]["text/plain"]


def test_verbose_2_in_a_notebook_is_no_error_stream(page, capsys):
    fit(2, epochs=3)
    shown = capsys.readouterr()
    assert shown.err == "" and len(shown.out.splitlines()) == 4 and page == []


def test_a_page_that_has_gone_does_not_end_a_training(page, monkeypatch):
    def gone(self, data, raw):
        raise RuntimeError("the kernel is going down")

    monkeypatch.setattr(sys.modules["IPython.display"].DisplayHandle, "update", gone)
    assert fit(1).epochs == 300


def test_silence_is_silence_there_too(page, capsys):
    fit(0)
    assert page == [] and capsys.readouterr() == ("", "")


def test_ipython_in_a_terminal_is_a_terminal(page, capsys):
    sys.modules["IPython"].get_ipython = TerminalInteractiveShell
    history = fit(1)
    assert page == [] and history.stopped in capsys.readouterr().err


# --- within an epoch -----------------------------------------------------------------------------------


@pytest.fixture
def at_once(monkeypatch):
    """Every epoch counts as long, and every state of a line is drawn."""
    monkeypatch.setattr("chainrule.train.progress.LONG", -1.0)
    monkeypatch.setattr("chainrule.train.progress.REDRAWN", -1.0)
    monkeypatch.setattr("chainrule.engines.epochs.POLL_SECONDS", -1.0)


def train(verbose):
    x = np.linspace(-1, 1, 4096)[:, None]
    network = cr.Network([cr.Dense(64, "tanh"), cr.Dense(1)], seed=0)
    history = network.fit(x, x, epochs=2, batch_size=8, verbose=verbose, validation_split=0.1)
    return history, [w.tobytes() for w in network.parameters.values()]


def test_a_line_moves_within_an_epoch_and_changes_no_number(page, at_once):
    seen, numbers = train(1)
    within = [state["text/plain"] for state in page[0] if " steps/s" in state["text/plain"]]
    shares = [
        int(text[text.index("/2") + 2 : text.index(" %")]) for text in within if text.startswith("epoch 1/2")
    ]
    assert len(shares) > 2 and shares == sorted(shares) and shares[-1] == 100
    assert f"  cost {number(seen['cost'][0])}  " in [t for t in within if t.startswith("epoch 1/2")][-1]
    assert within[-1].endswith(
        f"  epoch 1: val_cost {number(seen['val_cost'][0])}  cost {number(seen['cost'][0])}"
    )
    assert " left  " in within[0] and 'value="0.' in page[0][1]["text/html"]
    silent, wanted = train(0)
    assert numbers == wanted and dict(seen) == dict(silent) and len(page) == 1


def test_in_a_pipe_no_line_is_about_a_part_of_an_epoch(at_once, capsys):
    train(1)
    train(2)
    assert " steps/s" not in capsys.readouterr().err


class Drawn:
    """A place that is drawn again."""

    redrawn = True

    def __init__(self, blocks=True):
        self.lines, self.blocks = [], blocks

    def show(self, done, parts, values=()):
        self.lines.append((round(done, 2), "  ".join(parts)))


@pytest.fixture
def clock(monkeypatch):
    """The time, in the first place of a list."""
    now = [0.0]
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def line_in(place, monkeypatch, *given, **more):
    monkeypatch.setattr(progress, "_place", lambda *_: place)
    return ProgressLine(1, *given, **more)


def test_what_a_line_says_of_an_epoch_that_is_long(clock, monkeypatch):
    place = Drawn()
    line = line_in(place, monkeypatch, 4, 1000, Watched("val_cost", remembered=True))
    for clock[0], steps in ((0.5, 50), (10.0, 250), (10.05, 260), (20.0, 500)):
        line.within(0, steps, 0.5)
    clock[0] = 40.0
    line.show(0, {"cost": 0.25, "accuracy": 0.5, "val_cost": 0.3}, (0.3, 0))
    clock[0] = 60.0
    line.within(1, 500, 0.125)
    assert place.lines == [
        (0.25, "epoch 1/4   25 %  cost 0.5000  2 min left  25 steps/s"),
        (0.5, "epoch 1/4   50 %  cost 0.5000  2 min left  25 steps/s"),
        (1, "epoch 1/4  val_cost 0.3000  cost 0.2500  2 min left  best 0.3000 at 1  accuracy 0.5000"),
        (1.5, "epoch 2/4   50 %  cost 0.1250  2 min left  25 steps/s  epoch 1: val_cost 0.3000  cost 0.2500  "
         "accuracy 0.5000"),
    ]  # fmt: skip


def test_what_decides_comes_first_and_the_best_so_far_is_told(clock, monkeypatch):
    place = Drawn()
    watched = Watched("val_auc", larger_is_better=True, remembered=True, may_end=True)
    line = line_in(place, monkeypatch, 100, 1, watched)
    for epoch, auc in enumerate([0.7, 0.9, 0.8]):
        clock[0] += 2.0
        best = (-0.7, 0) if epoch == 0 else (-0.9, 1)
        line.show(epoch, {"cost": 0.5, "auc": 0.6, "val_cost": 0.4, "val_auc": auc}, best)
    assert place.lines[-1] == (
        3,
        "epoch   3/100  val_auc 0.8000  cost 0.5000  ≤3 min left  best 0.9000 at 2  val_cost 0.4000  auc 0.6000",
    )
    place.blocks = False
    clock[0] += 2.0
    line.show(3, {"cost": 0.5, "val_auc": 0.8}, (-0.9, 1))
    assert "  <3 min left  " in place.lines[-1][1]


def test_the_time_left_follows_the_pace(clock, monkeypatch):
    """The first epoch is slow, as code is loaded; later somebody else takes the processor."""
    place = Drawn()
    line = line_in(place, monkeypatch, 1000)
    left = []
    for epoch in range(300):
        clock[0] += 30.0 if epoch == 0 else 1.0 if epoch < 150 else 4.0
        line.show(epoch, {"cost": 0.5})
        left.append(place.lines[-1][1].rpartition("  ")[2])
    assert left[0] == "8.3 h left" and left[40] == "16 min left" and left[-1] == "47 min left"


def test_the_time_left_is_by_the_mean_at_first(clock, monkeypatch):
    """The first of many networks waits for machine code, and then a hundred epochs end at once."""
    place = Drawn()
    line = line_in(place, monkeypatch, 1000)
    for seconds, epoch in ((0.4, 0), (0.6, 199)):
        clock[0] = seconds
        line.show(epoch, {"cost": 0.5})
    assert place.lines[-1][1].endswith("  2 s left")


def test_one_that_goes_on_counts_what_there_is_to_do(clock, monkeypatch):
    place = Drawn()
    line = line_in(place, monkeypatch, 100, done=90)
    clock[0] = 2.0
    line.show(90, {"cost": 0.5})
    assert place.lines == [(91, "epoch  91/100  cost 0.5000  18 s left")]


def test_a_time_budget_ends_it_sooner(clock, monkeypatch):
    place = Drawn()
    line = line_in(place, monkeypatch, 1000, seconds=30.0)
    clock[0] = 5.0
    line.show(0, {"cost": 0.5})
    assert place.lines == [(1, "epoch    1/1000  cost 0.5000  25 s left")]


@given(st.lists(st.floats(-1e300, 1e300) | st.floats(), max_size=60), st.integers(1, 30))
def test_a_curve_is_as_wide_as_there_is_room(values, width):
    drawn = curve(values, width)
    known = [v for v in values if np.isfinite(v)]
    assert len(drawn) == (min(width, len(known)) if len(known) > 1 else 0) and set(drawn) <= set(
        progress.BLOCKS
    )


def test_a_curve_falls_where_the_cost_does():
    falling = curve([2.0 ** -(i / 9) for i in range(90)], 8)
    assert falling == progress.BLOCKS[::-1]
    assert curve([0.5] * 9, 4) == "▁▁▁▁" and curve([0.0, -1.0], 9) == "█▁"


def test_a_curve_of_a_long_run_takes_little_room(clock, monkeypatch):
    line = line_in(Drawn(), monkeypatch, 10**6)
    for epoch in range(5000):
        line.show(epoch, {"cost": 5000.0 - epoch})
    assert (
        progress.LIST <= len(line._values) <= 2 * progress.LIST and line._values == sorted(line._values)[::-1]
    )


@pytest.mark.parametrize("colours", [True, False])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp1252"])
@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_a_line_of_a_terminal_is_never_wider_than_it(width, encoding, colours, monkeypatch):
    raw = io.BytesIO()
    screen = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
    screen.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", str(width))
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    if not colours:
        monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(progress, "SOON", -1.0)
    monkeypatch.setattr(progress, "REDRAWN", -1.0)
    line = ProgressLine(1, 300, 1, Watched("val_cost", remembered=True, may_end=True))
    for epoch in range(12):
        line.show(
            epoch, {"cost": 0.5 / (epoch + 1), "val_cost": 0.6 / (epoch + 1)}, (0.6 / (epoch + 1), epoch)
        )
    line._place._live.refresh()
    line.close("Done.")
    shown = raw.getvalue().decode(encoding)
    frames = [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", part).strip("\r\n") for part in shown.split("\r")]
    last = [frame for frame in frames if "12/300" in frame][-1]
    assert len(last) <= width and "12/300  val_cost 0.0500  cost 0.0417" in last and shown.endswith("Done.\n")
    # what there is to tell goes before what is drawn
    assert any(block in last for block in progress.BLOCKS) == (encoding == "utf-8" and width > 40)
    assert ("\x1b[36m" in shown) == (colours and encoding == "utf-8" and width > 40)
    assert ("left" in last) == (width >= 60) and ("best 0.0500 at 12" in last) == (width >= 80)


def test_a_fit_that_is_soon_over_draws_nothing(monkeypatch):
    screen = io.StringIO()
    screen.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", screen)
    history = fit(1, epochs=3)
    assert screen.getvalue() == f"{history.stopped}\n"


def test_a_pipe_gets_a_line_every_few_seconds(clock, capsys):
    line = ProgressLine(1, 1000, 1, Watched("val_cost", remembered=True, may_end=True))
    for epoch in range(100):
        clock[0] += 0.25
        line.show(epoch, {"cost": 0.5, "val_cost": 0.25}, (0.2, 7))
    line.close("Stopped.")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 9 and lines[-1] == "Stopped."
    assert lines[0] == "epoch   12/1000  cost 0.5000  val_cost 0.2500  best 0.2000 at 8  <4 min left"


def test_a_narrow_line_leaves_out_what_matters_least_and_cuts_nothing():
    parts = ["epoch 12/50", " 42 %", "cost 0.2500", "23 min left", "9.1 steps/s", "epoch 11: cost 0.2600"]
    for width in range(11, 100):
        shown = fitted(parts, width)
        assert len(shown) <= width and shown in ["  ".join(parts[:n]) for n in range(1, 7)]
    assert fitted(parts, 100) == "  ".join(parts) and fitted(["東京 0.5000"], 10) == ""
