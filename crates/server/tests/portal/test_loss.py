"""Killed in the middle of many objections: what was answered is there, and what was not can be sent again and counts once."""

import json
import os
import random
import subprocess
import threading
import time

from conftest import BEZWAAR, start
from forms import Sender

ROUNDS = 6 if os.environ.get("CI") == "true" else 4
THREADS = 8
FORMS_PER_THREAD = 60


def send_all(url, forms, answered, unanswered):
    sender = Sender(url)
    for account, form in forms:
        try:
            status, location, _ = sender.send(form)
        except OSError:
            unanswered.append((account, form))
            continue
        except Exception:  # a connection that ended within an answer
            unanswered.append((account, form))
            sender = Sender(url)
            continue
        assert status == 303, status
        answered.append((account, location))


def test_nothing_answered_is_lost_and_nothing_sent_again_counts_twice(served):
    served.process.terminate()
    assert served.process.wait(timeout=60) == 0
    chance = random.Random(1)
    cut_off = 0
    for number in range(ROUNDS):
        served.process = start(served.folder, served.url)
        sender = Sender(served.url)
        shares = [
            [(f"loss{number}-{thread}-{one}", sender.form(account=f"loss{number}-{thread}-{one}")) for one in range(FORMS_PER_THREAD)]
            for thread in range(THREADS)
        ]
        answered, unanswered = [], []
        threads = [threading.Thread(target=send_all, args=(served.url, share, answered, unanswered)) for share in shares]
        for thread in threads:
            thread.start()
        time.sleep(chance.uniform(0.05, 1.0))
        # SIGKILL: nothing is flushed, no thread ends its work.
        served.process.kill()
        served.process.wait()
        for thread in threads:
            thread.join()
        assert len(answered) + len(unanswered) == THREADS * FORMS_PER_THREAD
        cut_off += 0 < len(answered) and 0 < len(unanswered)

        served.process = start(served.folder, served.url)
        sender = Sender(served.url)
        for account, location in answered:
            status, _, page = sender.ask("GET", location)
            assert status == 200 and account.encode() in page, (number, account)
        # Whoever got no answer sends the same form again, twice to be sure.
        for account, form in unanswered:
            places = {sender.send(form)[1] for _ in range(2)}
            assert len(places) == 1 and "/objection/" in places.pop(), (number, account)
        served.process.terminate()
        assert served.process.wait(timeout=60) == 0

        for account, _ in chance.sample(answered, min(20, len(answered))) + chance.sample(unanswered, min(20, len(unanswered))):
            assert acts_of(served, account) == 1, (number, account)
    assert cut_off > 0, "the portal was never killed between two answers"
    served.process = start(served.folder, served.url)


def acts_of(served, account):
    command = [BEZWAAR, "register", "acts", str(served.register), f"plein:{account}"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return len({json.loads(line)["body"]["id"] for line in told.splitlines()})
