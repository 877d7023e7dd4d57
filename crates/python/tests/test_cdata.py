"""The gate through the Arrow C interfaces, against an expected result worked out by hand.

scripts/test-python builds what is needed and runs this. Every record is given a canary in each of its columns; those of withheld records
must be in no buffer that comes back.
"""

import concurrent.futures
import datetime
import json
import os
import pathlib
import subprocess

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import bezwaar

ROOT = pathlib.Path(__file__).resolve().parents[3]
UTC = datetime.timezone.utc

MAP = """
id = { column = "id" }
author = { column = "author", service = "facebook", kind = "id" }
category = { column = "category" }
audience = { column = "audience" }
region = { column = "region" }
created_at = { column = "created_at" }
collected_at = { column = "collected_at" }
author_age = { column = "author_age" }
"""

JOB = f"""
[job]
name = "cdata"
[question]
policies = "{ROOT / 'policies'}"
use = "meta/public-content"
recipient = "meta-ai"
reading = "protective"
[extract]
path = "people.extract"
key = "people.key"
allow_unsigned = true
[[input]]
paths = ["rows.parquet"]
[input.map]
{MAP}
[output]
path = "out"
"""

PLAIN = {"author": "5001", "category": "post", "audience": "public", "region": "NL", "author_age": 30}
# A record per case: what differs from a plain one, and whether it is kept.
CASES = [
    ({}, True),
    ({"author": "1001"}, False),  # objected
    ({"author": "01001"}, False),  # the same account, written otherwise
    ({"category": "message"}, False),
    ({"category": "comment"}, True),
    ({"audience": "restricted"}, False),
    ({"audience": None}, False),
    ({"region": "US"}, False),
    ({"region": None}, False),
    ({"region": "NO"}, True),
    ({"author_age": 17}, False),
    ({"author_age": None}, False),
    ({"author_age": 18}, True),
    ({"author": None}, False),
    ({"author": "1002"}, True),  # objected, and took it back
    ({"author": "1003"}, False),  # a signal
]
REPEATS = 25


def canary(row):
    return f"CANARY-{row:05d}-A LONG ENOUGH TEXT TO BE OUTSIDE OF A VIEW"


def number(row):
    return int.from_bytes(b"NR%05d!" % row, "little")


@pytest.fixture(scope="module")
def rows():
    return [{**PLAIN, **difference} for _ in range(REPEATS) for difference, _ in CASES]


@pytest.fixture(scope="module")
def keep():
    return [kept for _ in range(REPEATS) for _, kept in CASES]


@pytest.fixture(scope="module")
def batch(rows):
    count = len(rows)
    texts = [canary(row) for row in range(count)]
    plain = {name: pa.array([row[name] for row in rows]) for name in ("author", "category", "audience", "region")}
    columns = {
        "id": pa.array([f"id-{text}" for text in texts]),
        **plain,
        "created_at": pa.array([datetime.datetime(2025, 7, 1, tzinfo=UTC)] * count, pa.timestamp("us", "UTC")),
        "collected_at": pa.array([datetime.datetime(2025, 8, 1, tzinfo=UTC)] * count, pa.timestamp("us", "UTC")),
        "author_age": pa.array([row["author_age"] for row in rows], pa.int32()),
        "text": pa.array(texts),
        "large": pa.array(texts, pa.large_string()),
        "view": pa.array(texts, pa.string_view()),
        "binary": pa.array([text.encode() for text in texts]),
        "word": pa.array(texts).dictionary_encode(),
        "words": pa.array([[text, text] for text in texts]),
        "pair": pa.array([{"left": text, "right": None} for text in texts], pa.struct({"left": pa.string(), "right": pa.string()})),
        "fixed": pa.array([text[:20].encode() for text in texts], pa.binary(20)),
        "number": pa.array([number(row) for row in range(count)], pa.int64()),
    }
    return pa.record_batch(columns)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, batch):
    folder = tmp_path_factory.mktemp("cdata")
    said = {"received_at": "2026-02-01T09:00:00Z", "channel": "form", "by": "self"}
    choices = [
        {"id": "o-1", "person": "facebook:1001", "act": "object", **said},
        {"id": "o-2", "person": "facebook:1002", "act": "object", **said},
        {"id": "w-2", "person": "facebook:1002", "act": "withdraw", "of": "o-2", **said, "received_at": "2026-03-01T09:00:00Z"},
        {"id": "s-3", "person": "facebook:1003", "act": "signal", "signal": "gpc", **said},
    ]
    (folder / "choices.jsonl").write_text("".join(json.dumps(choice) + "\n" for choice in choices))
    made = ["--choices", "choices.jsonl", "--key", "people.key", "--through", "2026-09-01T12:00:00Z", "--policies", str(ROOT / "policies")]
    subprocess.run([os.environ["BEZWAAR"], "extract", *made, "--output", "people.extract", "--new-key"], cwd=folder, check=True)
    (folder / "job.toml").write_text(JOB)
    mapped = ["id", "author", "category", "audience", "region", "created_at", "collected_at", "author_age"]
    pq.write_table(pa.Table.from_batches([batch.select(mapped)]), folder / "rows.parquet")
    return folder


@pytest.fixture(scope="module")
def gate(folder):
    return bezwaar.Gate(bezwaar.spec_of_job(folder / "job.toml"), folder / "people.extract", folder / "people.key")


@pytest.fixture(scope="module")
def bound(gate, batch):
    return gate.bind(batch.schema, MAP)


def all_bytes(batch):
    """The bytes of every buffer of a batch, with those of children and dictionaries."""
    found = []
    for column in batch.columns:
        found += [buffer.to_pybytes() for buffer in column.buffers() if buffer is not None]
        if isinstance(column, pa.DictionaryArray):
            found += [buffer.to_pybytes() for buffer in column.dictionary.buffers() if buffer is not None]
    return b"\n".join(found)


