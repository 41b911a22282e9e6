"""Programs written for scikit-learn's networks, which run with chainrule's by another import: see ``__main__.py``."""
