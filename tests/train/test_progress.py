"""The progress line in a notebook: one output of the cell that changes in place, and nothing on the error stream."""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import chainrule as cr

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
    seconds = iter(np.arange(10_000) * 0.01)
    monkeypatch.setattr("chainrule.train.progress.time", SimpleNamespace(monotonic=lambda: next(seconds)))
    fit(1, [lambda network, epoch, logs: None], epochs=200)
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
