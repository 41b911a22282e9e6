import pytest

from chainrule.engines import compiled
from chainrule.engines.registry import ENGINES


@pytest.fixture(autouse=True, params=ENGINES)
def engine(request, monkeypatch):
    """Every test of models runs on every engine."""
    monkeypatch.setattr(compiled.Compiled, "choose", lambda *_: request.param)
    return request.param
