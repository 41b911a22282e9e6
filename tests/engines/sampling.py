"""How often a property of programs is tried: a sample in each run, all in a long one."""

from hypothesis import settings

SAMPLE = settings.default.max_examples < 100  # the profile that tests/conftest.py has loaded


def tries(most):
    """Return how many programs are drawn: each is compiled, which takes longer than all that is asked of it."""
    return max(2, most * 2 // 5) if SAMPLE else most
