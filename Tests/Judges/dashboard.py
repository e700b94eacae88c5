"""The dashboard in Chromium, and what every test of it asks for."""

import contextlib
import re

from axe_playwright_python import sync_playwright as axe_playwright
from playwright.sync_api import expect

import browser

WIDE = {"width": 1280, "height": 900}
PHONE = {"width": 400, "height": 800}
# A server that is stopped, or gone, is not the page's fault; the tests themselves cause the network errors.
EXPECTED = re.compile(r"^Failed to load resource|net::ERR_")

expect.set_options(timeout=browser.PATIENCE)


def address(service):
    return f"http://{service.admin[0]}/"


@contextlib.contextmanager
def opened(service, url=None, live=True, **options):
    """The page; at the end there must be no complaint, least of all from the content policy."""
    complaints = []
    with browser.page(**{"viewport": WIDE} | options) as page:
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if is_complaint(message) else None)
        page.goto(url or address(service))
        if live:
            await_live(page)
        yield page
        assert complaints == []


def is_complaint(message):
    return message.type in ("error", "warning") and not EXPECTED.search(message.text)


def await_live(page):
    """Waits until rates are measured, which takes two events of the stream."""
    expect(field(page, "lines")).to_have_text(re.compile(r"\d"))


def field(page, name):
    return page.locator(f'[data-field="{name}"]')


def state_is(page, title):
    expect(field(page, "state")).to_have_text(title)


def rows(page, table="open-table"):
    return page.locator(f"#{table} tbody tr[data-id]")


def row_of(page, client, table="open-table"):
    name = client if isinstance(client, str) else client.name
    peer = page.locator("[data-cell=peer]").get_by_text(name, exact=True)
    return rows(page, table).filter(has=peer)


def confirm(page, dialog):
    page.click(f"#{dialog} .buttons button:not(.cancel)")


def drain(page, **values):
    """Starts a drain as an operator does; `values` go into the dialog."""
    page.click("#drain")
    for name in values:
        page.locator(f"#drain-dialog [name={name}]").fill(values[name])
    confirm(page, "drain-dialog")
    expect(page.locator("#drain-dialog")).to_be_hidden()


def axe_finds_nothing(page):
    findings = axe_playwright.Axe().run(page).response["violations"]
    brief = [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in findings]
    assert brief == []
