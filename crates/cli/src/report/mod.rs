//! The HTML report: what was kept, and why the rest was not. One file, no scripts, nothing fetched from elsewhere.

mod chart;

use bezwaar_core::{Group, ReasonSet};
use bezwaar_gate::Tally;
use bezwaar_lens::page::frame;
use serde_json::Value;

use crate::error::grouped;

/// One run as the report shows it.
pub(crate) struct Run<'a> {
    /// What people call it.
    pub(crate) name: String,
    /// The run's manifest.
    pub(crate) manifest: &'a Value,
    /// What was decided.
    pub(crate) tally: &'a Tally,
}

/// A part of a bar: its colour's class, what it is, and how many records.
pub(crate) type Share = (&'static str, &'static str, u64);

/// Records of a tally, each counted once: kept, or under the first group people read.
pub(crate) fn shares(tally: &Tally) -> Vec<Share> {
    let of = |group: Group| {
        let first = |bits: u64| Group::ALL.into_iter().find(|group| ReasonSet::from_bits(bits).iter().any(|code| code.group() == *group));
        tally.sets.iter().filter(|(bits, _)| first(**bits) == Some(group)).map(|(_, times)| *times).sum::<u64>()
    };
    let groups = Group::ALL.into_iter().map(|group| (class_of(group), group.title(), of(group)));
    std::iter::once(("kept", "kept", tally.kept)).chain(groups).collect()
}

fn class_of(group: Group) -> &'static str {
    match group {
        Group::Person => "person",
        Group::Rule => "rule",
        Group::Unknown => "unknown",
        Group::Dispute => "dispute",
    }
}

