"""The judges' own footing: Chromium starts and reaches the admin."""

import echod
import browser


def test_chromium_reaches_the_admin():
    with echod.Echod() as service, browser.page() as page:
        answer = page.goto(f"http://{service.admin[0]}/livez")
        assert answer.status == 200
