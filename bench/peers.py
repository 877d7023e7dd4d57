"""One measured run of another tool on one corpus. Run by bench/run in a process of its own; prints the seconds from before the first
byte is read until everything is written, without the time to start Python and load the library.

    peers.py TOOL CORPUS OUTPUT THREADS

TOOL is duckdb-copy, duckdb-count or polars.
"""

import json
import os
import pathlib
import sys
import time

tool, corpus, output, threads = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), int(sys.argv[4])
about = json.loads((corpus / "corpus.json").read_text())
data, objectors = str(corpus / "data" / "*.parquet"), str(corpus / "objectors.parquet")
target = str(output / "kept.parquet")
output.mkdir(parents=True, exist_ok=True)

# What the policy asks of a record, and nothing that it does not: the same for every tool. Written out by hand from the policy's text.
GROUP_ROWS, MIN_AGE, AUDIENCE = 122_880, 18, "public"


def duckdb_query(what):
    words = lambda values: ", ".join(f"'{value}'" for value in values)
    return f"""
        SELECT {what} FROM read_parquet('{data}') AS record
        WHERE audience = '{AUDIENCE}' AND author_age >= {MIN_AGE} AND region IN ({words(about["eea"])})
          AND category IN ({words(about["categories"])}) AND author IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM objectors WHERE objectors.author = record.author)"""


if tool.startswith("duckdb"):
    import duckdb

    connection = duckdb.connect(config={"threads": threads})
    connection.execute("SET enable_progress_bar = false")
    started = time.perf_counter()
    connection.execute(f"CREATE TEMP TABLE objectors AS SELECT author FROM read_parquet('{objectors}')")
    if tool == "duckdb-count":
        rows = connection.execute(duckdb_query("count(*)")).fetchone()[0]
    else:
        options = f"FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE {GROUP_ROWS}"
        rows = connection.execute(f"COPY ({duckdb_query('record.*')}) TO '{target}' ({options})").fetchone()[0]
    seconds = time.perf_counter() - started
else:
    os.environ["POLARS_MAX_THREADS"] = str(threads)
    import polars as pl

    started = time.perf_counter()
    passes = (
        (pl.col("audience") == AUDIENCE)
        & (pl.col("author_age") >= MIN_AGE)
        & pl.col("region").is_in(about["eea"])
        & pl.col("category").is_in(about["categories"])
        & pl.col("author").is_not_null()
    )
    kept = pl.scan_parquet(data).filter(passes).join(pl.scan_parquet(objectors), on="author", how="anti", maintain_order="left")
    kept.sink_parquet(target, compression="zstd", compression_level=1, row_group_size=GROUP_ROWS)
    seconds = time.perf_counter() - started
    rows = pl.scan_parquet(target).select(pl.len()).collect().item()

print(json.dumps({"seconds": seconds, "rows": rows}))
