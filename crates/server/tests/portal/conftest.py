"""A portal of a made-up company, served by the real program, and a real browser that visits it."""

import dataclasses
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time

import pytest
from playwright.sync_api import sync_playwright

from mailbox_server import Mailbox

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[3]
BEZWAAR = os.environ["BEZWAAR"]
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
AXE = pathlib.Path(os.environ["AXE"])
SETTINGS = """\
base-url = "{url}"
[organisation]
name = "Plein"
contact = "privacy@plein.example"
postal = ["Plein BV", "Postbus 1", "1000 AA Amsterdam"]
[policies]
folder = "policies"
own = ["plein"]
services = ["plein"]
[mail]
host = "127.0.0.1"
port = {mail}
tls = "none"
from = "bezwaar@plein.example"
[[team.member]]
id = "sanne"
mail = "sanne@plein.example"
roles = ["handler", "approver"]
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclasses.dataclass
class Portal:
    folder: pathlib.Path
    url: str
    process: subprocess.Popen
    mailbox: object

    @property
    def register(self):
        return self.folder / "register"


def start(folder, url):
    """Serves a register, and waits for the first line."""
    errors = (folder / "serve.errors").open("a")
    listen = url.removeprefix("http://")
    command = [BEZWAAR, "serve", str(folder / "register"), "--listen", listen]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
    line = process.stdout.readline()
    assert line, (folder / "serve.errors").read_text()
    assert json.loads(line)["listening"] == listen
    return process


def serve(folder, more=lambda url, register: ""):
    """A new register with the made-up policy, and its portal; `more` gives what else its settings say, before it starts."""
    policies = folder / "policies"
    shutil.copytree(HERE / "policies", policies)
    shutil.copy(ROOT / "policies" / "contacts.toml", policies)
    command = [BEZWAAR, "register", "init", str(folder / "register"), "--origin", "bezwaar.plein.example/ledger"]
    command += ["--anchor", str(folder / "anchor"), "--domain", "plein", "--policies", str(policies)]
    if "BEZWAAR_TEST_POSTGRES" in os.environ:
        command += ["--postgres", database(folder.name)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    shutil.copytree(policies, folder / "register" / "policies", dirs_exist_ok=True)
    url, mailbox = f"http://127.0.0.1:{free_port()}", Mailbox()
    settings = SETTINGS.format(url=url, mail=mailbox.port) + more(url, folder / "register")
    (folder / "register" / "portal.toml").write_text(settings)
    return Portal(folder, url, start(folder, url), mailbox)


def database(name):
    """A database of its own on the server of the tests, so that no two registers share one."""
    address = os.environ["BEZWAAR_TEST_POSTGRES"]
    subprocess.run(["psql", "--quiet", address, "--command", f'CREATE DATABASE "{name}"'], check=True, capture_output=True, text=True)
    return address.replace("dbname=postgres", f"dbname={name}")


def ended(portal, expected=None):
    portal.process.terminate()
    assert portal.process.wait(timeout=60) == 0
    portal.mailbox.close()
    errors = (portal.folder / "serve.errors").read_text().splitlines()
    errors = [line for line in errors if "error" in line and not (expected and expected in line)]
    assert errors == [], errors


@pytest.fixture(scope="session")
def portal(tmp_path_factory):
    """The portal the browser visits."""
    portal = serve(tmp_path_factory.mktemp("portal"))
    yield portal
    ended(portal)


@pytest.fixture
def served(tmp_path_factory):
    """A portal for one test alone."""
    portal = serve(tmp_path_factory.mktemp("served"))
    yield portal
    ended(portal)


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        # In a container the browser may not make a sandbox of its own; it visits nothing but the portal.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium, portal):
    """Opens a page in a browser: of a size, in a language, with or without scripts."""
    opened = []

    def open_page(width=390, height=844, language="nl", scripts=True, **more):
        context = chromium.new_context(
            viewport={"width": width, "height": height}, locale=language, java_script_enabled=scripts, base_url=portal.url, **more
        )
        opened.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.troubles = []
        # A broken policy of content, a script or a missing file is a fault, whatever the page looks like.
        page.on("console", lambda message: page.troubles.append(message.text) if is_trouble(message) else None)
        page.on("request", lambda request: page.troubles.append(request.url) if not is_own(request.url, portal) else None)
        return page

    yield open_page
    for context in opened:
        context.close()


def is_trouble(message):
    # A form that is refused and a page that is not there are answers, which the browser tells of as well.
    return message.type == "error" and "the server responded with a status of 4" not in message.text


def is_own(url, portal):
    return url.startswith((portal.url + "/", "data:", "about:"))


def until(true, seconds=30):
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, "it did not happen in time"
        time.sleep(0.1)
