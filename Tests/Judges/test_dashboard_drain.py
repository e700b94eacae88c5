"""Drain, undrain and shutdown from the dashboard; the token; the end of the stream."""

import json
import re
import signal

from playwright.sync_api import expect

import dashboard
import echod

LONG = "60s"
TOKEN = "correct-horse-battery-staple"


def test_a_whole_drain_and_the_way_back():
    with echod.Echod("--drain-timeout", LONG) as service, dashboard.opened(service) as page:
        with service.client() as quiet, service.client() as unfinished:
            quiet.asks(b"a\n")
            unfinished.send(b"half")
            service.await_row(unfinished, partial_line=4)
            expect(dashboard.field(page, "active")).to_have_text("2")
            page.click("#drain")
            expect(page.locator("#drain-consequence")).to_have_text(
                "Stops accepting clients at once, answers what 2 connections have sent, and cuts what is left after "
                "1m. The process stays alive; Undrain makes it serve again."
            )
            dashboard.confirm(page, "drain-dialog")
            assert quiet.receive_all() == b""
            quiet.close()
            dashboard.state_is(page, "Draining")
            expect(page.locator("#announcer")).to_contain_text("Draining. New clients are refused")
            expect(dashboard.field(page, "progress-text")).to_have_text("1 of 2 connections closed")
            expect(dashboard.field(page, "blockers")).to_have_text("1 waits for the end of a line")
            expect(dashboard.field(page, "time-left")).to_have_text(re.compile(r"^\d\d\.\d s left$"))
            assert page.locator("progress").evaluate("(bar) => bar.value / bar.max") == 0.5
            assert echod.is_refused(service.address)
            unfinished.send(b" a line\n")
            assert unfinished.receive_all() == b"HALF A LINE\n"
            unfinished.close()
            dashboard.state_is(page, "Drained")
            expect(dashboard.field(page, "drain-result")).to_have_text("clean")
            expect(page.locator(".drain-facts div").filter(has_text="Would exit with")).to_have_text("Would exit with0")
            expect(page.locator("#drain")).to_be_disabled()

            page.click("#undrain")
            expect(page.locator("#undrain-consequence")).to_contain_text("Listens again on the same addresses")
            dashboard.confirm(page, "undrain-dialog")
            dashboard.state_is(page, "Serving")
            expect(page.locator("#drain-panel")).to_be_hidden()
            expect(page.locator("#undrain")).to_be_disabled()
            expect(dashboard.field(page, "record-closed")).to_have_text("2")
            with service.client() as later:
                assert later.asks(b"again\n") == b"AGAIN\n"


def test_a_refused_request_is_explained_and_changes_nothing():
    with echod.Echod() as service, dashboard.opened(service) as page:
        page.click("#drain")
        page.locator("#drain-dialog [name=timeout]").fill("9")
        # An incomplete duration does not appear in the sentence.
        expect(page.locator("#drain-consequence")).to_contain_text("cuts what is left after 20s.")
        dashboard.confirm(page, "drain-dialog")
        expect(page.locator("#drain-dialog .problem")).to_contain_text("write 9s for seconds")
        page.locator("#drain-dialog [name=timeout]").fill("1s")
        page.locator("#drain-dialog [name=delay]").fill("5s")
        dashboard.confirm(page, "drain-dialog")
        expect(page.locator("#drain-dialog .problem")).to_contain_text("Give a shorter delay or a longer timeout")
        page.keyboard.press("Escape")
        expect(page.locator("#drain-dialog")).to_be_hidden()
        assert service.state == "serving"


def test_the_lame_duck_and_a_joined_request():
    with echod.Echod() as service, dashboard.opened(service) as page, service.client() as client:
        client.asks(b"a\n")
        dashboard.drain(page, timeout=LONG, delay="30s")
        dashboard.state_is(page, "Lame duck")
        expect(dashboard.field(page, "time-left")).to_have_text(
            re.compile(r"^stops accepting in \d\d\.\d s · \d\d\.\d s left$")
        )
        assert service.get("/readyz").code == 503
        page.click("#drain")
        expect(page.locator("#drain-consequence")).to_contain_text("merged into it")
        page.locator("#drain-dialog [name=mode]").select_option("abort")
        dashboard.confirm(page, "drain-dialog")
        assert client.receive_until_reset() == b""
        dashboard.state_is(page, "Drained")
        expect(dashboard.field(page, "drain-result")).to_have_text("forced: connections were cut")
        expect(dashboard.field(page, "exit-code")).to_have_text("2")


def test_shutdown_to_the_end_of_the_process():
    with echod.Echod() as service, dashboard.opened(service) as page, service.client() as client:
        expect(dashboard.row_of(page, client)).to_be_visible()
        page.click("#shutdown")
        expect(page.locator("#drain-consequence")).to_contain_text("Then the process exits.")
        dashboard.confirm(page, "drain-dialog")
        assert client.receive_all() == b""
        client.close()
        assert service.exit_code() == 0
        expect(page.locator("#warning")).to_have_text("echod has exited with code 0. The last drain: clean.")
        dashboard.state_is(page, "Exited")
        expect(page.locator("#banner .since")).to_be_hidden()
        expect(page.locator(".drain-facts div").filter(has_text="Exit code")).to_have_text("Exit code0")
        expect(dashboard.rows(page)).to_have_count(0)
        expect(page.locator("#open-table")).to_contain_text("The process has ended, and no connection is open.")
        ended = page.get_by_role("region", name="Recently closed")
        expect(ended).to_contain_text(re.compile("as of the last refresh|1 connection closed after the last refresh"))
        expect(page.locator("#drain")).to_be_disabled()
        expect(page.locator("#shutdown")).to_be_disabled()


