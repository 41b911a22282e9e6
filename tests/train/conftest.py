import pytest
from threadpoolctl import threadpool_limits

from chainrule.engines import compiled


@pytest.fixture(autouse=True, scope="session")
def one_thread_for_each_worker():
    """Tests run side by side: threads of BLAS that wait for each other cost these small products 20-fold."""
    with threadpool_limits(1):
        yield


@pytest.fixture(autouse=True, params=["numpy", "native"])
def engine(request, monkeypatch):
    """Every test of networks and training runs on both engines."""
    monkeypatch.setattr(compiled.Compiled, "choose", lambda *_: request.param)
    return request.param
