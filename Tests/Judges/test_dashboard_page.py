"""The dashboard as a page: without JavaScript, below a prefix, for the eye, the keyboard and the screen reader."""

import contextlib
import re

import pytest
from playwright.sync_api import expect

import browser
import dashboard
import echod
from proxy import Proxy

REFERENCE = re.compile(r'(?:href|src)="([^"#]+)"')
# Where a browser without JavaScript can read on.
LINKS = ["status", "connections?format=text", "?format=text"]


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
        assert service.get("/?format=text", headers={"Accept": "text/html"}).text == plain.text
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert "{{" not in page.text and "style=" not in page.text
        parts = [reference for reference in REFERENCE.findall(page.text) if reference not in LINKS]
        assert len(parts) >= 5 and all(part.startswith("ui/") for part in parts)
        for part in parts:
            assert service.get(f"/{part}").code == 200
        assert service.get("/ui/page.html").code == service.get("/ui/").code == service.get("/ui/../status").code == 404
        assert service.post("/ui/app.js").code == 405


def test_without_script_there_is_the_state_and_where_to_read_on(tmp_path):
    with a_service_in("draining") as service, Proxy(service.admin[0], tmp_path) as proxy:
        with dashboard.opened(service, proxy.url, live=False, java_script_enabled=False) as page:
            expect(page.get_by_role("heading", name="State: draining")).to_be_visible()
            links = page.get_by_role("link").all()
            assert [link.get_attribute("href") for link in links] == LINKS
            # Nothing of the dashboard is left: only the heading of the page and the notice are visible.
            seen = page.locator("body").inner_text().split("\n")
            assert [line for line in seen if line][:2] == ["echod", "State: draining"]
            expect(page.get_by_role("button")).to_have_count(0)
            texts = []
            for link in links:
                href = link.get_attribute("href")
                link.click()
                texts.append(page.locator("body").inner_text())
                assert page.url == proxy.url + href
                page.go_back()
        assert '"state":"draining"' in texts[0]
        assert "partial_line" in texts[1]
        assert "POST   /shutdown" in texts[2]


def test_axe_finds_nothing_in_what_is_there_without_script():
    """axe itself needs JavaScript, so the page is given to it as a browser without it would show it."""
    with echod.Echod() as service, browser.page() as page:
        plain = service.get("/", headers={"Accept": "text/html"}).text
        plain = re.sub("</?noscript>", "", re.sub("<script.*</script>", "", plain))
        page.route(dashboard.address(service), lambda route: route.fulfill(body=plain, content_type="text/html"))
        page.goto(dashboard.address(service))
        expect(page.get_by_role("heading", name="State: serving")).to_be_visible()
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            dashboard.axe_finds_nothing(page)


def test_nothing_is_shown_before_the_first_status():
    with echod.Echod() as service, dashboard.opened(service) as page:
        page.route("**/events", lambda route: None)
        page.reload()
        expect(page.locator("#loading")).to_be_visible()
        expect(page.locator("[data-live]:visible")).to_have_count(0)
        expect(page.locator("#warning")).to_have_text("No connection, retrying.")
        page.unroute("**/events")
        page.reload()
        dashboard.state_is(page, "Serving")
        expect(page.locator("#loading")).to_be_hidden()
        expect(page.locator("[data-live]:not(:visible)")).to_have_count(0)


def test_the_options_in_effect_are_shown():
    options = ["--drain-timeout", "10m", "--max-connections", "12345", "--admin-host", "a.example"]
    with echod.Echod(*options) as service, dashboard.opened(service) as page:
        region = page.get_by_role("region", name="Configuration in effect")
        shown = ["drain-timeout10m by flag", "max-connections12,345 by flag", "admin-hosta.example by flag"]
        for text in [*shown, "reportnone", "admin-allow-remoteoff"]:
            expect(region).to_contain_text(text)
        expect(region).to_contain_text(re.compile(r"\d of \d+ set, the others by default"))
        expect(dashboard.field(page, "limit")).to_have_text(" · limit 12,345", use_inner_text=False)
        page.click("#drain")
        expect(page.locator("#drain-consequence")).to_contain_text("cuts what is left after 10m.")


def test_without_an_answer_for_the_options_they_are_asked_for_again():
    with echod.Echod() as service, dashboard.opened(service) as page:
        page.route("**/config", lambda route: route.fulfill(status=502, body="no"), times=2)
        page.reload()
        dashboard.state_is(page, "Serving")
        expect(page.locator("#drain")).to_be_disabled()
        expect(page.locator("#drain")).to_be_enabled()
        expect(page.locator("#configuration")).to_be_visible()


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
    """If the proxy in front of the page is not strict, the author of a link chooses its path."""
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
        # The button says so only for a moment, which a busy machine may miss.
        observer = "new MutationObserver(() => { window.said ??= button.textContent; })"
        button.evaluate(f"(button) => {observer}.observe(button, {{ childList: true }})")
        button.click()
        echod.eventually(lambda: page.evaluate("window.said") == "Copied", "the button says that it has copied")
        line = page.evaluate("navigator.clipboard.readText()")
        assert line == f"curl -X DELETE '{dashboard.address(service)}drain'"
