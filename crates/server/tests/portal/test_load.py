"""Many objections at a steady rate, and a flood of them for strangers: none is refused, and the portal still answers. The figures of docs/portal.md are of larger runs."""

import os
import subprocess

import pytest

from forms import Sender


@pytest.mark.parametrize("kind", [[], ["strangers"]], ids=["crowd", "flood"])
def test_everything_is_taken(served, kind):
    host = served.url.removeprefix("http://")
    told = subprocess.run([os.environ["PORTAL_LOAD"], host, "plein", "100", "10", "32", *kind], capture_output=True, text=True)
    print(told.stdout)
    assert told.returncode == 0 and "; 0 not taken" in told.stdout, told.stdout
    sender = Sender(served.url)
    status, location, _ = sender.send(sender.form(account="echt", mail="echt@example.org"))
    assert status == 303 and sender.ask("GET", location)[0] == 200
    assert sender.ask("GET", "/health")[0] == 200
