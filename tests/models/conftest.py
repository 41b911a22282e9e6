import math

import pytest

from chainrule.engines import compiled
from chainrule.engines.registry import ENGINES
from chainrule.train.fit.fitting import Interrupts


@pytest.fixture(autouse=True, params=ENGINES)
def engine(request, monkeypatch):
    """Every test of models runs on every engine."""
    monkeypatch.setattr(compiled.Compiled, "choose", lambda *_: request.param)
    return request.param


@pytest.fixture
def time_ends_soon(monkeypatch):
    """Let any time budget be used up after a hundred looks at the clock, which is looked at after every step.

    How many epochs fit into a second, or whether it lasts for one, depends on what else the machine does.
    """
    monkeypatch.setattr("chainrule.engines.epochs.POLL_SECONDS", -1.0)
    monkeypatch.setattr("chainrule.engines.native.run.sharing.Sharing.seconds", 0.0, raising=False)
    poll, looks = Interrupts.poll, [0]

    def soon(interrupts):
        looks[0] += interrupts.deadline < math.inf
        return "time" if interrupts.deadline < math.inf and looks[0] % 100 == 0 else poll(interrupts)

    monkeypatch.setattr(Interrupts, "poll", soon)
