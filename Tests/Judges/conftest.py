"""The judges use what the acceptance tests use to start echod."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "Acceptance"))
