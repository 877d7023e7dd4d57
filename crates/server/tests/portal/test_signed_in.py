"""Signed in by a link in a mail: my page, and the pages of the privacy team, with what axe-core says of them."""

import itertools
import re

import pytest

from conftest import until
from test_journey import LANGUAGES, object_in
from test_pages import faults_of, picture

numbers = itertools.count()


def sign_in(page, portal, language, address, to):
    """Asks for a link, waits for the mail, and follows it."""
    before = len(links_to(portal, address))
    page.goto(f"/{language}/sign-in?to={to}")
    page.locator("#mail").fill(address)
    page.locator("main form button").click()
    until(lambda: len(links_to(portal, address)) > before)
    page.goto(links_to(portal, address)[-1])
    page.locator("main form button").click()
    page.wait_for_url(f"**/{language}/{to}")


def links_to(portal, address):
    """Links that sign in: others confirm an objection, and come in their own time."""
    texts = portal.mailbox.texts_to(address, ("Inloggen", "Sign"))
    return [link for text in texts for link in re.findall(r"http://\S+/link/\S+", text)]


def wide(page):
    page.set_viewport_size({"width": 320, "height": 640})
    widths = page.evaluate("() => [document.documentElement.scrollWidth, window.innerWidth]")
    return widths[0] > widths[1]


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_my_page(visit, portal, language, colours):
    page = visit(language=language, color_scheme=colours)
    address = f"mijn{next(numbers)}@example.org"
    page.goto(f"/{language}/object")
    page.locator("#mail").fill(address)
    page.locator("main form button").click()
    number = page.locator(".number").inner_text()
    sign_in(page, portal, language, address, "me")
    assert number in page.locator("main").inner_text()
    # A setting nobody touched is as the policy says it is for who said nothing.
    assert page.locator("[role=switch]").get_attribute("aria-checked") == "false"
    page.evaluate("() => document.querySelectorAll('main details').forEach(one => { one.open = true })")
    assert faults_of(page) == []
    if colours == "light":
        page.reload()
        picture(page, f"me-{language}-phone")
    assert not wide(page)
    assert page.troubles == [], page.troubles


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_of_the_team(visit, portal, language):
    other = visit(language=language)
    object_in(other, language, f"zaak-{language}")
    page = visit(language=language, width=1100, height=800)
    sign_in(page, portal, language, "sanne@plein.example", "team")
    # The queue is as long as what the tests before this one sent.
    picture(page, f"queue-{language}-desktop", whole=False)
    case = page.locator("a[href*='/team/case/']").first.get_attribute("href")
    for place in ["team", "team/enter", "team/matches", "team/floods", "team/numbers", case.split("/", 2)[2]]:
        page.set_viewport_size({"width": 1100, "height": 800})
        page.goto(f"/{language}/{place}")
        page.evaluate("() => document.querySelectorAll('main details').forEach(one => { one.open = true })")
        assert faults_of(page) == [], place
        if "case" in place:
            page.reload()
            picture(page, f"case-{language}-desktop")
        assert not wide(page), place
    assert page.troubles == [], page.troubles
