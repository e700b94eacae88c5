"""The dashboard as a page: without script, below a prefix, for the eye, the keyboard and the screen reader."""

import contextlib
import re

import pytest
from playwright.sync_api import expect

import dashboard
import echod
from proxy import Proxy

ASSET = re.compile(r'(?:href|src)="([^"#]+)"')


@contextlib.contextmanager
def a_service_in(state):
    """A service in one of three states, and two clients at it."""
    options = ("--drain-timeout", "10m", "--linger", "10m")
    with echod.Echod(*options) as service, service.client() as one, service.client() as other:
        one.asks(b"a\n")
        other.send(b"half")
        service.await_row(other, partial_line=4)
        if state != "serving":
            service.post("/drain")
            service.await_row(other, blocked_on="partial_line")
        if state == "drained":
            for client in (one, other):
                client.half_close()
            service.await_state("drained")
        yield service


def test_a_browser_gets_the_page_and_curl_the_list():
    with echod.Echod() as service:
        plain = service.get("/", headers={"Accept": "*/*"})
        page = service.get("/", headers={"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"})
        refusing = service.get("/", headers={"Accept": "text/html;q=0, text/plain"})
        assert plain.headers["Content-Type"] == refusing.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert plain.headers["Vary"] == page.headers["Vary"] == "Accept"
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert "{{" not in page.text and "style=" not in page.text
        parts = ASSET.findall(page.text)
        assert len(parts) >= 5 and all(part.startswith("ui/") for part in parts)
        for part in parts:
            assert service.get(f"/{part}").code == 200
        assert service.get("/ui/page.html").code == service.get("/ui/").code == service.get("/ui/../status").code == 404
        assert service.post("/ui/app.js").code == 405


def test_all_is_readable_without_script():
    with a_service_in("draining") as service:
        with dashboard.opened(service, live=False, java_script_enabled=False) as page:
            dashboard.state_is(page, "Draining")
            expect(dashboard.field(page, "progress-text")).to_have_text("0 of 2 connections closed")
            expect(dashboard.field(page, "time-left")).to_contain_text("s left")
            expect(dashboard.field(page, "blockers")).to_contain_text("1 waits for the end of a line")
            expect(dashboard.field(page, "active")).to_have_text("2")
            expect(dashboard.rows(page)).to_have_count(2)
            expect(page.locator("#drain-record")).to_contain_text("running")
            configuration = page.get_by_role("region", name="Configuration in force")
            expect(configuration).to_contain_text("drain-timeout10m by flag")
            expect(page.locator("#commands")).to_contain_text(f"curl 'http://{service.admin[0]}/status'")
            expect(page.get_by_role("button")).to_have_count(0)
            expect(page.locator("noscript meta")).to_have_count(1)
            expect(page.locator("noscript .notice")).to_be_visible()


def test_the_script_writes_what_the_server_wrote():
    parts = "#closed-table tbody td, .pairs dd, .tiles dt, .note"
    texts = f"() => [...document.querySelectorAll('{parts}')].map((one) => one.textContent)"
    with a_service_in("drained") as service:
        with dashboard.opened(service, live=False) as page:
            before = page.evaluate(texts)
            dashboard.await_live(page)
            expect(page.locator("#closed-count")).to_have_text("the last 2 of 2")
            assert page.evaluate(texts) == before
            assert any("drained" in text for text in before)


def test_it_works_below_a_prefix(tmp_path):
    with echod.Echod() as service, Proxy(service.admin[0], tmp_path) as proxy:
        with dashboard.opened(service, proxy.url) as page, service.client() as client:
            client.asks(b"a\n")
            expect(dashboard.field(page, "lines-total")).to_have_text("1 in all")
            expect(dashboard.row_of(page, client)).to_be_visible()
            expect(page.locator("#chart-active")).to_contain_text("since echod started")
            expect(page.locator("#commands")).to_contain_text(f"'{proxy.url}status'")
            client.close()
            dashboard.drain(page)
            dashboard.state_is(page, "Drained")


