"""What tests are given."""

import tempfile

import pytest
from echod import LOOPBACK, Echod


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
