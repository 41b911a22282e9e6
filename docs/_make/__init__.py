"""What makes the documentation site: pages from the lessons, the docstrings, the mistakes, and all on one page."""
