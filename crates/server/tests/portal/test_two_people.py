"""A flood, declared void by two people in a real browser; the letters that go first; and the page of who looked at what."""

import concurrent.futures

import pytest

from conftest import ended, serve, until
from forms import Sender
from test_pages import faults_of
from test_signed_in import links_to, wide
from test_ways_in import opened

FLOOD = 20
TEAM = """\
[[team.member]]
id = "tweede"
mail = "tweede@plein.example"
roles = ["approver"]
[[team.member]]
id = "toezicht"
mail = "toezicht@plein.example"
roles = ["supervisor"]
"""


@pytest.fixture
def team(tmp_path_factory):
    portal = serve(tmp_path_factory.mktemp("team"), lambda url, register: TEAM)
    yield portal
    ended(portal)


def member(chromium, portal, name):
    """Somebody of the team, signed in by a mail link in a browser of their own."""
    page = opened(chromium, portal)
    address = f"{name}@plein.example"
    page.goto("/nl/sign-in?to=team")
    page.locator("#mail").fill(address)
    page.locator("main form button").click()
    until(lambda: links_to(portal, address))
    page.goto(links_to(portal, address)[-1])
    page.locator("main form button").click()
    page.wait_for_url("**/nl/team")
    return page


def flood(portal):
    def one(number):
        sender = Sender(portal.url)
        status, _, _ = sender.send(sender.form(account=f"{5_000 + number}"))
        return status

    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        assert set(threads.map(one, range(FLOOD))) == {303}


def test_two_people_declare_a_flood_void_and_letters_go_first(chromium, team):
    flood(team)
    first = member(chromium, team, "sanne")
    first.goto("/nl/team/floods")
    assert faults_of(first) == []
    source = first.locator("form[action$='/floods/propose']", has=first.locator("input[value=network]"))
    assert source.count() == 1
    source.locator("select").select_option("filed-by-automation")
    source.locator("button").click()
    assert first.locator(".asked").count() == 1
    # Whoever proposed it is not the second.
    assert first.locator("form[action$='/floods/approve']").count() == 0
    # What comes in now nobody has proposed.
    sender = Sender(team.url)
    assert sender.send(sender.form(account="999"))[0] == 303

    second = member(chromium, team, "tweede")
    second.goto("/nl/team/floods")
    assert str(FLOOD) in second.locator(".asked").inner_text()
    assert faults_of(second) == []
    second.locator("form[action$='/floods/approve'] button").click()
    second.wait_for_url("**/team/floods")
    assert second.locator(".asked").count() == 0

    # Nothing is void before everybody was told: what has no mailbox is told by letter.
    def states():
        second.goto("/nl/team?show=all")
        text = second.locator("main").inner_text()
        waiting = text.count("niet bevoegd verklaard, berichten nog te versturen")
        return waiting, text.count("niet bevoegd verklaard") - waiting

    assert states() == (FLOOD, 0)
    first.goto("/nl/team/post")
    until(lambda: first.reload() and first.locator("tbody tr").count() == 2 * FLOOD)
    assert faults_of(first) == []
    assert not wide(first)
    first.set_viewport_size({"width": 390, "height": 844})
    first.locator("main form:last-of-type button").last.click()
    first.wait_for_url("**/team/post")
    assert states() == (0, FLOOD)
    # The one that came in later goes on as it was.
    assert second.locator("tbody tr", has_text="open").count() == 1

    # Who looked, for who watches; nobody else.
    watcher = member(chromium, team, "toezicht")
    watcher.goto("/nl/team/looks")
    rows = watcher.locator("tbody").inner_text()
    assert "sanne" in rows and "5001" not in watcher.content()
    assert watcher.locator("[role=alert]").count() == 0
    assert faults_of(watcher) == []
    assert not wide(watcher)
    assert first.goto("/nl/team/looks").status == 403
