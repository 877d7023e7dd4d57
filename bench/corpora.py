"""Makes one corpus: made-up records of made-up people, in Parquet. Run by bench/run in a process of its own.

    corpora.py KIND RECORDS FOLDER

writes FOLDER/data/part-NNN.parquet, FOLDER/choices.jsonl (what people said), FOLDER/objectors.parquet (for the other tools: whose no
stands) and FOLDER/corpus.json. The same KIND and RECORDS give the same records.
"""

import json
import pathlib
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

PART_ROWS, GROUP_ROWS = 1_000_000, 122_880
FIRST_AUTHOR = 100_000_000_000_000
USE = "meta/public-content"
HEAVY = 8  # people in the clustered corpus whose records are withheld

EEA = (
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK GP MQ GF RE YT MF AX IS LI NO"
).split()
ELSEWHERE = ["US", "GB", "BR", "IN", "CH"]

COMMON = """the a to and is it you that in of for on my this have be not with was are so but just at me like get do what all if we can
no out up go one know your time when about now see they good how will there from he as her she his or good day today really right think
want people got need love make back still going more new some some day work home last night great thanks because here why then them who
been had off after man over never way only even us much too look always down come could first well best would year life very thing where
should say before tomorrow week again please did better every free sure again next two many had does long into feel game let big ever
happy show take any watch school live old tell world keep help bad most guys other thought which money haha lol nice ok yes yeah maybe
de het een en van ik je niet dat die in is op te zijn met voor maar ook nog wel als er aan om naar heb mij dan wat morgen vandaag
leuk lekker gewoon even echt mooi huis fiets trein regen zon koffie brood kaas tulp gracht brug haven markt avond ochtend weekend""".split()
PIECES = "ba be bo da de do fa fi ga ge gi ka ke ki ko la le li lo ma me mi mo na ne ni no pa pe po ra re ri ro sa se si so ta te ti to va ve vi wa we wi za ze zo".split()


def word_list(rng, count):
    words = list(dict.fromkeys(COMMON))
    while len(words) < count:
        words.append("".join(rng.choice(PIECES, rng.integers(2, 5))))
    return words


class Texts:
    """Chat-like lines: words by Zipf's law, a log-normal number of them."""

    def __init__(self, rng):
        words = word_list(rng, 6_000)
        width = max(map(len, words)) + 1
        self.letters = np.zeros((len(words), width), np.uint8)
        for place, word in enumerate(words):
            self.letters[place, : len(word) + 1] = np.frombuffer(f"{word} ".encode(), np.uint8)
        self.lengths = np.array([len(word) + 1 for word in words])
        weights = 1.0 / (np.arange(len(words)) + 4.0)
        self.steps = np.cumsum(weights / weights.sum())
        self.inside = np.arange(width)[None, :] < self.lengths[:, None]

    def make(self, rng, rows):
        counts = np.clip(np.rint(rng.lognormal(2.43, 0.75, rows)), 1, 300).astype(np.int64)
        tokens = np.minimum(np.searchsorted(self.steps, rng.random(int(counts.sum()))), len(self.lengths) - 1)
        letters = self.letters[tokens][self.inside[tokens]]
        ends = np.cumsum(self.lengths[tokens])[np.cumsum(counts) - 1]
        letters[ends - 1] = np.frombuffer(b".!? )", np.uint8)[rng.integers(0, 5, rows)]
        offsets = np.concatenate([[0], ends]).astype(np.int32)
        return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(letters))


def names(rng, choices, shares, rows):
    shares = np.array(shares) / np.sum(shares)
    return pa.DictionaryArray.from_arrays(pa.array(rng.choice(len(choices), rows, p=shares).astype(np.int32)), choices).cast(pa.string())


