"""The dashboard's charts: what happened before the page was opened, and while it could not listen."""

import contextlib
import re

from playwright.sync_api import expect

import dashboard
import echod
from proxy import Proxy


def peak_of(page, chart):
    """The peak of a second, as the chart tells it to a screen reader; None before it is drawn."""
    label = page.locator(f"#{chart} svg").get_attribute("aria-label") or ""
    found = re.search(r"peak ([\d,.]+)", label)
    return found and float(found[1].replace(",", ""))


def lines_of(page, chart):
    return page.locator(f"#{chart} polyline")


def points_of(page, chart):
    return lines_of(page, chart).first.evaluate("(line) => line.points.numberOfItems")


def kept(service):
    return service.get("/ui/history").json


def await_kept(service, **last):
    """Waits until the last sample of the history has these values."""
    echod.eventually(lambda: all(kept(service)[key][-1] == last[key] for key in last), f"a last sample of {last}")


def test_what_was_before_the_page_was_opened():
    with echod.Echod() as service:
        with service.client() as client:
            client.asks(b"line\n" * 60)
            await_kept(service, active=1, lines=60)
        await_kept(service, active=0, lines=60)
        with dashboard.opened(service) as page:
            echod.eventually(lambda: peak_of(page, "chart-lines"), "a peak of lines")
            assert peak_of(page, "chart-lines") > 10
            assert peak_of(page, "chart-active") == 1
            expect(lines_of(page, "chart-lines")).to_have_count(1)
            expect(page.locator("#chart-lines")).to_contain_text("since echod started")
            # Live samples are added to them, and none appears twice.
            seen = points_of(page, "chart-lines")
            echod.eventually(lambda: points_of(page, "chart-lines") > seen, "a live sample")
            places = "(line) => [...line.points].map(({ x }) => x)"
            places = lines_of(page, "chart-lines").evaluate(places)
            assert places == sorted(set(places))


def test_a_pause_is_a_flat_line():
    with echod.Echod() as service:
        echod.eventually(lambda: len(kept(service)["lines"]) > 6, "a process of some seconds")
        with dashboard.opened(service) as page:
            echod.eventually(lambda: points_of(page, "chart-active") > 5, "points of before")
            expect(lines_of(page, "chart-active")).to_have_count(1)
            assert peak_of(page, "chart-active") == peak_of(page, "chart-lines") == 0


def test_what_was_while_the_stream_was_broken(tmp_path):
    with contextlib.ExitStack() as stack:
        service = stack.enter_context(echod.Echod())
        proxy = stack.enter_context(Proxy(service.admin[0], tmp_path))
        page = stack.enter_context(dashboard.opened(service, proxy.url))
        echod.eventually(lambda: points_of(page, "chart-lines") > 2, "points")
        proxy.cut()
        expect(page.locator("#warning")).to_contain_text("Connection lost")
        with service.client() as client:
            client.asks(b"line\n" * 60)
            await_kept(service, lines=60, active=1)
        # Longer than the gap without samples that the chart draws a line through.
        end = service.status()["uptime_ms"] + 6000
        echod.eventually(lambda: service.status()["uptime_ms"] > end, "some seconds")
        proxy.start()
        expect(page.locator("#warning")).to_be_hidden()
        echod.eventually(lambda: peak_of(page, "chart-lines") > 10, "the peak of meanwhile")
        expect(lines_of(page, "chart-lines")).to_have_count(1)
        assert peak_of(page, "chart-active") == 1


def test_the_history_of_a_process_that_is_gone_is_forgotten():
    """The process sent its history and ended before the stream began; the one that took its place is younger."""
    old = {"active": [7, 7], "lines": [0, 0], "received": [0, 0], "sent": [0, 0], "uptime_ms": [86_400_000, 86_401_000]}
    with echod.Echod() as service, dashboard.opened(service) as page:
        page.route("**/ui/history", lambda route: route.fulfill(json=old), times=1)
        page.reload()
        echod.eventually(lambda: points_of(page, "chart-active") > 2, "live samples")
        assert peak_of(page, "chart-active") == 0
        expect(page.locator("#chart-active")).to_contain_text("since echod started")


def test_without_an_answer_the_charts_begin_with_the_page():
    with echod.Echod() as service, dashboard.opened(service) as page, service.client() as client:
        for answer in ({"status": 502, "body": "no"}, {"status": 200, "body": "<p>no"}, {"status": 200, "json": [1]}):
            page.route("**/ui/history", lambda route: route.fulfill(**answer))
            page.reload()
            client.asks(b"line\n" * 60)
            expect(page.locator("#chart-lines")).to_contain_text("since this page was opened")
            echod.eventually(lambda: peak_of(page, "chart-active") == 1, "live samples")
