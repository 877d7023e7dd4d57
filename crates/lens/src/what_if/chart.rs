//! Bars: what is let through as things are, and under each change. Nothing is said by colour alone.

use std::fmt::Write;

use super::{Comparison, words};
use crate::plain::Texts;
use crate::timeline::escape;

/// How many letters a bar in the terminal has.
pub const BAR_WIDTH: usize = 40;

const WIDTH: f64 = 960.0;
const MARGIN: f64 = 16.0;
const BAR: f64 = 20.0;

/// How a bar is cut: what stays, what would be left out, what would be let through besides; in whole parts of `width`, so that what is not
/// nothing is seen.
fn parts(read: u64, stays: u64, out: u64, added: u64, width: u64) -> [u64; 3] {
    let part = |count: u64| {
        let exact = u128::from(count) * u128::from(width) / u128::from(read.max(1));
        u64::try_from(exact).unwrap_or(width).max(u64::from(count > 0))
    };
    let (out, added) = (part(out), part(added));
    [part(stays).min(width.saturating_sub(out + added)), out, added]
}

/// A bar of letters: `#` stays let through, `-` would be left out, `+` would be let through besides, `.` is left out in any case.
pub fn bar(read: u64, stays: u64, out: u64, added: u64) -> String {
    let [stays, out, added] = parts(read, stays, out, added, BAR_WIDTH as u64).map(|part| usize::try_from(part).unwrap_or(BAR_WIDTH));
    let rest = BAR_WIDTH.saturating_sub(stays + out + added);
    ["#".repeat(stays), "-".repeat(out), "+".repeat(added), ".".repeat(rest)].concat()
}

/// The comparison as a picture.
pub fn svg(comparison: &Comparison, texts: &Texts, number: &dyn Fn(u64) -> String) -> String {
    let title = texts.what_if("title", &[("use", &comparison.use_id)]);
    let lead = texts
        .what_if("lead", &[("read", &number(comparison.read)), ("kept", &number(comparison.kept)), ("people", &number(comparison.people))]);
    let (mut body, mut y, mut told) = (String::new(), MARGIN + 10.0, lead.clone());
    let mut put = |element: std::fmt::Arguments<'_>| {
        // Writing to a text cannot fail.
        let _ = writeln!(body, "{element}");
    };
    put(format_args!("<text x=\"{MARGIN}\" y=\"{y:.0}\" class=\"title\">{}</text>", escape(&title)));
    y += 24.0;
    put(format_args!("<text x=\"{MARGIN}\" y=\"{y:.0}\">{}</text>", escape(&lead)));
    y += 26.0;
    let mut x = MARGIN;
    for (class, key) in [("stays", "legend-stays"), ("gone", "legend-out"), ("come", "legend-added"), ("track", "legend-rest")] {
        let label = texts.what_if(key, &[]);
        put(format_args!("<rect class=\"{class}\" x=\"{x:.0}\" y=\"{:.0}\" width=\"22\" height=\"12\"/>", y - 10.0));
        put(format_args!("<text x=\"{:.0}\" y=\"{y:.0}\">{}</text>", x + 28.0, escape(&label)));
        x += 48.0 + label.chars().count() as f64 * 6.9;
    }
    let now = (texts.what_if("now", &[]), comparison.kept, 0, 0, String::new());
    let rows = comparison.outcomes.iter().map(|outcome| {
        let counted = texts.what_if(
            "moved",
            &[
                ("out", &number(outcome.out)),
                ("people_out", &number(outcome.people_out)),
                ("added", &number(outcome.added)),
                ("people_added", &number(outcome.people_added)),
            ],
        );
        (words(&outcome.changes, texts), comparison.kept.saturating_sub(outcome.out), outcome.out, outcome.added, counted)
    });
    for (label, stays, out, added, counted) in std::iter::once(now).chain(rows) {
        y += 34.0;
        put(format_args!("<text x=\"{MARGIN}\" y=\"{y:.0}\" class=\"strong\">{}</text>", escape(&label)));
        if !counted.is_empty() {
            let right = WIDTH - MARGIN;
            put(format_args!("<text x=\"{right}\" y=\"{y:.0}\" class=\"end\">{}</text>", escape(&counted)));
            let _ = write!(told, " {label}: {counted}.");
        }
        y += 8.0;
        let all = WIDTH - 2.0 * MARGIN;
        put(format_args!("<rect class=\"track\" x=\"{MARGIN}\" y=\"{y:.0}\" width=\"{all}\" height=\"{BAR}\"/>"));
        let mut left = MARGIN;
        for (class, part) in ["stays", "gone", "come"].into_iter().zip(parts(comparison.read, stays, out, added, all as u64)) {
            if part > 0 {
                put(format_args!("<rect class=\"{class}\" x=\"{left:.0}\" y=\"{y:.0}\" width=\"{part}\" height=\"{BAR}\"/>"));
            }
            left += part as f64;
        }
        y += BAR;
    }
    let height = y + MARGIN;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" width=\"{WIDTH}\" height=\"{height:.0}\" role=\"img\" aria-labelledby=\"what-if-title what-if-desc\">\n<title id=\"what-if-title\">{}</title>\n<desc id=\"what-if-desc\">{}</desc>\n<style>{STYLE}</style>\n{PATTERNS}<rect class=\"paper\" width=\"{WIDTH}\" height=\"{height:.0}\"/>\n{body}</svg>\n",
        escape(&title),
        escape(&told),
    )
}

const PATTERNS: &str = "<defs><pattern id=\"gone\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><rect class=\"ground\" width=\"7\" height=\"7\"/><rect class=\"red\" width=\"3\" height=\"7\"/></pattern><pattern id=\"come\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\"><rect class=\"ground\" width=\"6\" height=\"6\"/><circle class=\"green\" cx=\"3\" cy=\"3\" r=\"1.7\"/></pattern></defs>\n";

const STYLE: &str = "
.paper{fill:#fff}text{font:13px system-ui,sans-serif;fill:#1d2329}.title{font-size:19px;font-weight:600}.strong{font-weight:600}.end{text-anchor:end}
.track{fill:#eef1f4;stroke:#aab4bd}.stays{fill:#8fb9dd;stroke:#2c6a9e}.gone{fill:url(#gone);stroke:#a3201a;stroke-width:2}.come{fill:url(#come);stroke:#1f6f43;stroke-width:2}
.ground{fill:#fff}.red{fill:#d1493f}.green{fill:#1f6f43}
@media (prefers-color-scheme:dark){.paper{fill:#161b20}text{fill:#e8ecef}.track{fill:#222a31;stroke:#56616b}.stays{fill:#28587f;stroke:#79b4e6}.gone{stroke:#ff8d84}.come{stroke:#6fd09c}.ground{fill:#161b20}.red{fill:#d9584e}.green{fill:#6fd09c}}
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_nothing_is_seen() {
        assert_eq!(bar(1_000_000, 500_000, 1, 0), format!("{}-{}", "#".repeat(20), ".".repeat(19)));
        assert_eq!(bar(100, 0, 100, 0), "-".repeat(40));
        assert_eq!(bar(100, 100, 0, 0), "#".repeat(40));
        assert_eq!(bar(0, 0, 0, 0), ".".repeat(40));
        assert_eq!(bar(100, 99, 1, 0), format!("{}-", "#".repeat(39)));
        assert_eq!(bar(10, 3, 2, 1).len(), 40);
    }
}
