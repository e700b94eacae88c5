"""What tests are given."""

import signal
import tempfile

import pytest
from echod import LOOPBACK, Echod

# A shell without job control, as in `in-halves`, has them ignored in the background, and programs would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)


@pytest.fixture
def directory():
    # A socket's path must be short: pytest's own directories are not.
    with tempfile.TemporaryDirectory(prefix="echod-", dir="/tmp") as path:
        yield path


@pytest.fixture(params=["tcp", "unix"])
def server(request, directory):
    admin = LOOPBACK if request.param == "tcp" else f"unix:{directory}/admin"
    with Echod(admin=(admin,)) as server:
        yield server
