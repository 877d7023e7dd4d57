"""Renders the results: a page of tables and a chart."""

CORPORA = {
    "half": ("Half kept, at random", "About half of the records are kept, scattered: many are not public, of people elsewhere, too young or of unknown age, or of people who objected."),
    "scattered": ("1 % withheld, scattered", "1 % is withheld, of people all over the corpus, so that nearly every page is touched."),
    "clustered": ("1 % withheld, few people", "1 % is withheld: the records of eight very active people. Records are sorted by author, so that most row groups are kept whole."),
    "authors": ("Very many authors", "One author for every five records, the author column without a dictionary; a few per cent are withheld, scattered."),
}
TOOLS = {
    "bezwaar-copy": "Bezwaar, copy",
    "bezwaar-mask": "Bezwaar, mask",
    "duckdb-copy": "DuckDB, COPY … TO",
    "polars": "Polars, sink_parquet",
    "duckdb-count": "DuckDB, only counting",
    "cp": "cp, no decision",
}
AGAINST = ["duckdb-copy", "polars"]


def number(value):
    return f"{value:,}"


def mega(value):
    return f"{value / 1e6:,.0f}" if value >= 10e6 else f"{value / 1e6:,.1f}"


def seconds(value):
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def small(value):
    return f"{value:.1f} s" if value >= 1 else f"{value * 1e3:.2g} ms"


def count_words(value):
    return f"{value / 1e6:g} M" if value >= 1e6 else f"{value / 1e3:g} k"


def table(head, rows, left=1):
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join(["---"] * left + ["--:"] * (len(head) - left)) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def comparison(kind, found):
    tools = found["tools"]
    rows = []
    for tool, label in TOOLS.items():
        run = tools[tool]
        ratios = ["" if other == tool else f"{run['seconds'] / tools[other]['seconds']:.2f} ×" for other in AGAINST]
        output = "–" if tool == "duckdb-count" else mega(run["output_bytes"])
        label = f"**{label}**" if tool.startswith("bezwaar") else label
        spread = f"{seconds(run['seconds_min'])}–{seconds(run['seconds_max'])}"
        rows.append([label, seconds(run["seconds"]), spread, *ratios, f"{found['records'] / run['seconds'] / 1e6:.2f}", output, mega(run["peak_bytes"])])
    head = ["tool", "median s", "range s", "÷ DuckDB COPY", "÷ Polars", "M records/s", "output MB", "peak MB"]
    title, words = CORPORA[kind]
    kept = f"{found['kept'] / found['records']:.1%}"
    facts = (
        f"{number(found['records'])} records of {number(found['authors'])} authors, {mega(found['bytes'])} MB in {found['row_groups']} row groups; "
        f"{number(found['objectors'])} objectors, {number(found['acts'])} acts. Kept by every tool: {number(found['kept'])} ({kept})."
    )
    return f"### {title}\n\n{words}\n\n{facts}\n\n{table(head, rows)}\n"


def register(found):
    """The register: surges replayed into it."""
    rows = []
    for surge in found["surges"]:
        rows.append([
            number(surge["choices"]),
            seconds(surge["seconds"]),
            number(round(surge["choices"] / surge["seconds"])),
            number(surge["slowest_million"]) if surge["slowest_million"] else "",
            *(f"{surge['accepted_ms'][place] / 1e3:.2f}" for place in (0, 1, 2)),
            *(f"{surge['checkpoint_ms'][place] / 1e3:.2f}" for place in (1, 2)),
            *(f"{surge[looked][1]:.2f}" if looked in surge else "" for looked in ("lookup_ms", "lookup_at_rest_ms")),
            mega(surge["peak_bytes"]),
        ])
    head = ["choices", "s", "choices/s", "slowest million, /s", "accepted s, median", "99 %", "most", "under a checkpoint s, 99 %", "most", "a person's acts ms, 99 %", "at rest", "peak MB"]
    parts = [
        "## The register\n",
        f"{found['date']}. Surges of made-up objections (`bezwaar generate --surge`), each a submission of its own, as fast as they are taken, through the sequencer into SQLite with every batch on disk before "
        "anybody is answered; a checkpoint about once a second. Reading the lines, sealing each act under its person's key, and the tree are in the times. *Accepted* is from handing in to the acceptance note, "
        "*under a checkpoint* to where anybody can see it. Acts are looked up for 20,000 people at random right after, by a reader that first works out what is not indexed yet, and *at rest*: by another process, when what was dirty is on disk.\n",
        table(head, rows, 0) + "\n",
    ]
    extracts = [surge for surge in found["surges"] if "extract_seconds" in surge]
    if extracts:
        rows = [[number(surge["people"]), seconds(surge["extract_seconds"]), mega(surge["extract_bytes"]), seconds(surge["extract_opened_seconds"]), mega(surge["extract_peak_bytes"])] for surge in extracts]
        parts += ["An extract of all of them, on all threads, and opened as the gate opens it:\n", table(["people", "made s", "MB", "opened s", "peak MB"], rows, 0) + "\n"]
    if "proofs" in found:
        rows = [[proof["what"], small(proof["seconds"]), proof["meant"]] for proof in found["proofs"]]
        shown = [surge for surge in found["surges"] if "inclusion_ms" in surge]
        rows += [[f"an entry of {number(surge['size'])} proven from the published files (99 %: {surge['inclusion_ms'][1]:.2f} ms)", small(surge["inclusion_ms"][0] / 1e3), "10 ms"] for surge in shown]
        parts += ["Proofs, each by itself; medians, of receipts the mean of a thousand:\n", table(["", "measured", "at most, as meant"], rows) + "\n"]
    if "note" in found:
        parts.append(found["note"] + "\n")
    return parts


