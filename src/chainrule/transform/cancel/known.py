"""What the nodes of one graph say of each other: which sigmoid or softmax an exponential belongs to.

exp(z) is σ(z) / (1 - σ(z)) if the graph has that sigmoid, and softmax(z) · Σ exp(z) if it has that sum. A graph may get
a sigmoid only after something was expanded, so what was asked is noted: :meth:`Known.learn` says when an answer is old.
"""

from collections.abc import Iterable

from chainrule.graph.node import Node
from chainrule.graph.primitives.arithmetic import negative
from chainrule.graph.primitives.exponentials import exp, sigmoid
from chainrule.graph.primitives.leaves import constant
from chainrule.graph.primitives.linear import total
from chainrule.graph.primitives.reductions import softmax
from chainrule.transform.cancel.atoms import Atom, OneMinus, complement
from chainrule.transform.cancel.terms import Product, Sum, product
from chainrule.transform.cancel.writing import Complements

MOST_ARRAYS = 16


class Known:
    """The sigmoids, the sums of exponentials and the arrays of one graph."""

    def __init__(self) -> None:
        self.complements: Complements = {}  # where the graph has both
        self._asked: set[Node] = set()  # z whose exp(z), sigmoid or softmax depended on what is known of it
        self._logistic: dict[Node, Atom] = {}  # z -> σ(z) or 1 - σ(-z), for exp(z) = σ(z) / (1 - σ(z))
        self._softmax: dict[Node, tuple[Node, Node]] = {}  # exp(z) -> softmax(z), its sum
        self._arrays: dict[Node, tuple[Node, float] | None] = {}  # c -> b, n where c = n - b everywhere

    def learn(self, nodes: Iterable[Node]) -> bool:
        """Note what ``nodes`` say; return whether something that was asked may now have another answer."""
        learned: set[Node] = set()
        paired = False
        for n in nodes:
            if n.primitive is sigmoid:
                learned.update(self._note_sigmoid(n))
            elif n.primitive is constant and n.shape and n.dtype.kind == "f":
                paired = self._note_array(n) or paired
            elif n.primitive is total and n.inputs[0].primitive is exp and n.attributes["keepdims"]:
                (e,) = n.inputs
                if e not in self._softmax:
                    self._softmax[e] = (softmax(e.inputs[0], axes=n.attributes["axes"]), n)
                    learned.add(e.inputs[0])
        if not paired and self._asked.isdisjoint(learned):
            return False
        self._asked.clear()
        return True

    def _note_sigmoid(self, a: Node) -> Iterable[Node]:
        (z,) = a.inputs
        if z not in self._logistic:
            yield z
        self._logistic[z] = a
        if z.primitive is negative and z.inputs[0] not in self._logistic:
            yield z.inputs[0]
            self._logistic[z.inputs[0]] = OneMinus(a)

    def _note_array(self, c: Node) -> bool:
        """Note the array that ``c`` completes to one number: a lecture's y and 1 - y, computed by NumPy."""
        if c in self._arrays:
            return False
        value = c.attributes["value"]
        self._arrays[c] = None
        firsts = [b for b, other in self._arrays.items() if other is None and b is not c]
        for b in firsts[:MOST_ARRAYS]:
            if b.shape == c.shape and b.dtype == c.dtype:
                sums = value + b.attributes["value"]
                if sums.size and (sums == sums.flat[0]).all():
                    self._arrays[c] = b, float(sums.flat[0])
                    return True
        return False

    def terms(self, node: Node) -> Sum:
        """Return what a node that is not arithmetic comes to."""
        # A 0 is kept as it is: adding it is more than nothing, for -0 becomes 0.
        if node.primitive is constant and node.shape == () and node.attributes["value"] != 0:
            return {product(): float(node.attributes["value"])}
        akin = self._arrays.get(node)
        if akin is not None:
            return {product(): akin[1], product([akin[0]]): -1.0}
        if node.primitive is softmax:
            return {product([self._same_softmax(node)]): 1.0}
        if node.primitive is sigmoid:
            return {product([self._same_sigmoid(node)]): 1.0}
        if node.primitive is exp:
            return {self._exponential(node): 1.0}
        return {product([node]): 1.0}

    def _same_softmax(self, node: Node) -> Node:
        self._asked.add(node.inputs[0])
        for p, _ in self._softmax.values():
            if p.inputs == node.inputs and p.attributes == node.attributes:
                return p
        return node

    def _same_sigmoid(self, node: Node) -> Atom:
        (z,) = node.inputs
        if z.primitive is not negative:
            return node
        self._asked.update(z.inputs)
        known = self._logistic.get(z.inputs[0])
        if isinstance(known, Node):
            self.complements[known] = node
        return node if known is None else complement(known)

    def _exponential(self, node: Node) -> Product:
        (z,) = node.inputs
        minus_z = z.inputs[0] if z.primitive is negative else None
        self._asked.update((z,) if minus_z is None else (z, minus_z))
        if node in self._softmax:
            return product(self._softmax[node])
        if z in self._logistic:
            a = self._logistic[z]
            return product([a], [complement(a)])
        if minus_z in self._logistic:
            a = self._logistic[minus_z]
            return product([complement(a)], [a])
        return product([node])

    def rejoined(self, terms: Sum) -> Sum:
        """Write n - b as the array that it is, where both are left over."""
        one = product()
        for c, akin in self._arrays.items():
            if akin is None or one not in terms:
                continue
            b, n = product([akin[0]]), akin[1]
            if b in terms and terms[one] == -n * terms[b]:
                rest = {p: k for p, k in terms.items() if p not in (one, b)}
                terms = {**rest, product([c]): -terms[b]}
        return terms
