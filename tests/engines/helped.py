"""A choice that has been made: runs and steps that helping threads always share."""

import os
import threading

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


def true_in_a_child(run):
    """Say whether ``run()`` is true in a forked process, which is ended if it hangs."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if run() else 1)
        finally:
            os._exit(2)
    waited = threading.Timer(60, os.kill, (child, 9))
    waited.start()
    _, status = os.waitpid(child, 0)
    waited.cancel()
    return os.waitstatus_to_exitcode(status) == 0
