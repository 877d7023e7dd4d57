"""Every page and state: what axe-core says, whether it fits a narrow screen and large letters, whether it is whole HTML; and the pictures in docs/."""

import io
import os

import html5lib
import pytest
from PIL import Image

from conftest import AXE, ROOT
from test_journey import LANGUAGES, object_in, with_proof

SCREENSHOTS = ROOT / "docs" / "screenshots"
PICTURE_BYTES_MAX = 150_000
PLACES = ["", "object", "check", "letter", "letter/x", "sign-in", "uses/plein.html", "nothing-here"]


def refused(page, language):
    """The form with everything that can be wrong."""
    page.goto(f"/{language}/object")
    page.locator("#account-1").fill("plein user")
    page.locator("#mail").fill("no address")
    page.locator("[name=everything]").uncheck()
    page.locator("main form button").click()
    page.locator("#problems").wait_for()


def receipt(page, language):
    object_in(page, language, f"pages-{language}")


def proof_of(page, language):
    receipt(page, language)
    address = with_proof(page).get_attribute("href")
    return page.request.get(address).text()


def checked(page, language, change=lambda text: text):
    text = change(proof_of(page, language))
    page.goto(f"/{language}/check")
    page.locator("#receipt").fill(text)
    page.locator("main form button").click()
    page.locator("[role=status]").wait_for()


def checked_wrong(page, language):
    checked(page, language, lambda text: text.swapcase())


STATES = {"refused": refused, "receipt": receipt, "checked": checked, "checked-wrong": checked_wrong}


def show(page, name, language):
    if name in STATES:
        STATES[name](page, language)
    else:
        page.goto(f"/{language}/{name}")
    page.evaluate("() => document.querySelectorAll('main details').forEach(one => { one.open = true })")


def faults_of(page):
    """What axe-core finds, by all of its rules; it runs in the page's own world, from outside."""
    if not page.evaluate("() => typeof window.axe === 'object'"):
        page.evaluate(AXE.read_text())
    found = page.evaluate("() => axe.run(document, { resultTypes: ['violations', 'incomplete'] })")
    return [f"{one['id']}: {one['help']}: {node['html']}: {node['failureSummary']}" for one in found["violations"] for node in one["nodes"]]


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PLACES + list(STATES))
def test_nothing_hinders_anybody(visit, name, language, colours):
    page = visit(language=language, color_scheme=colours)
    show(page, name, language)
    assert faults_of(page) == []
    assert page.troubles == [], page.troubles


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PLACES + list(STATES))
def test_pages_fit_narrow_screens_and_large_letters(visit, name, language):
    # 320 pixels is 400 % of a screen of 1280 (WCAG 1.4.10); letters of twice their size on a screen of 640 (1.4.4).
    for width, letters in [(320, "100%"), (640, "200%")]:
        page = visit(width=width, height=640, language=language)
        show(page, name, language)
        page.evaluate("letters => { document.documentElement.style.fontSize = letters }", letters)
        wide = page.evaluate("() => [document.documentElement.scrollWidth, window.innerWidth]")
        assert wide[0] <= wide[1], (name, width, letters, wide)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PLACES + list(STATES))
def test_pages_are_whole_html(visit, name, language):
    page = visit(language=language, scripts=False)
    bodies = []
    page.on("response", lambda answer: bodies.append(answer.text()) if "text/html" in answer.headers.get("content-type", "") and answer.status != 303 else None)
    show(page, name, language)
    assert bodies
    for body in bodies:
        html5lib.HTMLParser(strict=True).parse(body)


def picture(page, name, whole=True):
    shot = Image.open(io.BytesIO(page.screenshot(full_page=whole, animations="disabled")))
    kept = io.BytesIO()
    # A page has few colours: a palette makes the file a third of its size.
    shot.convert("RGB").quantize(64, dither=Image.Dither.NONE).save(kept, "PNG", optimize=True)
    made = kept.getvalue()
    assert len(made) < PICTURE_BYTES_MAX, (name, len(made))
    if os.environ.get("BEZWAAR_SCREENSHOTS") == "1":
        SCREENSHOTS.mkdir(exist_ok=True)
        (SCREENSHOTS / f"portal-{name}.png").write_bytes(made)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("screen", [("phone", 390, 844), ("desktop", 1100, 800)], ids=lambda screen: screen[0])
def test_pictures(visit, language, screen):
    kind, width, height = screen
    for name, place in [("about", ""), ("object", "object"), ("receipt", "receipt"), ("check", "checked")]:
        page = visit(width=width, height=height, language=language)
        if place in STATES:
            STATES[place](page, language)
            if place == "receipt":
                with_proof(page)
        else:
            page.goto(f"/{language}/{place}")
        picture(page, f"{name}-{language}-{kind}")
    page = visit(width=width, height=height, language=language)
    refused(page, language)
    picture(page, f"wrong-{language}-{kind}")
    page = visit(width=width, height=height, language=language, color_scheme="dark")
    page.goto(f"/{language}/object")
    picture(page, f"dark-{language}-{kind}")