/// Text safe inside HTML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The report of some runs as one page.
pub(crate) fn page(title: &str, intro: &str, runs: &[Run<'_>]) -> String {
    let mut body = format!("<h1>{}</h1>\n<p class=\"lead\">{}</p>\n", escape(title), escape(intro));
    if runs.len() > 1 {
        body.push_str("<h2>Side by side</h2>\n");
        body.push_str(&chart::legend());
        let rows: Vec<(String, Vec<Share>)> = runs.iter().map(|run| (run.name.clone(), shares(run.tally))).collect();
        body.push_str(&chart::stacked(&rows));
    }
    for run in runs {
        body.push_str(&section(run, runs.len() > 1));
    }
    body.push_str("<p class=\"foot\"><em>Kept</em> means that nothing we know speaks against it; it is not a legal basis. A record withheld for several reasons is counted under each of them; <em>would pass but for it</em> counts records with that one reason.</p>\n");
    frame("en", title, STYLE, &body)
}

fn section(run: &Run<'_>, many: bool) -> String {
    let text = |pointer: &str| run.manifest.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let number = |pointer: &str| grouped(run.manifest.pointer(pointer).and_then(Value::as_u64).unwrap_or_default());
    let tally = run.tally;
    let mut html = format!("<h2>{}</h2>\n", escape(&run.name));
    html.push_str(&format!(
        "<p class=\"big\"><b>{}</b> of {} records kept, <b>{}</b> withheld.</p>\n",
        grouped(tally.kept),
        grouped(tally.read),
        grouped(tally.withheld())
    ));
    if !many {
        html.push_str(&chart::legend());
        html.push_str(&chart::stacked(&[(String::new(), shares(tally))]));
    }
    html.push_str(&chart::reasons(tally));
    html.push_str("<table>\n");
    let mut row = |name: &str, value: String| {
        if !value.is_empty() {
            html.push_str(&format!("<tr><th>{}</th><td>{}</td></tr>\n", escape(name), escape(&value)));
        }
    };
    row("Use", text("/question/use"));
    row("Recipient", text("/question/recipient"));
    row(
        "Moment",
        format!(
            "{}{}",
            text("/question/at"),
            if run.manifest.get("replay") == Some(&Value::Bool(true)) { " (a replay, never a release)" } else { "" }
        ),
    );
    row("Reading", text("/question/reading"));
    row("Policy in force", text("/question/policy"));
    row("Form", text("/form/means"));
    if run.manifest.pointer("/extract/expired") == Some(&Value::Bool(true)) {
        row("Expired", format!("the extract expired at {}: what people said since is not in it", text("/extract/expires_at")));
    }
    row(
        "Extract",
        format!(
            "{} people, {} of them met{}",
            number("/extract/people"),
            number("/extract/people_met"),
            if run.manifest.pointer("/extract/signed") == Some(&Value::Bool(true)) {
                ""
            } else {
                "; not signed, so nobody answers for the objections in it"
            }
        ),
    );
    if run.manifest.pointer("/extract/signed") == Some(&Value::Bool(true)) {
        // The name of a vkey ends at its first `+`.
        let name = text("/extract/signed_by").split('+').next().unwrap_or_default().to_owned();
        let (size, root) = (number("/extract/checkpoint/size"), text("/extract/checkpoint/root"));
        row("Signed by", format!("{name}, from {size} entries of {}, checkpoint {root}", text("/extract/checkpoint/origin")));
        row("Provisional", format!("{} acts in the extract are of people not yet confirmed", number("/extract/provisional")));
    }
    if tally.provisional > 0 {
        row(
            "Not yet confirmed",
            format!(
                "{} withheld records rest on what people said who are not yet confirmed; they count all the same",
                grouped(tally.provisional)
            ),
        );
    }
    for asserted in run.manifest.get("asserted_not_observed").and_then(Value::as_array).into_iter().flatten() {
        let part = |name: &str| asserted.get(name).and_then(Value::as_str).unwrap_or_default();
        let rows = asserted.get("rows").and_then(Value::as_u64).unwrap_or_default();
        row("Asserted, not observed", format!("{} = {} for {} records: {}", part("field"), part("value"), grouped(rows), part("because")));
    }
    let unchecked: Vec<&str> =
        run.manifest.get("never_checked").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    if !unchecked.is_empty() {
        row("Never checked", format!("{} records for {}: nothing in the dataset says", grouped(tally.read), unchecked.join(", ")));
    }
    for failed in run.manifest.get("withheld_whole").and_then(Value::as_array).into_iter().flatten() {
        let part = |name: &str| failed.get(name).and_then(Value::as_str).unwrap_or_default();
        row("Withheld whole", format!("{}: {}", part("path"), part("because")));
    }
    html.push_str("</table>\n");
    html
}

const STYLE: &str = "
:root{--ink:#1d2329;--soft:#5b6670;--line:#d9dee3;--paper:#fff;--kept:#2f8f5b;--person:#c8443c;--rule:#5f7488;--unknown:#d19a2a;--dispute:#8561b5}
@media (prefers-color-scheme:dark){:root{--ink:#e8ecef;--soft:#9aa5af;--line:#38424b;--paper:#161b20;--kept:#46b67a;--person:#e4685f;--rule:#8ea4b9;--unknown:#e3b04b;--dispute:#a88bd4}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.7rem;margin:0 0 .3rem}h2{font-size:1.2rem;margin:2.2rem 0 .4rem;border-top:1px solid var(--line);padding-top:1.2rem}
.lead,.foot,th{color:var(--soft)}.foot{font-size:.9rem;margin-top:2rem}.big{font-size:1.1rem;margin:.2rem 0 .6rem}
table{border-collapse:collapse;margin-top:.8rem;font-size:.95rem}th{font-weight:normal;text-align:left;vertical-align:top;padding:.15rem 1.2rem .15rem 0;white-space:nowrap}td{padding:.15rem 0}
svg{width:100%;height:auto;display:block}svg text{font:13px system-ui,sans-serif;fill:var(--ink)}svg .soft{fill:var(--soft)}
.kept{fill:var(--kept);background:var(--kept)}.person{fill:var(--person);background:var(--person)}.rule{fill:var(--rule);background:var(--rule)}.unknown{fill:var(--unknown);background:var(--unknown)}.dispute{fill:var(--dispute);background:var(--dispute)}
.pale{opacity:.45}.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;list-style:none;padding:0;margin:.4rem 0;font-size:.9rem}.legend i{display:inline-block;width:.9em;height:.9em;margin-right:.4em;border-radius:2px;vertical-align:-.1em}
@media print{body{margin:0;max-width:none}}
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_is_counted_once_and_text_is_escaped() {
        let mut tally = Tally::default();
        let bits = |codes: &[bezwaar_core::Code]| codes.iter().copied().collect::<ReasonSet>().bits();
        tally.add(&[
            0,
            bits(&[bezwaar_core::Code::Objected, bezwaar_core::Code::RegionUnknown]),
            bits(&[bezwaar_core::Code::RegionUnknown]),
            bits(&[bezwaar_core::Code::Disputed]),
        ]);
        assert_eq!(shares(&tally).iter().map(|(_, _, count)| *count).collect::<Vec<_>>(), [1, 1, 0, 1, 1]);
        let manifest = serde_json::json!({"question": {"use": "<script>"}});
        let html = page("a & b", "c", &[Run { name: "<n>".to_owned(), manifest: &manifest, tally: &tally }]);
        assert!(html.contains("a &amp; b") && html.contains("&lt;script&gt;") && html.contains("&lt;n&gt;"));
        assert!(!html.contains("<script>"));
    }
}