def page(results):
    about = results["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    parts = [
        "# Benchmarks\n",
        "Written by `bench/run`; do not edit.\n",
        f"{results['date']}. {about['cpu']}, {about['cores']} cores, {about['memory_bytes'] / 2**30:.0f} GiB; {about['system']}. {versions}. "
        f"Every tool had {results['threads']} threads.\n",
    ]
    if "corpora" in results:
        parts += [
            "![Seconds per corpus and tool](benchmarks.svg)\n",
            "## What is measured\n",
            f"Made-up records, the same each time: id, author, category, audience, region, two times, age, and a text of some "
            f"{round(next(iter(results['corpora'].values()))['text_bytes_mean'])} bytes. Parquet, zstd level 1, row groups of 122,880. The question is `meta/public-content` for `meta-ai`, "
            "read protectively, by the policies of this repository.\n",
            f"Files are read once before, so all is in the cache. Each tool ran {results['runs']} times, interleaved, in an order that turns; "
            "what is dirty is written out before a run begins, outside its time. The table gives medians. Peak memory is the largest "
            "resident size of a run, as the kernel counts it.\n",
            "**Included for Bezwaar:** the whole process, from its start: reading the policies and the extract, opening every file, deciding with all reasons and "
            "counting them, writing, **reading the output back and comparing it with what was decided**, hashing it, fsync, the manifest and the report.\n",
            "**Included for the others:** only the query, from the first byte read to the last one written. Starting Python and loading the library are left out, and nothing "
            "is read back or fsynced. They get the same predicate, written by hand from the policy's text for this one question (public, a known age of at least "
            "18, a known region in the EEA, a category the use names, and an anti-join with the authors who objected), and a ready-made table of those "
            "authors. They give rows, not reasons, and write one file where Bezwaar writes one per input.\n",
            "**Not in any of the times:** making the extract ("
            + ", ".join(f"{seconds(found['extract_seconds'])} s for {number(found['acts'])} acts" for found in list(results["corpora"].values())[:1])
            + ", the first corpus), making the corpora, and cold disks.\n",
            "All tools must keep the same number of records, or the run stops. That the *right* ones are kept is the matter of the tests, not of this page. "
            "A mask lists verdicts and copies no record. `cp` copies the files and decides nothing.\n",
            "These are made-up data on one small machine. With more cores, other disks, or wider records the ratios change.\n",
            "## Results\n",
            *(comparison(kind, found) for kind, found in results["corpora"].items()),
        ]
    if "memory" in results:
        rows = [
            [number(row["records"]), number(row["files"]), mega(row["input_bytes"]), mega(row["copy_peak_bytes"]), mega(row["mask_peak_bytes"]), seconds(row["copy_seconds"]), seconds(row["mask_seconds"])]
            for row in results["memory"]
        ]
        head = ["records", "files", "input MB", "copy, peak MB", "mask, peak MB", "copy s", "mask s"]
        parts += ["## Memory and size\n", "The first corpus, its files repeated; one run each.\n", table(head, rows, 0) + "\n"]
    if "register" in results:
        parts += register(results["register"])
    if "build" in results:
        made = results["build"]
        parts += [
            "## Building\n",
            f"`cargo build --release` of the command line from an empty target folder, crates already downloaded: {made['seconds']:.0f} s on this machine; "
            f"a binary of {mega(made['binary_bytes'])} MB. {made['crates_linked']} crates of others are in it, macros counted, and {made['crates_built']} with what only build scripts need, on this platform.\n",
        ]
    surges = "".join(f" --surge {surge['choices']}" for surge in results.get("register", {}).get("surges", []))
    register_again = f"$ bench/register --date {results['register']['date']}{surges}\n" if surges else ""
    asked = " --records " + str(results["records"]) if results["records"] != 10_000_000 else ""
    parts += ["## Again\n", f"```console\n$ bench/run --date {results['date']}{asked} --all\n{register_again}```\n", "It needs Python 3.11, what building needs, and room on disk. `bench/run --help` has the parts."]
    return "\n".join(parts) + "\n"


