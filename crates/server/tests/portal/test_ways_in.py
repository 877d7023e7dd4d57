"""The other ways in, in a real browser: signing in at a provider by other hands, and a hand-over from the platform; and to whom data was given."""

import base64
import contextlib
import json
import os
import pathlib
import re
import subprocess
import time

import pytest

from conftest import BEZWAAR, ended, serve
from test_pages import faults_of
from test_signed_in import wide

PROVIDER = pathlib.Path(os.environ["OIDC_PROVIDER"])
ACCOUNT = "900719925474099312"
OIDC = """\
[sign-in.oidc]
issuer = "{issuer}"
name = "Plein"
client-id = "by-none"
algorithm = "EdDSA"
account-claim = "x_id"
service = "plein"
scopes = ["account"]
known-record = {{ value = "{known}", account = "plein:id:{account}" }}
"""
HAND_OVER = """\
[sign-in.hand-over]
issuer = "http://plein.example"
keys-file = "hand-over.pem"
algorithm = "EdDSA"
service = "plein"
"""
JOB = """\
[job]
name = "posts"
[question]
policies = "policies"
use = "plein/public-posts"
recipient = "plein-ai"
reading = "stated"
[extract]
path = "people.extract"
key = "register/keys/root.key"
signed_by = "{operator}"
[[input]]
paths = ["items.jsonl"]
format = "items"
[output]
path = "out"
form = "copy"
subjects = "subjects.txt"
"""


@contextlib.contextmanager
def provider(url):
    """Other people's provider, which knows the portal's address; whoever comes is signed in at once, as one account."""
    command = ["node", "server.mjs", f"{url}/nl/sign-in/back", f"{url}/en/sign-in/back"]
    process = subprocess.Popen(command, cwd=PROVIDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield json.loads(process.stdout.readline())["public"]
    finally:
        process.stdin.close()
        process.wait(timeout=30)


def signed(claims, key):
    """A token as the platform would make it (RFC 7515), with OpenSSL and no library of ours."""
    parts = [{"alg": "EdDSA", "typ": "JWT"}, claims]
    head = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    folder = key.parent
    (folder / "signed").write_bytes(head)
    command = ["openssl", "pkeyutl", "-sign", "-inkey", str(key), "-rawin", "-in", str(folder / "signed"), "-out", str(folder / "signature")]
    subprocess.run(command, check=True, capture_output=True)
    return (head + b"." + base64.urlsafe_b64encode((folder / "signature").read_bytes()).rstrip(b"=")).decode()


def released(folder):
    """A sealed release with two posts: one of who signs in, one of somebody else. Who objected is not in it."""

    def run(*arguments):
        told = subprocess.run([BEZWAAR, *arguments], cwd=folder, capture_output=True, text=True)
        assert told.returncode == 0, told.stdout + told.stderr

    facts = '"category":"post","audience":"public","created_at":"2026-03-01T10:00:00Z","collected_at":"2026-06-01T00:00:00Z","author_age":34,"region":"NL"'
    items = [f'{{"id":"p-{author}","author":"plein:{author}",{facts}}}\n' for author in [ACCOUNT, "77", "78"]]
    (folder / "items.jsonl").write_text("".join(items))
    (folder / "acts.jsonl").write_text('{"id":"o-1","person":"plein:78","act":"object","received_at":"2026-02-01T00:00:00Z","channel":"mail"}\n')
    operator = (folder / "register" / "public" / "operator.vkey").read_text().strip()
    (folder / "job.toml").write_text(JOB.format(operator=operator))
    run("register", "import", "register", "acts.jsonl")
    run("register", "extract", "register", "--output", "people.extract")
    run("gate", "job.toml")
    run("release", "seal", "register", "job.toml")


def opened(chromium, portal, language="nl"):
    context = chromium.new_context(viewport={"width": 390, "height": 844}, locale=language, base_url=portal.url)
    page = context.new_page()
    page.set_default_timeout(30_000)
    return page


@pytest.fixture
def with_ways(tmp_path_factory):
    """A portal with a provider and a platform; `known` is who the settings say the known account belongs to."""
    portals = []

    @contextlib.contextmanager
    def made(known="person-1", before=lambda folder: None):
        folder = tmp_path_factory.mktemp("ways")
        with contextlib.ExitStack() as stack:

            def more(url, register):
                issuer = stack.enter_context(provider(url))
                private = register / "hand-over-private.pem"
                subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(private)], check=True, capture_output=True)
                public = ["openssl", "pkey", "-in", str(private), "-pubout", "-out", str(register / "hand-over.pem")]
                subprocess.run(public, check=True, capture_output=True)
                before(folder)
                return OIDC.format(issuer=issuer, known=known, account=ACCOUNT) + HAND_OVER

            portal = serve(folder, more)
            portals.append(portal)
            yield portal
            # Who has not signed in yet is waited for, and said so; nothing else is to be told.
            ended(portal, expected="before the known record of `sign-in.oidc` has")

    yield made
    for portal in portals:
        portal.process.kill()


