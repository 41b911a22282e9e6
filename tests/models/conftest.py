import pytest

from chainrule.engines import compiled


@pytest.fixture(autouse=True, params=["numpy", "native"])
def engine(request, monkeypatch):
    """Every test of models runs on both engines."""
    monkeypatch.setattr(compiled.Compiled, "choose", lambda *_: request.param)
    return request.param
