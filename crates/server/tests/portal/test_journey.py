"""Objecting in a minute: on a phone, without scripts, in each language; then what goes wrong, and keys alone."""

import http.client
import statistics
import subprocess
import time

import pytest

from conftest import BEZWAAR, until

LANGUAGES = ["nl", "en"]
PAGES_MAX = 3
SECONDS_MAX = 60
PAGE_BYTES_MAX = 50_000
SERVER_MS_MAX = 20


def object_in(page, language, account):
    """From the first page to the receipt, as a person does it; returns the pages it took."""
    pages = []
    page.on("framenavigated", lambda frame: pages.append(frame.url))
    page.goto(f"/{language}/")
    page.locator("main a.button").click()
    page.locator("#service-1").select_option("plein")
    page.locator("#account-1").fill(account)
    page.locator("#mail").fill("noor@example.org")
    page.locator("main form button").click()
    page.locator(".number").wait_for()
    return pages


def with_proof(page):
    """The page of an objection, once the register has published it."""
    proof = page.locator("a[href$='receipt.tlog-proof']")
    until(lambda: proof.count() == 1 or (time.sleep(0.5), page.reload(), False)[-1])
    return proof


@pytest.mark.parametrize("language", LANGUAGES)
def test_objecting_takes_three_pages_and_less_than_a_minute(visit, portal, tmp_path, language):
    page = visit(language=language, scripts=False)
    sizes = {}
    page.on("response", lambda answer: sizes.__setitem__(answer.url, int(answer.headers["content-length"])))
    began = time.monotonic()
    pages = object_in(page, language, f"noor-{language}")
    assert time.monotonic() - began < SECONDS_MAX
    assert len(pages) <= PAGES_MAX, pages
    assert sizes and all(size < PAGE_BYTES_MAX for size in sizes.values()), sizes
    assert page.locator("html").get_attribute("lang") == language

    number = page.locator(".number").inner_text()
    with_proof(page)
    kept = {}
    for end in ["receipt.txt", "receipt.pdf", "receipt.tlog-proof"]:
        with page.expect_download() as download:
            page.locator(f"a[href$='{end}']").click()
        kept[end] = tmp_path / download.value.suggested_filename
        download.value.save_as(kept[end])
        assert number in kept[end].name
    text = kept["receipt.txt"].read_text()
    assert number in text and f"noor-{language}" in text
    assert kept["receipt.pdf"].read_bytes().startswith(b"%PDF-")

    # The proof, on the page that checks any; then by a program that asks nobody.
    proof = kept["receipt.tlog-proof"]
    page.goto(f"/{language}/check")
    page.locator("#receipt").fill(proof.read_text())
    page.locator("main form button").click()
    assert page.locator("[role=status].done").count() == 1
    assert number in page.locator("main").inner_text()
    trust = portal.register / "public" / "trust.policy"
    told = subprocess.run([BEZWAAR, "verify", str(proof), "--trust", str(trust)], capture_output=True, text=True)
    # 6: it holds, and no witness has seen it.
    assert told.returncode in (0, 6), told.stdout + told.stderr
    # One letter changed, and both say no.
    broken = tmp_path / "broken.tlog-proof"
    lines = proof.read_text().split("\n")
    lines[1] = lines[1].swapcase()
    broken.write_text("\n".join(lines))
    page.goto(f"/{language}/check")
    page.locator("#receipt").fill(broken.read_text())
    page.locator("main form button").click()
    assert page.locator("[role=status].problems").count() == 1
    told = subprocess.run([BEZWAAR, "verify", str(broken), "--trust", str(trust)], capture_output=True, text=True)
    assert told.returncode in (1, 5), told.stdout + told.stderr
    assert page.troubles == [], page.troubles


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_wrong_is_told_at_its_place(visit, language):
    page = visit(language=language, scripts=False)
    page.goto(f"/{language}/object")
    page.locator("main form button").click()
    problems = page.locator("#problems")
    assert problems.locator("a").count() == 1
    # Each problem leads to its field.
    problems.locator("a").first.click()
    assert page.url.endswith("#mail")
    page.locator("#account-1").fill("plein user")
    page.locator("#service-1").select_option("plein")
    page.locator("#mail").fill("no address")
    page.locator("[name=everything]").uncheck()
    page.locator("main form button").click()
    links = [link.get_attribute("href") for link in page.locator("#problems a").all()]
    assert links == ["#scope", "#account-1", "#mail"], links
    for link in links:
        assert page.locator(link).count() == 1, link
    # What was filled in is still there, and the fields say that they are wrong.
    assert page.locator("#mail").input_value() == "no address"
    for field in ["#account-1", "#mail"]:
        assert page.locator(field).get_attribute("aria-invalid") == "true"
        described = page.locator(field).get_attribute("aria-describedby").split()
        assert described and all(page.locator(f"#{name}").count() == 1 for name in described), described
    assert page.locator("[name=everything]").is_checked() is False


def test_keys_alone_are_enough(visit):
    page = visit(language="nl", scripts=False)
    page.goto("/nl/")
    press = page.keyboard.press

    def focused():
        return page.evaluate("() => { const e = document.activeElement; return e.id || e.name || e.className || e.tagName }")

    def tab_to(wanted, most=40):
        for _ in range(most):
            if focused() == wanted:
                # Whoever tabs must see where they are.
                box = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
                assert box != "none", wanted
                return
            press("Tab")
        raise AssertionError(f"{wanted} is not reached with Tab: {focused()}")

    press("Tab")
    assert focused() == "skip"
    press("Enter")
    assert page.url.endswith("#main")
    tab_to("button")
    press("Enter")
    page.wait_for_url("**/object")
    tab_to("for")
    press("ArrowDown")
    assert page.locator("[name=for]:checked").get_attribute("value") == "child"
    press("ArrowUp")
    tab_to("everything")
    press("Space")
    press("Space")
    assert page.locator("[name=everything]").is_checked()
    press("Tab")
    press("Enter")
    assert page.locator("#scope details").get_attribute("open") is not None
    tab_to("service-1")
    page.keyboard.type("Plein")
    tab_to("account-1")
    page.keyboard.type("toets")
    tab_to("mail")
    page.keyboard.type("toets@example.org")
    press("Enter")
    page.locator(".number").wait_for()


def test_pages_are_made_quickly(portal):
    """Server time, over one connection, so without the time a connection takes."""
    host = portal.url.removeprefix("http://")
    connection = http.client.HTTPConnection(host)
    measured = {}
    for path in ["/nl/", "/nl/object", "/nl/check", "/nl/letter", "/nl/uses/plein.html", "/nl/sign-in"]:
        times = []
        for _ in range(40):
            began = time.perf_counter()
            connection.request("GET", path)
            body = connection.getresponse().read()
            times.append((time.perf_counter() - began) * 1000)
            assert len(body) < PAGE_BYTES_MAX, path
        measured[path] = round(statistics.median(times), 2)
    print("server time, median ms:", measured)
    assert all(median < SERVER_MS_MAX for median in measured.values()), measured
