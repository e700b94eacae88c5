"""How long tests wait and how much they do."""

import os
import threading
import time

FULL = os.environ.get("ECHOD_FULL", "") not in ("", "0")
# Bounds every wait for what should come soon; far more than it takes, so that tests pass on a busy machine too.
PATIENCE = 20


def count(reduced, full):
    """The size of a load: small enough for every `make test`, or what the acceptance list asks for."""
    return full if FULL else reduced


def eventually(condition, what, patience=PATIENCE):
    """Asks until the answer is true, and returns it."""
    end = time.monotonic() + patience
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"after {patience} s still not: {what}")
        time.sleep(0.005)


class Background:
    """Runs `work` in a thread; leaving the block, or `result()`, waits for it and raises what it raised."""

    def __init__(self, work, *arguments):
        self._error = self._result = None
        self._thread = threading.Thread(target=self._run, args=(work, arguments), daemon=True)
        self._thread.start()

    def _run(self, work, arguments):
        try:
            self._result = work(*arguments)
        except BaseException as error:
            self._error = error

    def result(self, patience=3 * PATIENCE):
        self._thread.join(patience)
        assert not self._thread.is_alive(), "a background task did not end"
        if self._error:
            raise self._error
        return self._result

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.result()
