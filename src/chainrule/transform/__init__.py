"""What makes graph from graph: derivatives, simplification, checks."""
