use insta::assert_snapshot;

use crate::bezwaar::Bench;

#[test]
fn of_everything() {
    let help = Bench::new().run(&["--help"]);
    // The list of subcommands grows; each has a page of its own.
    let (before, after) = (help.split("\nCommands:").next().unwrap(), help.split("\n\nOptions:").nth(1).unwrap());
    assert_snapshot!(format!("{before}\n…\n{after}"), @"
    exit code 0
    --- stdout
    Gate data for AI training against people's objections

    Policies say what a controller does, choices what people said about it, items what a record is.
    Bezwaar decides per record whether one recipient may use it for one purpose at one moment, and gives
    every reason when it may not.

    Usage: bezwaar <COMMAND>

    …

      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    Exit codes:
      0   done
      1   failed: an input is not as it should be
      2   the command line is not as it should be
      4   incomplete: the output was not published
      5   integrity failure: a proof does not hold, or a record disagrees with itself
      6   it holds, but was not witnessed: others may be shown another ledger
      70  a mistake in the program
    ");
}

#[test]
fn of_decide() {
    assert_snapshot!(Bench::new().run(&["decide", "--help"]), @r#"
    exit code 0
    --- stdout
    Decide about items, one decision per line

    Read items as JSON Lines and write a decision for each, in the same order. A line that cannot be
    read is withheld in its place, with an error on standard error, and makes the command fail at the
    end. Nothing is decided when the policies or the choices have a problem.

    Usage: bezwaar decide [OPTIONS] --policies <DIR> --choices <FILE> --use <ID> --recipient <ID> --at <INSTANT> [ITEMS]

    Arguments:
      [ITEMS]
              Read items from this file, or from standard input when it is absent or `-`

    Options:
          --policies <DIR>
              Read the policies in this folder

          --choices <FILE>
              Read what people said from this file, or say `none` when nobody said anything

          --use <ID>
              Ask about this use, such as `meta/public-content`

          --recipient <ID>
              Ask for this recipient, such as `meta-ai` or `third:acme`

          --at <INSTANT>
              Ask about this moment, such as `2025-05-27T00:00:00Z`

          --reading <READING>
              Read the policies this strictly

              Possible values:
              - stated:     The controller's binding text in force
              - protective: Where facts or law are disputed, or there is no control, withhold
              - consent:    Silence is no, on top of protective
              
              [default: protective]

          --output-format <FORMAT>
              Write decisions in this form

              Possible values:
              - json:  JSON Lines in the exchange format
              - human: A short block per item, and counts
              
              [default: json]

      -h, --help
              Print help (see a summary with '-h')

    Examples:
      Decide about a file of items, and keep the decisions:
        bezwaar decide --policies policies --choices choices.jsonl --use meta/public-content \
          --recipient meta-ai --at 2025-05-27T00:00:00Z items.jsonl > decisions.jsonl

      See what would pass if nobody had said anything, by the controller's own text:
        bezwaar decide --policies policies --choices none --use meta/public-content \
          --recipient meta-ai --at 2025-05-27T00:00:00Z --reading stated --output-format human
          items.jsonl

      List the ids of what is kept:
        … | jq -r 'select(.decision == "keep").item'
    "#);
}

#[test]
fn of_explain() {
    assert_snapshot!(Bench::new().run(&["explain", "--help"]), @r"
    exit code 0
    --- stdout
    Explain the decision about one item to the person who wrote it

    Say in plain Dutch or English whether the item goes along, why not, and what its author can do. The
    text speaks to the author; what other people said is not told.

    Usage: bezwaar explain [OPTIONS] --policies <DIR> --choices <FILE> --use <ID> --recipient <ID> --at <INSTANT> [ITEMS]

    Arguments:
      [ITEMS]
              Read items from this file, or from standard input when it is absent or `-`

    Options:
          --policies <DIR>
              Read the policies in this folder

          --choices <FILE>
              Read what people said from this file, or say `none` when nobody said anything

          --use <ID>
              Ask about this use, such as `meta/public-content`

          --recipient <ID>
              Ask for this recipient, such as `meta-ai` or `third:acme`

          --at <INSTANT>
              Ask about this moment, such as `2025-05-27T00:00:00Z`

          --reading <READING>
              Read the policies this strictly

              Possible values:
              - stated:     The controller's binding text in force
              - protective: Where facts or law are disputed, or there is no control, withhold
              - consent:    Silence is no, on top of protective
              
              [default: protective]

          --item <ID>
              Explain the item with this id; needed unless there is just one

          --language <LANGUAGE>
              Speak this language; otherwise the one of the environment

              Possible values:
              - nl: Dutch
              - en: English

      -h, --help
              Print help (see a summary with '-h')

    Examples:
      Explain one comment in Dutch:
        bezwaar explain --policies policies --choices choices.jsonl --use meta/public-content \
          --recipient meta-ai --at 2025-05-27T00:00:00Z --item c-1 --language nl items.jsonl

      Explain an item that comes alone:
        head -n 1 items.jsonl | bezwaar explain --policies policies --choices none --use x/own-ml \
          --recipient x --at 2025-05-27T00:00:00Z
    ");
}

#[test]
fn of_policy() {
    assert_snapshot!(Bench::new().run(&["policy", "--help"]), @"
    exit code 0
    --- stdout
    Show what the policies say

    Usage: bezwaar policy <COMMAND>

    Commands:
      list      List the versions of all policies
      show      Show a version of a policy, with the sources of what it says
      lint      Check policies against what the law asks
      diff      Show what changed for a person between two versions of a policy
      timeline  Draw when uses were announced and began, and since when people could say no
      page      Write a page per policy that anyone can read, with a chart and a calendar
      what-if   Count what would move if a policy, or the reading of it, were another
      help      Print this message or the help of the given subcommand(s)

    Options:
      -h, --help  Print help
    ");
    assert_snapshot!(Bench::new().run(&["policy", "list", "--help"]), @"
    exit code 0
    --- stdout
    List the versions of all policies

    Reading them checks them too: with a problem in any file, all problems are shown and nothing is
    listed.

    Usage: bezwaar policy list [OPTIONS] --policies <DIR>

    Options:
          --policies <DIR>
              Read the policies in this folder

          --output-format <FORMAT>
              Write the list in this form

              Possible values:
              - human: A table
              - json:  JSON Lines, one version each
              
              [default: human]

      -h, --help
              Print help (see a summary with '-h')

    Examples:
      Check a folder of policies, and see what is in it:
        bezwaar policy list --policies policies
    ");
    assert_snapshot!(Bench::new().run(&["policy", "show", "--help"]), @"
    exit code 0
    --- stdout
    Show a version of a policy, with the sources of what it says

    Usage: bezwaar policy show [OPTIONS] --policies <DIR> <ID[@VERSION]>

    Arguments:
      <ID[@VERSION]>
              Show this policy; without a version, the newest

    Options:
          --policies <DIR>
              Read the policies in this folder

          --use <ID>
              Show only this use

      -h, --help
              Print help (see a summary with '-h')

    Examples:
      Show the newest version of a policy:
        bezwaar policy show --policies policies meta

      Show one use as it was declared in an older version:
        bezwaar policy show --policies policies x@2024-05-07 --use x/grok-posts
    ");
}

#[test]
fn of_generate() {
    assert_snapshot!(Bench::new().run(&["generate", "--help"]), @r"
    exit code 0
    --- stdout
    Make up a corpus: items, what people said about their use, and job files

    The same arguments give the same bytes on every machine. Nobody real is in it: accounts lie beyond
    what services have given out, and texts say nothing. Some items lack facts or name nobody, as real
    ones do.

    Usage: bezwaar generate [OPTIONS] --out <DIR>

    Options:
          --seed <N>
              Choose among all corpora of this size
              
              [default: 1]

          --people <N>
              Let there be so many people

          --items <N>
              Let there be so many items

          --surge <N>
              Make no corpus but a surge of so many objections, in the order they come

          --days <N>
              Let the surge last so many days
              
              [default: 31]

          --out <DIR>
              Write into this folder

          --format <FORMAT>
              Write items in this form

              Possible values:
              - items: The exchange format, all in one file, with the text under `ext`
              - jsonl: A platform's dump as JSON Lines with nested fields, a file per service
              - csv:   A platform's dump as CSV, a file per service
              
              [default: items]

          --through <INSTANT>
              Let nothing happen later than this
              
              [default: 2026-06-01T00:00:00Z]

          --objecting <SHARE>
              Let this share of people object, from 0 to 1
              
              [default: 0.05]

          --policies <DIR>
              Let the job files name this folder of policies
              
              [default: policies]

      -h, --help
              Print help (see a summary with '-h')

    Examples:
      Make a small corpus, and decide about it:
        bezwaar generate --people 1000 --items 10000 --out out/made
        bezwaar decide --policies policies --choices out/made/choices.jsonl --use meta/public-content \
          --recipient meta-ai --at 2026-06-01T00:00:00Z --output-format human out/made/items.jsonl |
          tail

      Make ten million items as a platform's dump, with the job files that gate them:
        bezwaar generate --seed 7 --people 500000 --items 10000000 --format jsonl --out out/dump

      Make as many objections as the NHS in England got in one month, and see how a register takes them:
        bezwaar generate --surge 1340000 --days 31 --out out/surge
        bezwaar register import out/register out/surge/choices.jsonl
    ");
}

#[test]
fn version() {
    assert_snapshot!(Bench::new().run(&["--version"]), @"
    exit code 0
    --- stdout
    bezwaar 0.1.0
    ");
}

#[test]
fn usage() {
    assert_snapshot!(Bench::new().run(&["decide", "--policies", "policies"]), @"
    exit code 2
    --- stderr
    error: the following required arguments were not provided:
      --choices <FILE>
      --use <ID>
      --recipient <ID>
      --at <INSTANT>

    Usage: bezwaar decide --policies <DIR> --choices <FILE> --use <ID> --recipient <ID> --at <INSTANT> [ITEMS]

    For more information, try '--help'.
    ");
    assert_snapshot!(Bench::new().run(&["decied"]), @"
    exit code 2
    --- stderr
    error: unrecognized subcommand 'decied'

      tip: a similar subcommand exists: 'decide'

    Usage: bezwaar <COMMAND>

    For more information, try '--help'.
    ");
}
