"""Which scikit-learn is installed: what ours is held to, its own estimators have from some version on."""

import pytest
import sklearn

INSTALLED = tuple(map(int, sklearn.__version__.split(".")[:2]))


def since(*version):
    """Return the mark of a test that needs scikit-learn's own to have what came with a version."""
    why = f"scikit-learn has it from version {'.'.join(map(str, version))} on"
    return pytest.mark.skipif(version > INSTALLED, reason=why)
