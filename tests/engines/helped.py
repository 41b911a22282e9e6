"""A choice that has been made: runs and steps that helping threads always share."""

from chainrule.engines.native.run import sharing


class Always(sharing.Choice):
    """Helped from the first call to the last, in many calls, which are counted."""

    seconds = 1e-9
    calls = 0

    def __init__(self):
        super().__init__()
        self.helped = True

    def worth(self, steps):
        return True

    def note(self, seconds, steps, left, *, settled=True):
        Always.calls += 1