def expected_rows(batch, keep):
    return [row for row, kept in zip(batch.to_pylist(), keep, strict=True) if kept]


def assert_only_kept(exported, keep):
    """That canaries of kept records are there, in each form, and of others none."""
    found = all_bytes(exported)
    for row, kept in enumerate(keep):
        for form in (b"CANARY-%05d" % row, b"NR%05d!" % row):
            assert (form in found) == kept, (row, form)


def test_the_kept_rows_come_back_and_no_byte_of_the_others(bound, batch, keep):
    kept = bound.filter(batch)
    kept.validate(full=True)
    assert kept.schema.equals(batch.schema)
    assert kept.to_pylist() == expected_rows(batch, keep)
    assert_only_kept(kept, keep)


def test_a_slice_brings_nothing_from_outside_of_it(bound, batch, keep):
    first, count = 7, 40
    kept = bound.filter(batch.slice(first, count))
    assert kept.to_pylist() == expected_rows(batch.slice(first, count), keep[first : first + count])
    inside = [kept and first <= row < first + count for row, kept in enumerate(keep)]
    assert_only_kept(kept, inside)


def test_batches_of_nothing_but_one_kind(bound, batch, keep):
    for kind in (True, False):
        rows = expected_rows(batch, [kept == kind for kept in keep])
        kept = bound.filter(pa.RecordBatch.from_pylist(rows, schema=batch.schema))
        assert kept.to_pylist() == (rows if kind else [])
        assert_only_kept(kept, [kept_here and kind for kept_here in keep])
    assert bound.filter(batch.slice(0, 0)).num_rows == 0


def test_verdicts_say_why(bound, batch, keep):
    verdicts = bound.verdicts(batch)
    assert verdicts.schema == pa.schema([pa.field("keep", pa.bool_(), False), pa.field("reasons", pa.uint64(), False)])
    assert verdicts["keep"].to_pylist() == keep
    reasons = verdicts["reasons"].to_pylist()
    assert [reason == 0 for reason in reasons] == keep
    assert reasons[1] == reasons[2], "the same person, so the same reasons"
    assert len({reasons[row] for row in (1, 3, 5, 6, 7, 8, 10, 11, 13, 15)}) == 10, "different things are wrong with these"


def test_a_stream_is_filtered_as_it_is_read(bound, batch, keep):
    asked = []

    def batches():
        for first in range(0, batch.num_rows, 30):
            asked.append(first)
            yield batch.slice(first, 30)

    reader = bound.filter_stream(pa.RecordBatchReader.from_batches(batch.schema, batches()))
    assert len(asked) == 0
    kept = [reader.read_next_batch()]
    assert len(asked) == 1
    kept += list(reader)
    assert [row for part in kept for row in part.to_pylist()] == expected_rows(batch, keep)
    for part in kept:
        found = all_bytes(part)
        assert not any(b"CANARY-%05d" % row in found for row, kept in enumerate(keep) if not kept)


def test_an_error_of_the_source_is_an_error_of_the_stream(bound, batch):
    def batches():
        yield batch
        raise ValueError("the disk fell over")

    reader = bound.filter_stream(pa.RecordBatchReader.from_batches(batch.schema, batches()))
    reader.read_next_batch()
    with pytest.raises(Exception, match="the disk fell over"):
        reader.read_next_batch()


def test_a_bound_gate_outlives_its_gate_and_works_in_threads(folder, batch, keep):
    gate = bezwaar.Gate(bezwaar.spec_of_job(folder / "job.toml"), folder / "people.extract", folder / "people.key")
    bound = gate.bind(batch.schema, MAP)
    del gate
    expected = expected_rows(batch, keep)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for kept in pool.map(bound.filter, [batch] * 40):
            assert kept.to_pylist() == expected


def test_errors_are_told(folder, gate, bound, batch):
    def told(status, words, work):
        with pytest.raises(bezwaar.Error, match=words) as error:
            work()
        assert error.value.status == status

    told(1, "does not say who wrote", lambda: gate.bind(batch.schema, 'id = { column = "id" }'))
    told(1, "map:3:1: unknown key `auhtor`.*did you mean `author`", lambda: gate.bind(batch.schema, MAP.replace("author", "auhtor", 1)))
    told(1, "no_such_column", lambda: gate.bind(batch.schema, MAP.replace('"author"', '"no_such_column"')))
    told(1, "other columns", lambda: bound.filter(batch.select(["id"])))
    told(1, "other columns", lambda: bound.verdicts(batch.rename_columns([f"{name}_" for name in batch.schema.names])))
    told(3, "cannot read", lambda: bezwaar.spec_of_job(folder / "none.toml"))
    told(1, "no gate spec", lambda: bezwaar.Gate(b"{}", folder / "people.extract", folder / "people.key"))
    (folder / "damaged.extract").write_bytes((folder / "people.extract").read_bytes()[:-1])
    told(2, "cannot be used", lambda: bezwaar.Gate(bezwaar.spec_of_job(folder / "job.toml"), folder / "damaged.extract", folder / "people.key"))


def test_data_that_is_not_what_it_says_is_an_error(bound, batch):
    broken = pa.Array.from_buffers(pa.string(), 1, [None, pa.array([0, 2], pa.int32()).buffers()[1], pa.py_buffer(b"\xff\xfe")])
    place = batch.schema.get_field_index("text")
    bad = batch.slice(0, 1).set_column(place, "text", broken)
    with pytest.raises(bezwaar.Error, match="UTF-8|UTF8|utf8|utf-8") as error:
        bound.filter(bad)
    assert error.value.status == 2