def test_the_token_is_asked_for_and_kept_in_memory_only(tmp_path):
    secret = tmp_path / "token"
    secret.write_text(f"{TOKEN}\n")
    secret.chmod(0o600)
    with echod.Echod("--admin-token-file", str(secret)) as service, dashboard.opened(service) as page:
        page.click("#drain")
        dashboard.confirm(page, "drain-dialog")
        token = page.get_by_label("Admin token", exact=True)
        refused = page.locator("#token-dialog").get_by_role("alert")
        expect(token).to_be_visible()
        expect(refused).to_be_hidden()
        expect(page.get_by_role("dialog", name="Enter the admin token.")).to_be_visible()
        expect(page.get_by_role("button", name="Continue")).to_be_visible()
        # The curl lines show it where it is needed.
        expect(page.locator("#commands code").filter(has_text="Authorization: Bearer $TOKEN")).to_have_count(3)
        expect(page.locator("#commands code").filter(has_text="-X ")).to_have_count(3)
        token.fill("not the token at all")
        page.keyboard.press("Enter")
        # Asked again: the field is empty.
        expect(token).to_have_value("")
        expect(refused).to_have_text("The token was not accepted.")
        assert service.state == "serving"
        token.fill(TOKEN)
        page.keyboard.press("Enter")
        dashboard.state_is(page, "Drained")
        # Once is enough.
        page.click("#undrain")
        dashboard.confirm(page, "undrain-dialog")
        dashboard.state_is(page, "Serving")
        kept = "[localStorage.length, sessionStorage.length, document.cookie, location.search + location.hash]"
        assert page.evaluate(kept) == [0, 0, "", ""]
        page.click("#drain")
        page.keyboard.press("Escape")


def test_giving_up_the_token_does_nothing(tmp_path):
    secret = tmp_path / "token"
    secret.write_text(TOKEN)
    secret.chmod(0o600)
    with echod.Echod("--admin-token-file", str(secret)) as service, dashboard.opened(service) as page:
        page.click("#drain")
        dashboard.confirm(page, "drain-dialog")
        expect(page.locator("#token-dialog")).to_be_visible()
        page.locator("#token-dialog .cancel").click()
        expect(page.locator("#drain-dialog .problem")).to_have_text("Nothing was changed: no token was entered.")
        assert service.state == "serving"


def test_a_proxy_that_asks_who_reads_is_not_given_the_token():
    """Reading needs no token of echod: the dialog would come back with each refresh."""
    with echod.Echod() as service, dashboard.opened(service) as page:
        page.route("**/connections?*", lambda route: route.fulfill(status=401, json={"detail": "Log in first."}))
        expect(page.locator("#connections-problem")).to_have_text("Log in first.")
        expect(page.locator("#token-dialog")).to_be_hidden()


def test_a_silent_server_is_noticed_and_its_return():
    with echod.Echod() as service, dashboard.opened(service) as page:
        with service.stopped():
            expect(page.locator("#warning")).to_contain_text("Connection lost, retrying.")
            expect(page.locator("body")).to_have_attribute("data-stale", "lost")
            expect(page.locator("#drain")).to_be_disabled()
        expect(page.locator("#warning")).to_be_hidden()
        expect(page.locator("body")).to_have_attribute("data-stale", "")
        expect(page.locator("#drain")).to_be_enabled()


def test_another_process_at_the_address_is_taken_up():
    with echod.Echod() as service, dashboard.opened(service) as page, service.client() as client:
        client.asks(b"a\n")
        expect(dashboard.field(page, "lines-total")).to_have_text("1 in all")
        service.signal(signal.SIGKILL)
        expect(page.locator("#warning")).to_contain_text("Connection lost, retrying.")
        service.exit_code()
        with page.expect_response("**/ui/history"), echod.Echod(admin=(service.admin[0],)):
            expect(page.locator("#warning")).to_be_hidden()
            expect(page.locator("#chart-lines .reading")).to_have_text("peak 0")
            expect(dashboard.field(page, "lines-total")).to_have_text("0 in all")
            dashboard.state_is(page, "Serving")


def test_a_restarted_process_of_the_same_number_is_taken_up():
    """In a container every process is number 1."""
    with echod.Echod() as service, dashboard.opened(service) as page:
        ended = service.get("/status").json | {"state": "exiting", "exit_code": 0}
        ended["uptime_ms"] += 1_000_000
        last = {"content_type": "text/event-stream", "body": f"event: done\ndata: {json.dumps(ended)}\n\n"}
        # The end is sent until it was seen: the page tries again after two seconds, and a busy machine may miss them.
        is_seen = False
        page.route("**/events", lambda route: route.continue_() if is_seen else route.fulfill(**last))
        page.reload()
        dashboard.state_is(page, "Exited")
        is_seen = True
        dashboard.state_is(page, "Serving")
        expect(page.locator("#warning")).to_be_hidden()
        expect(page.locator("#drain")).to_be_enabled()
