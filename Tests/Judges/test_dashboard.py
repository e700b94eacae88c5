"""The dashboard while the service serves: live figures, the tables, closing one connection."""

import contextlib
import re
import socket

from playwright.sync_api import expect

import dashboard
import echod


def test_traffic_shows_without_a_reload():
    with echod.Echod() as service, dashboard.opened(service) as page, service.client() as client:
        page.evaluate("window.sameDocument = true")
        client.asks(b"one\ntwo\nthree\n")
        expect(dashboard.field(page, "lines-total")).to_have_text("3 in all")
        expect(dashboard.field(page, "received-total")).to_have_text("14 B in all")
        expect(dashboard.field(page, "active")).to_have_text("1")
        row = dashboard.row_of(page, client)
        expect(row.locator("[data-cell=lines]")).to_have_text("3")
        expect(row.locator("[data-cell=state]")).to_have_text("open")
        expect(page.locator("#chart-lines .reading")).to_contain_text(re.compile(r"peak [1-9]"))
        expect(page.get_by_role("img", name=re.compile("Active connections over .*: now 1, peak 1"))).to_be_visible()
        name = client.name
        client.close()
        expect(dashboard.field(page, "active")).to_have_text("0")
        expect(page.locator("#open-table")).to_contain_text("No client is connected.")
        expect(dashboard.row_of(page, name, "closed-table")).to_contain_text("closed by the client")
        expect(dashboard.field(page, "reason-peer_closed")).to_have_text("1")
        assert page.evaluate("window.sameDocument")


def test_one_connection_is_closed_with_its_answers_the_other_cut():
    with echod.Echod() as service, dashboard.opened(service) as page:
        with service.client() as gentle, service.client() as harsh:
            name = gentle.name
            gentle.asks(b"a\n")
            dashboard.row_of(page, gentle).get_by_role("button").click()
            expect(page.locator("#close-peer")).to_contain_text(gentle.name)
            dashboard.confirm(page, "close-dialog")
            assert gentle.receive_all() == b""
            gentle.close()
            expect(dashboard.row_of(page, name)).to_have_count(0)
            expect(dashboard.row_of(page, name, "closed-table")).to_contain_text("closed by an admin")

            dashboard.row_of(page, harsh).get_by_role("button").click()
            page.get_by_role("radio", name="Abort").check()
            dashboard.confirm(page, "close-dialog")
            assert harsh.receive_until_reset() == b""
            expect(dashboard.field(page, "reason-admin_closed")).to_have_text("2")


def test_what_a_close_gives_up_is_said_before():
    with echod.Echod() as service, dashboard.opened(service) as page, service.client() as client:
        dashboard.row_of(page, client).get_by_role("button").click()
        expect(page.locator("#close-dialog")).to_contain_text("Nothing is lost.")
        page.keyboard.press("Escape")
        client.send(b"half")
        expect(dashboard.row_of(page, client).locator("[data-cell=partial]")).to_have_text("4 B")
        dashboard.row_of(page, client).get_by_role("button").click()
        expect(page.locator("#close-loss")).to_have_text("Its unfinished line, 4 bytes, is discarded.")
        dashboard.confirm(page, "close-dialog")
        assert client.receive_all() == b""


def test_the_latest_ends_come_first():
    opened_at = "2026-11-21T12:00:00.000Z"
    ends = [(1, 9_000), (2, 80_000), (3, 80_000), (4, 1_000)]
    with echod.Echod() as service, service.client() as client:
        client.asks(b"a\n")
        row = service.row(client) | {"state": "closed", "reason": "idle", "opened_at": opened_at}
        rows = [row | {"id": number, "age_ms": age} for number, age in ends]
        page_of_closed = {"connections": rows, "next": None, "total": len(rows)}
        with dashboard.opened(service) as page:
            page.route("**/connections?state=closed*", lambda route: route.fulfill(json=page_of_closed))
            page.reload()
            shown = dashboard.rows(page, "closed-table")
            expect(shown).to_have_count(4)
            assert [one.get_attribute("data-id") for one in shown.all()] == ["3", "2", "1", "4"]
            expect(shown.first.locator("[data-cell=ended]")).to_have_text("12:01:20")