@pytest.mark.parametrize("language", ["nl", "en"])
def test_signing_in_at_a_provider_and_where_ones_data_went(chromium, with_ways, language):
    with with_ways(before=released) as portal:
        page = opened(chromium, portal, language)
        ready = lambda: page.request.get("/ready").json()["account_claim"]
        assert ready() == "waiting"
        page.goto(f"/{language}/sign-in?to=me")
        page.locator("a[href*='sign-in/provider']").click()
        page.wait_for_url(f"**/{language}/me")
        assert f"plein: {ACCOUNT}" in page.locator("main").inner_text()
        assert ready() == "proven"
        assert faults_of(page) == []
        page.locator("a[href$='/me/releases']").click()
        page.wait_for_url("**/me/releases")
        row = page.locator("tbody tr")
        assert row.count() == 1
        # In the release, as the operator declares: nobody else has counted yet.
        said = {"nl": ["Er zit iets van jou in.", "Dat verklaart Plein."], "en": ["Something of yours is in it.", "Plein declares this."]}
        assert all(text in row.inner_text() for text in said[language])
        with page.expect_download() as download:
            row.locator("a").click()
        kept = portal.folder / "absence.json"
        download.value.save_as(kept)
        proof = json.loads(kept.read_text())
        assert proof, "the proof is a document"
        assert faults_of(page) == []
        assert not wide(page)
        page.locator("footer button").click()
        page.goto(f"/{language}/me")
        assert "/sign-in" in page.url


def test_nobody_signs_in_before_the_known_record_has(chromium, with_ways):
    with with_ways(known="person-2") as portal:
        page = opened(chromium, portal)
        page.goto("/nl/sign-in?to=me")
        page.locator("a[href*='sign-in/provider']").click()
        page.wait_for_url("**/sign-in/back?*")
        assert page.locator("h1").inner_text() == "Inloggen kan nu niet"
        assert faults_of(page) == []
        # Objecting is not hindered.
        page.locator("main a[href$='/object']").click()
        page.locator("#account-1").fill("1001")
        page.locator("main form button").click()
        assert re.match(r"B(-[0-9A-Z]{4}){4}$", page.locator(".number").inner_text())


def test_a_hand_over_from_the_platform_is_accepted_by_who_it_is_about(chromium, with_ways):
    with with_ways() as portal:
        page = opened(chromium, portal)

        def platform(route):
            now = int(time.time())
            claims = {"iss": "http://plein.example", "aud": portal.url, "sub": "1001", "iat": now, "exp": now + 120, "jti": f"{time.monotonic_ns()}"}
            token = signed(claims, portal.register / "hand-over-private.pem")
            form = f'<form method="post" action="{portal.url}/nl/hand-over"><input type="hidden" name="token" value="{token}"><button>Bezwaar</button></form>'
            route.fulfill(status=200, content_type="text/html", body=f"<!DOCTYPE html><html lang=nl><title>Plein</title>{form}")

        page.context.route("http://plein.example/**", platform)
        # Not me: nobody is signed in.
        page.goto("http://plein.example/settings")
        page.locator("button").click()
        assert page.locator(".account-large").inner_text() == "plein: 1001"
        assert faults_of(page) == []
        assert not wide(page)
        page.locator("button[value=no]").click()
        page.goto(portal.url + "/nl/me")
        assert "/sign-in" in page.url
        # It is me.
        page.goto("http://plein.example/settings")
        page.locator("button").click()
        page.locator("button[value=yes]").click()
        page.wait_for_url("**/nl/me")
        assert "plein: 1001" in page.locator("main").inner_text()
        # The step before is not taken twice.
        page.go_back()
        page.goto(portal.url + "/nl/me")
        assert "plein: 1001" in page.locator("main").inner_text()