def test_a_line_to_be_copied_is_one_word_to_a_shell(tmp_path):
    """Whoever sends somebody a link to the page chooses its path, where the proxy before it is not strict."""
    with echod.Echod() as service, Proxy(service.admin[0], tmp_path) as proxy:
        with dashboard.opened(service, f"{proxy.url[:-1]}';id;'/") as page:
            expect(page.locator("#commands")).to_contain_text(f"'{proxy.url[:-1]}%27;id;%27/status'")


@pytest.mark.parametrize("state", ["serving", "draining", "drained"])
def test_axe_finds_nothing_in_either_scheme(state):
    with a_service_in(state) as service, dashboard.opened(service) as page:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            dashboard.axe_finds_nothing(page)
            if state != "drained":
                page.click("#drain")
                expect(page.locator("#drain-dialog")).to_be_visible()
                dashboard.axe_finds_nothing(page)
                page.keyboard.press("Escape")
        if state == "serving":
            dashboard.rows(page).get_by_role("button").first.click()
            dashboard.axe_finds_nothing(page)
            page.keyboard.press("Escape")


def test_the_scheme_is_the_readers():
    ground = "getComputedStyle(document.body).backgroundColor"
    brightness = f"() => {ground}.match(/\\d+/g).map(Number).reduce((a, b) => a + b)"
    with echod.Echod() as service, dashboard.opened(service, color_scheme="light") as page:
        assert page.evaluate(brightness) > 600
        page.emulate_media(color_scheme="dark")
        assert page.evaluate(brightness) < 150


@pytest.mark.parametrize("state", ["serving", "draining", "drained"])
def test_a_phone_scrolls_no_page_sideways(state):
    with a_service_in(state) as service, dashboard.opened(service, viewport=dashboard.PHONE) as page:
        assert page.evaluate("document.documentElement.scrollWidth") == dashboard.PHONE["width"]
        table = page.locator("#connections .table-box")
        if state != "drained":
            assert table.evaluate("(box) => box.scrollWidth > box.clientWidth && box.tabIndex === 0")


def test_the_keyboard_reaches_all_and_escape_gives_the_focus_back():
    with a_service_in("serving") as service, dashboard.opened(service) as page:
        reached = []
        for _ in range(45):
            page.keyboard.press("Tab")
            name = "(({ id, name, ariaLabel }) => id || name || ariaLabel)(document.activeElement)"
            reached.append(page.evaluate(name))
            # After the last one the focus leaves the page.
            shown = "document.activeElement === document.body || getComputedStyle(document.activeElement).outlineStyle"
            assert page.evaluate(shown) != "none", reached[-1]
        assert {"drain", "shutdown", "state", "blocked_on", "peer", "Close connection 1"} <= set(reached)
        page.locator("#drain").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#drain-dialog")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("#drain")).to_be_focused()


def test_a_focused_button_keeps_its_focus_while_figures_change():
    with a_service_in("serving") as service, dashboard.opened(service) as page, service.client() as busy:
        button = page.get_by_role("button", name="Close connection 1", exact=True)
        button.focus()
        busy.asks(b"a\n" * 5)
        expect(dashboard.row_of(page, busy).locator("[data-cell=lines]")).to_have_text("5")
        expect(button).to_be_focused()


def test_a_curl_line_is_copied():
    with echod.Echod() as service, dashboard.opened(service, permissions=["clipboard-read", "clipboard-write"]) as page:
        button = page.locator("#commands li").filter(has_text="Undrain").get_by_role("button")
        # It says so for a moment only, which a busy machine may miss.
        observer = "new MutationObserver(() => { window.said ??= button.textContent; })"
        button.evaluate(f"(button) => {observer}.observe(button, {{ childList: true }})")
        button.click()
        echod.eventually(lambda: page.evaluate("window.said") == "Copied", "the button says that it has copied")
        line = page.evaluate("navigator.clipboard.readText()")
        assert line == f"curl -X DELETE '{dashboard.address(service)}drain'"
