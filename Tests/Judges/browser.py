"""Chromium from Debian, driven by Playwright."""

import contextlib

from playwright import sync_api

CHROMIUM = "/usr/bin/chromium"
# Milliseconds; bounds every wait of Playwright; far more than it takes.
PATIENCE = 20_000


@contextlib.contextmanager
def page(arguments=(), **options):
    """A page in a browser of its own, started with `arguments`; `options` are those of Playwright's `new_context`."""
    with sync_api.sync_playwright() as playwright:
        # In a container, and as root, Chromium has no sandbox of its own.
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *arguments])
        try:
            context = chromium.new_context(**options)
            context.set_default_timeout(PATIENCE)
            yield context.new_page()
        finally:
            chromium.close()
