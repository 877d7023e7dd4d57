//! Charts as SVG. Every bar carries its name and number: nothing is said by colour alone.

use bezwaar_gate::Tally;

use super::{Share, class_of, escape};
use crate::error::grouped;

const WIDTH: f64 = 900.0;
const NAMES: f64 = 250.0;
const ROW: f64 = 30.0;

/// What the colours stand for.
pub(super) fn legend() -> String {
    let entry = |(class, title): (&str, &str)| format!("<li><i class=\"{class}\"></i>{title}</li>");
    let groups = bezwaar_core::Group::ALL.into_iter().map(|group| (class_of(group), group.title()));
    let entries: String = std::iter::once(("kept", "kept")).chain(groups).map(entry).collect();
    format!("<ul class=\"legend\">{entries}</ul>\n")
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn percent(part: u64, whole: u64) -> String {
    match share(part, whole) * 100.0 {
        0.0 => "0 %".to_owned(),
        value if value < 0.1 => "under 0.1 %".to_owned(),
        value if value > 99.9 && part < whole => "over 99.9 %".to_owned(),
        value => format!("{value:.1} %"),
    }
}

/// A bar per row, cut into its shares.
pub(super) fn stacked(rows: &[(String, Vec<Share>)]) -> String {
    let names = if rows.iter().all(|(name, _)| name.is_empty()) { 0.0 } else { NAMES };
    let height = ROW * rows.len() as f64 + 4.0;
    let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"shares of records kept and withheld\">\n");
    for (place, (name, parts)) in rows.iter().enumerate() {
        let top = ROW * place as f64 + 2.0;
        let whole: u64 = parts.iter().map(|(_, _, count)| count).sum();
        svg.push_str(&format!("<text x=\"0\" y=\"{}\">{}</text>\n", top + 18.0, escape(name)));
        let mut left = names;
        for (class, title, count) in parts.iter().filter(|(_, _, count)| *count > 0) {
            let width = share(*count, whole) * (WIDTH - names);
            let label = percent(*count, whole);
            svg.push_str(&format!(
                "<rect class=\"{class}\" x=\"{left:.1}\" y=\"{top}\" width=\"{:.1}\" height=\"24\" rx=\"2\"><title>{title}: {} ({label})</title></rect>\n",
                (width - 1.0).max(1.0),
                grouped(*count)
            ));
            if width > 60.0 {
                svg.push_str(&format!("<text x=\"{:.1}\" y=\"{}\" style=\"fill:#fff\">{label}</text>\n", left + 6.0, top + 17.0));
            }
            left += width;
        }
        if whole == 0 {
            svg.push_str(&format!("<text class=\"soft\" x=\"{names}\" y=\"{}\">no records</text>\n", top + 17.0));
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// A bar per reason: all records it holds back, and darker those it alone holds back.
pub(super) fn reasons(tally: &Tally) -> String {
    let mut codes = tally.codes();
    if codes.is_empty() {
        return "<p>Nothing was withheld.</p>\n".to_owned();
    }
    codes.sort_by_key(|(code, count)| (code.group(), std::cmp::Reverse(count.any)));
    let height = ROW * codes.len() as f64 + 24.0;
    let most = codes.iter().map(|(_, count)| count.any).max().unwrap_or(1);
    let room = WIDTH - NAMES - 250.0;
    let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"records withheld per reason\">\n");
    svg.push_str(&format!(
        "<text class=\"soft\" x=\"{NAMES}\" y=\"12\">records withheld for this reason (full colour: would pass but for it)</text>\n"
    ));
    for (place, (code, count)) in codes.iter().enumerate() {
        let top = ROW * place as f64 + 22.0;
        let class = class_of(code.group());
        let (any, only) = (share(count.any, most) * room, share(count.only, most) * room);
        svg.push_str(&format!("<text x=\"0\" y=\"{}\">{code}</text>\n", top + 15.0));
        svg.push_str(&format!(
            "<rect class=\"{class} pale\" x=\"{NAMES}\" y=\"{top}\" width=\"{:.1}\" height=\"20\" rx=\"2\"/>\n",
            any.max(1.5)
        ));
        if count.only > 0 {
            svg.push_str(&format!(
                "<rect class=\"{class}\" x=\"{NAMES}\" y=\"{top}\" width=\"{:.1}\" height=\"20\" rx=\"2\"/>\n",
                only.max(1.5)
            ));
        }
        let label = format!("{} ({}); alone: {}", grouped(count.any), percent(count.any, tally.read), grouped(count.only));
        svg.push_str(&format!("<text class=\"soft\" x=\"{:.1}\" y=\"{}\">{label}</text>\n", NAMES + any + 8.0, top + 15.0));
    }
    svg.push_str("</svg>\n");
    svg
}
