"""What `graph.node` needs it asks for itself: nothing has to be imported before it."""

import subprocess
import sys

ALONE = """
import sys
import numpy as np
from chainrule.graph.node import input, variable
assert "chainrule.graph.numpy_api" not in sys.modules
x = input("x", ("n", 3))
assert str(1 / x.shape[0]) == "1 / n"
assert "chainrule.graph.numpy_api" in sys.modules
assert str((np.exp(x) @ variable(np.ones(3), "w")).sum()) == "sum(exp(x) @ w)"
"""


def test_nodes_have_their_operators_whatever_was_imported_first():
    subprocess.run([sys.executable, "-W", "error", "-c", ALONE], check=True)
