import numpy as np
import pytest

from chainrule.engines.compiled import build
from chainrule.engines.registry import ENGINES, REFERENCE, missing, warn_of_missing


def assert_close(found, wanted, says="", rounding=32.0):
    """Assert equal shape, dtype and numbers; floats may differ by some roundings of the largest."""
    wanted = np.asarray(wanted)
    assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype), says
    if wanted.dtype.kind != "f":
        np.testing.assert_array_equal(found, wanted, err_msg=says)
        return
    finite = wanted[np.isfinite(wanted)]
    error = rounding * np.finfo(wanted.dtype).eps
    scale = max(1.0, float(np.abs(finite).max(initial=0)))
    np.testing.assert_allclose(found, wanted, rtol=error, atol=error * scale, err_msg=says)


def assert_engines_agree(program, state, batch, says=(), rounding=32.0):
    """Run one step on every engine; assert that outputs and new state are the reference's, and return them."""
    wanted = build(program, REFERENCE).step(state, batch)
    for name in ENGINES:
        if name != REFERENCE:
            compare_step(build(program, name), wanted, state, batch, [f"{name}: {s}" for s in says], rounding)
    return wanted


def compare_step(engine, wanted, state, batch, says=(), rounding=32.0):
    """Assert that one step of an engine gives what the reference gave."""
    new_state, outputs = engine.step(state, batch)
    for i, (a, b) in enumerate(zip(outputs, wanted[1], strict=True)):
        assert_close(a, b, f"output {i}: {says[i] if i < len(says) else ''}", rounding)
    for i, (a, b) in enumerate(zip(new_state, wanted[0], strict=True)):
        assert_close(a, b, f"new state {i}", rounding)


@pytest.fixture(scope="session")
def agree():
    """Return the comparison of one step on all engines."""
    return assert_engines_agree


@pytest.fixture(scope="session")
def close():
    """Return the comparison of two arrays that two engines computed."""
    return assert_close


@pytest.fixture
def asked_anew():
    """A process that has not asked yet which engines can run; ``monkeypatch`` is undone before it ends."""
    for known in (missing, warn_of_missing):
        known.cache_clear()
    yield
    for known in (missing, warn_of_missing):
        known.cache_clear()


@pytest.fixture
def registered(asked_anew, forget):
    """Engines beside those there are, in a process that has compiled nothing: put them into what this returns."""
    forget()
    before = dict(ENGINES)  # in their order, which says who is asked first
    yield ENGINES
    ENGINES.clear()
    ENGINES.update(before)
