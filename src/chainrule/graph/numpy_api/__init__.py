"""NumPy's functions on nodes, with NumPy's own signatures and broadcasting, a family a file."""
