"""The progress line, within epochs too: one line of a terminal, or one output of a cell that changes in place."""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import chainrule as cr
from chainrule.train import progress
from chainrule.train.progress import ProgressLine, fitted, number

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

    def __init__(self):
        self.lines = []

    def show(self, done, parts):
        self.lines.append((round(done, 2), "  ".join(parts)))


def test_what_a_line_says_of_an_epoch_that_is_long(monkeypatch):
    now, place = [0.0], Drawn()
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(progress, "_place", lambda *given: place)
    line = ProgressLine(1, 4, 1000)
    for now[0], steps in ((0.5, 50), (10.0, 250), (10.05, 260), (20.0, 500)):
        line.within(0, steps, 0.5)
    now[0] = 40.0
    line.show(0, {"cost": 0.25, "accuracy": 0.5, "val_cost": 0.3})
    now[0] = 60.0
    line.within(1, 500, 0.125)
    assert place.lines == [
        (0.25, "epoch 1/4   25 %  cost 0.5000  2 min left  25 steps/s"),
        (0.5, "epoch 1/4   50 %  cost 0.5000  2 min left  25 steps/s"),
        (1, "epoch 1/4  cost 0.2500  2 min left  val_cost 0.3000  accuracy 0.5000"),
        (1.5, "epoch 2/4   50 %  cost 0.1250  100 s left  25 steps/s  epoch 1: val_cost 0.3000  cost 0.2500  "
         "accuracy 0.5000"),
    ]  # fmt: skip


def test_a_narrow_line_leaves_out_what_matters_least_and_cuts_nothing():
    parts = ["epoch 12/50", " 42 %", "cost 0.2500", "23 min left", "9.1 steps/s", "epoch 11: cost 0.2600"]
    for width in range(11, 100):
        shown = fitted(parts, width)
        assert len(shown) <= width and shown in ["  ".join(parts[:n]) for n in range(1, 7)]
    assert fitted(parts, 100) == "  ".join(parts) and fitted(["東京 0.5000"], 10) == ""
