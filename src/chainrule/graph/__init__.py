"""What a network is, as data: one node, one table of primitives, one derivative rule for each of them."""

from chainrule.graph import numpy_api as _numpy_api  # NumPy's functions work on nodes from the first import

__all__: list[str] = []
del _numpy_api
