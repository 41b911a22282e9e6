"""What a network is, as data: one node, one table of primitives, one derivative rule for each of them."""