STYLE = """
    .paper { fill: #ffffff } .text { fill: #1f2328 } .soft { fill: #59636e } .rule { stroke: #d1d9e0 }
    .ours { fill: #0b6bcb } .peer { fill: #a8b3bf }
    text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif }
    .title { font-size: 14px; font-weight: 600 } .strong { font-weight: 600 } .small { font-size: 12px }
    @media (prefers-color-scheme: dark) {
      .paper { fill: #0d1117 } .text { fill: #f0f6fc } .soft { fill: #9aa4af } .rule { stroke: #3d444d }
      .ours { fill: #58a6ff } .peer { fill: #57606a }
    }"""
WIDTH, LEFT, RIGHT, BAR, STEP = 760, 190, 150, 16, 23


def chart(results):
    """Horizontal bars, a panel per corpus, all on one scale."""
    corpora = results.get("corpora", {})
    longest = max((run["seconds"] for found in corpora.values() for run in found["tools"].values()), default=1)
    scale = (WIDTH - LEFT - RIGHT) / longest
    body, y = [], 30
    heading = f"Seconds for {count_words(results['records'])} records, median of {results['runs']}; less is better"
    body.append(f'<text class="text title" x="16" y="{y}">{heading}</text>')
    y += 18
    under = "Bezwaar: whole process, with reading back and fsync. Others: the query alone, without either."
    body.append(f'<text class="soft small" x="16" y="{y}">{under}</text>')
    y += 14
    for kind, found in corpora.items():
        y += 22
        body.append(f'<text class="text title" x="16" y="{y}">{CORPORA[kind][0]}</text>')
        y += 10
        top = y
        base = found["tools"]["duckdb-copy"]["seconds"]
        for tool, label in TOOLS.items():
            value = found["tools"][tool]["seconds"]
            ours = tool.startswith("bezwaar")
            middle = y + BAR / 2 + 4.5
            strong = " strong" if ours else ""
            body.append(f'<text class="text{strong}" x="{LEFT - 10}" y="{middle}" text-anchor="end">{label}</text>')
            body.append(f'<rect class="{"ours" if ours else "peer"}" x="{LEFT}" y="{y}" width="{max(value * scale, 1):.1f}" height="{BAR}" rx="2"/>')
            ratio = "" if tool == "duckdb-copy" else f'<tspan class="soft" font-weight="400" dx="6">{value / base:.2f} × COPY</tspan>'
            body.append(f'<text class="text{strong}" x="{LEFT + value * scale + 7:.1f}" y="{middle}">{seconds(value)} s{ratio}</text>')
            y += STEP
        body.append(f'<line class="rule" x1="{LEFT}" y1="{top - 3}" x2="{LEFT}" y2="{y - STEP + BAR + 3}"/>')
    height = y + 12
    words = "; ".join(f"{CORPORA[kind][0]}: " + ", ".join(f"{label} {seconds(found['tools'][tool]['seconds'])} s" for tool, label in TOOLS.items()) for kind, found in corpora.items())
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="t d">'
    inside = "\n  ".join(body)
    return f'{head}\n  <title id="t">{heading}</title>\n  <desc id="d">{words}</desc>\n  <style>{STYLE}\n  </style>\n  <rect class="paper" width="{WIDTH}" height="{height}" rx="6"/>\n  {inside}\n</svg>\n'
