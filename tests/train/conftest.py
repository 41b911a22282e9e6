import pytest
from threadpoolctl import threadpool_limits

from chainrule.engines import compiled
from chainrule.engines.registry import ENGINES


@pytest.fixture(autouse=True, scope="session")
def one_thread_for_each_worker():
    """Tests run side by side: threads of BLAS that wait for each other cost these small products 20-fold."""
    with threadpool_limits(1):
        yield


@pytest.fixture(autouse=True, params=ENGINES)
def engine(request, monkeypatch):
    """Every test of networks and training runs on every engine."""
    monkeypatch.setattr(compiled.Compiled, "choose", lambda *_: request.param)
    return request.param
