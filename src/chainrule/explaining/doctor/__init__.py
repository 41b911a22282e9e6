"""The doctor: what is wrong with a training, found by making the change that would mend it and training again.

Rules (``rules/``) look at a case and say what they suspect, with the change that would cure it; trials make these
changes, and weighing says which of them mended the run. Begin with ``cases.py``, then ``rules/rates.py``.
"""
