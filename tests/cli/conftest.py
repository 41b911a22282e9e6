"""Every test of the command line runs in an empty folder of its own."""

from pathlib import Path

import pytest

import chainrule


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(chainrule.__file__).parents[1]))  # for the processes it starts
    return tmp_path