def people(kind, records, rng):
    """Per author: whether their no stands, their region, their age; and per record its author, in the order of the file."""
    count = {"half": records // 100, "scattered": records // 100, "clustered": records // 100, "authors": records // 5}[kind]
    count = max(count, 100)
    objects = rng.random(count) < {"half": 0.08, "scattered": 0.005, "clustered": 0.0, "authors": 0.05}[kind]
    region = rng.integers(0, len(EEA), count)
    age = rng.integers(18, 80, count)
    if kind == "half":
        elsewhere, unknown = rng.random(count) < 0.06, rng.random(count) < 0.02
        region = np.where(elsewhere, len(EEA) + rng.integers(0, len(ELSEWHERE), count), region)
        region = np.where(unknown, -1, region)
        age = np.where(rng.random(count) < 0.08, rng.integers(13, 18, count), age)
        age = np.where(rng.random(count) < 0.04, -1, age)
    if kind == "scattered":
        age = np.where(rng.random(count) < 0.005, -1, age)
    author = (count * rng.random(records) ** 1.2).astype(np.int64)  # some write more than others
    if kind == "authors":
        author = rng.integers(0, count, records)
    if kind == "clustered":
        # A few very active people have the 1 % that is withheld: half of them objected, of the others no age is known.
        heavy = np.linspace(0, count - 1, HEAVY + 2).astype(np.int64)[1:-1]
        objects[heavy[::2]] = True
        age[heavy[1::2]] = -1
        author[np.isin(author, heavy)] = 0
        author[: records // 100] = np.resize(heavy, records // 100)
        author.sort()
    return objects, region, age, author


def choices(path, objectors, rng, strangers):
    """What they said: those whose no stands, people who have no record here, and acts that do not count for this use."""
    with open(path, "w") as file:
        def line(number, author, act):
            received = f"2026-0{1 + number % 6}-{1 + number % 28:02d}T09:00:00Z"
            act = {"id": f"o-{number}", "person": f"facebook:{author}", **act, "received_at": received, "channel": "form", "by": "self"}
            file.write(json.dumps(act, separators=(",", ":")) + "\n")

        number = 0
        for author in objectors:
            line(number, author, {"act": "object"} if number % 3 == 0 else {"act": "object", "uses": [USE]})
            number += 1
        for author in strangers:
            line(number, author, {"act": "object", "uses": [USE]})
            number += 1
        # Objections to something else: they are in the extract, and speak against nothing here.
        for author in rng.integers(10**15, 2 * 10**15, len(objectors) // 5):
            line(number, author, {"act": "object", "uses": ["x/own-ml"]})
            number += 1
        return number


def main():
    kind, records, folder = sys.argv[1], int(sys.argv[2]), pathlib.Path(sys.argv[3])
    rng = np.random.default_rng([20260901, ["half", "scattered", "clustered", "authors"].index(kind)])
    (folder / "data").mkdir(parents=True, exist_ok=True)
    texts = Texts(rng)
    objects, region, age, author = people(kind, records, rng)
    numbers = FIRST_AUTHOR + np.arange(len(objects)) * 7_919
    regions = pa.array([*EEA, *ELSEWHERE])
    half = kind == "half"
    categories = ["post", "comment", "photo", "video", "reaction", "profile", "message", "metadata"]
    category_shares = [50, 30, 5, 3, 4, 1, 5, 2] if half else [54, 32, 6, 3, 4, 1, 0, 0]
    audiences, audience_shares = ["public", "restricted", "private"], [78, 17, 5] if half else [1, 0, 0]

    dictionary = [name for name in ("author", "category", "audience", "region", "author_age") if not (kind == "authors" and name == "author")]
    options = {"compression": "zstd", "compression_level": 1, "use_dictionary": dictionary, "dictionary_pagesize_limit": 4 << 20}
    day = 86_400_000_000
    written, total_bytes, text_bytes = 0, 0, 0
    for part in range((records + PART_ROWS - 1) // PART_ROWS):
        rows = min(PART_ROWS, records - written)
        path = folder / "data" / f"part-{part:03d}.parquet"
        writer = None
        for first in range(written, written + rows, GROUP_ROWS):
            count = min(GROUP_ROWS, written + rows - first)
            who = author[first : first + count]
            made = 1_420_070_400_000_000 + rng.integers(0, 10 * 365 * day, count)
            text = texts.make(rng, count)
            text_bytes += text.buffers()[2].size
            where, old = region[who], age[who]
            columns = {
                "id": pa.array(10**18 + np.arange(first, first + count) * 4_096 + rng.integers(0, 4_096, count)).cast(pa.string()),
                "author": pa.array(numbers[who]).cast(pa.string()),
                "category": names(rng, categories, category_shares, count),
                "audience": names(rng, audiences, audience_shares, count),
                "region": regions.take(pa.array(where, mask=where < 0)),
                "created_at": pa.array(made, pa.timestamp("us", "UTC")),
                "collected_at": pa.array(np.full(count, 1_748_736_000_000_000) + (made % day), pa.timestamp("us", "UTC")),
                "author_age": pa.array(old.astype(np.int32), mask=old < 0),
                "text": text,
            }
            table = pa.table(columns)
            writer = writer or pq.ParquetWriter(path, table.schema, **options)
            writer.write_table(table, row_group_size=GROUP_ROWS)
        writer.close()
        written += rows
        total_bytes += path.stat().st_size

    objectors = numbers[objects]
    strangers = 3 * 10**14 + np.arange(max(len(objects) // 100, 10)) * 13
    said = choices(folder / "choices.jsonl", objectors, rng, strangers)
    standing = pa.table({"author": pa.array(np.concatenate([objectors, strangers])).cast(pa.string())})
    pq.write_table(standing, folder / "objectors.parquet")
    about = {
        "records": records,
        "authors": len(objects),
        "acts": said,
        "objectors": standing.num_rows,
        "bytes": total_bytes,
        "text_bytes_mean": round(text_bytes / records, 1),
        "row_groups": sum(pq.ParquetFile(path).num_row_groups for path in sorted((folder / "data").iterdir())),
        "categories": categories[:6],
        "eea": EEA,
    }
    (folder / "corpus.json").write_text(json.dumps(about))


main()
