"""Whoever sends an objection learns nothing of whether the account is on record: not from the page, its size, or how long it took."""

import os
import random
import re
import statistics
import time

from forms import Sender

PAIRS = int(os.environ.get("BEZWAAR_PAIRS", "400"))
# Answers leave in steps of 25 ms; what differs within a step cannot be seen. The bound is far below a step, and the noise of this machine is added to it.
BOUND_MS = 2.0
PERMUTATIONS = 1_000


def told_apart(page, account, number):
    """A page without what its sender knows already: the number, the account, marks and the moment."""
    page = page.decode().replace(account, "ACCOUNT").replace(number, "NUMBER")
    page = re.sub(r"/objection/NUMBER/[A-Za-z0-9_-]+", "/objection/NUMBER/TAG", page)
    return re.sub(r"(om|at) \d\d:\d\d", "MOMENT", page)


def once(sender, account):
    form = sender.form(account=account)
    began = time.perf_counter()
    status, location, body = sender.send(form)
    took = (time.perf_counter() - began) * 1000
    assert status == 303 and body == b""
    return took, location


def test_known_and_unknown_accounts_are_answered_alike(served):
    sender = Sender(served.url)
    chance = random.Random(2)
    for number in range(PAIRS):
        once(sender, f"known{number:04}")
    times = {"known": [], "other": []}
    sizes = {"known": set(), "other": set()}
    for number in range(PAIRS):
        pair = [("known", f"known{number:04}"), ("other", f"other{number:04}")]
        chance.shuffle(pair)
        for kind, account in pair:
            took, location = once(sender, account)
            times[kind].append(took)
            if number % 10 == 0:
                _, _, page = sender.ask("GET", location)
                # The proof is published about a second later: whether it is there yet says when, not who.
                page = re.sub(rb"(?s)<ul class=\"files\">.*?</ul>", b"", page)
                text = told_apart(page, account, location.split("/")[3])
                sizes[kind].add((len(location), text))
    assert sizes["known"] == sizes["other"] and len(sizes["known"]) == 1

    difference = abs(statistics.median(times["known"]) - statistics.median(times["other"]))
    # What chance alone makes of it: the same times, with the two of each pair swapped at random.
    by_chance = []
    for _ in range(PERMUTATIONS):
        swapped = [pair if chance.random() < 0.5 else pair[::-1] for pair in zip(times["known"], times["other"])]
        by_chance.append(abs(statistics.median(one for one, _ in swapped) - statistics.median(other for _, other in swapped)))
    noise = sorted(by_chance)[int(PERMUTATIONS * 0.99)]
    medians = {kind: round(statistics.median(found), 2) for kind, found in times.items()}
    print(f"known and unknown: medians {medians} ms, difference {difference:.2f} ms, by chance up to {noise:.2f} ms (99 %)")
    assert difference <= BOUND_MS + noise, (medians, noise)