def test_nobody_connected_and_a_first_line_to_try():
    with echod.Echod() as service, dashboard.opened(service) as page:
        host, _, port = service.address.rpartition(":")
        expect(page.locator("#open-table")).to_have_text(re.compile(f"Try echo hello . ncat {host} {port}$"))


def test_a_connection_that_is_gone_says_so_in_the_dialog():
    with echod.Echod() as service, dashboard.opened(service) as page, service.client() as client:
        dashboard.row_of(page, client).get_by_role("button").click()
        page.route("**/connections/1?*", lambda route: route.continue_(url=route.request.url.replace("/1?", "/99?")))
        dashboard.confirm(page, "close-dialog")
        expect(page.locator("#close-dialog .problem")).to_contain_text('Connection "99" is not open.')
        page.keyboard.press("Escape")
        expect(page.locator("#close-dialog")).to_be_hidden()


def test_pages_sorting_and_filters():
    with echod.Echod() as service, contextlib.ExitStack() as clients:
        crowd = [clients.enter_context(service.client()) for _ in range(130)]
        crowd[117].asks(b"the most\n" * 40)
        crowd[3].asks(b"less\n")
        with dashboard.opened(service) as page:
            expect(dashboard.rows(page)).to_have_count(100)
            expect(page.locator("#page-range")).to_have_text("Page 1, 100 connections of 130")
            page.get_by_role("button", name="Next").click()
            expect(dashboard.rows(page)).to_have_count(30)
            expect(page.get_by_role("button", name="Next")).to_be_disabled()
            page.get_by_role("button", name="Previous").click()
            expect(dashboard.rows(page)).to_have_count(100)

            received = page.locator("#open-table").get_by_role("columnheader", name="Received")
            received.get_by_role("button").click()
            expect(received).to_have_attribute("aria-sort", "descending")
            expect(dashboard.rows(page).nth(0)).to_contain_text(crowd[117].name)
            expect(dashboard.rows(page).nth(1)).to_contain_text(crowd[3].name)
            expect(page.locator("#page-range")).to_contain_text("The first 100 of 130")

            page.get_by_label("Peer").fill(crowd[5].name)
            page.keyboard.press("Enter")
            expect(dashboard.rows(page)).to_have_count(1)
            expect(page.locator("#connections-count")).to_have_text("1 match")
            page.get_by_label("Peer").fill("not an address")
            page.keyboard.press("Enter")
            expect(page.locator("#connections-problem")).to_contain_text("an address with or without port")
            page.get_by_role("button", name="Clear").click()
            expect(page.locator("#connections-problem")).to_be_hidden()
            page.get_by_label("State").select_option("closing")
            expect(page.locator("#open-table")).to_contain_text("No connection matches the filter.")


def test_why_a_connection_blocks_and_a_filter_for_it():
    with echod.Echod() as service, dashboard.opened(service) as page:
        with service.client() as unfinished, service.client() as gone:
            unfinished.send(b"half a li")
            gone.asks(b"a\n")
            service.await_row(unfinished, partial_line=9)
            dashboard.drain(page)
            waits = dashboard.row_of(page, unfinished).locator("[data-cell=blocked_on]")
            expect(waits).to_have_text("the end of a line")
            page.get_by_label("Waiting for").select_option("peer_close")
            expect(dashboard.row_of(page, unfinished)).to_have_count(0)
            page.get_by_label("Waiting for").select_option("partial_line")
            expect(dashboard.rows(page)).to_have_count(1)


def test_a_hostile_peer_name_is_only_text(tmp_path, monkeypatch):
    name = "<img src=x onerror=document.title=1>\u202e&amp;\\"
    monkeypatch.chdir(tmp_path)
    listener = f"unix:{tmp_path}/echo.sock"
    with echod.Echod(listen=(listener,)) as service, socket.socket(socket.AF_UNIX) as client:
        client.bind(name)
        client.connect(listener.removeprefix("unix:"))
        client.sendall(b"a\n")
        client.recv(2)
        with dashboard.opened(service) as page:
            cell = dashboard.rows(page).locator("[data-cell=peer]")
            shown = r"unix:<img src=x onerror=document.title=1>\xe2\x80\xae&amp;\x5c"
            expect(cell).to_have_text(shown)
            expect(page.locator("img[src=x]")).to_have_count(0)
            assert "echod" in page.title()
