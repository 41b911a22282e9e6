"""The table of primitives: every row there is, by name."""

from chainrule.graph import elementwise, structure
from chainrule.graph.row import TABLE, Row, add

__all__ = ["TABLE", "Row", "add", "elementwise", "structure"]
