//! The chart as SVG: one file, no fonts or scripts from elsewhere, for light and dark, and nothing said by colour alone.

use std::fmt::Write;

use bezwaar_core::policy::When;
use bezwaar_core::time::Day;

use super::{Gap, MarkKind, Row, Timeline, wrapped};
use crate::plain::Texts;

const WIDTH: f64 = 960.0;
const MARGIN: f64 = 16.0;
const RIGHT: f64 = WIDTH - MARGIN;
const BAR: f64 = 18.0;
const LINE: f64 = 18.0;
/// Letters that fit on a line of the whole width.
const LETTERS: usize = 128;
/// Width of an average letter at 13 pixels.
const LETTER: f64 = 6.9;

/// Text safe inside XML.
pub(crate) fn escape(text: &str) -> String {
    let safe = text.chars().filter(|letter| !letter.is_control() || *letter == '\n').collect::<String>();
    safe.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

struct Canvas {
    body: String,
    y: f64,
}

impl Canvas {
    fn put(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a text cannot fail.
        let _ = writeln!(self.body, "{element}");
    }

    fn text(&mut self, x: f64, class: &str, text: &str) {
        let (y, text) = (self.y, escape(text));
        self.put(format_args!("<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\">{text}</text>"));
    }

    /// Lines of text, each on its own line.
    fn paragraph(&mut self, class: &str, text: &str) {
        for line in wrapped(text, LETTERS) {
            self.y += LINE;
            self.text(MARGIN, class, &line);
        }
    }
}

/// The timeline as a picture.
pub fn svg(timeline: &Timeline, texts: &Texts) -> String {
    let mut canvas = Canvas { body: String::new(), y: MARGIN + 10.0 };
    let title = texts.timeline("title", &[("title", &timeline.title)]);
    canvas.text(MARGIN, "title", &title);
    canvas.y += 10.0;
    if timeline.rows.is_empty() {
        canvas.paragraph("", &texts.timeline("empty", &[]));
    } else {
        legend(&mut canvas, texts);
    }
    for row in &timeline.rows {
        draw(&mut canvas, timeline, row, texts);
    }
    if !timeline.disputes.is_empty() {
        canvas.y += 14.0;
        canvas.paragraph("strong", &texts.timeline("disputes", &[]));
        for line in timeline.dispute_lines(texts) {
            canvas.paragraph("", &line);
        }
    }
    canvas.y += 6.0;
    for line in timeline.version_lines(texts) {
        canvas.paragraph("soft", &line);
    }
    let height = canvas.y + MARGIN;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" width=\"{WIDTH}\" height=\"{height:.0}\" role=\"img\" aria-labelledby=\"timeline-title timeline-desc\">\n<title id=\"timeline-title\">{}</title>\n<desc id=\"timeline-desc\">{}</desc>\n<style>{STYLE}</style>\n{PATTERNS}<rect class=\"paper\" width=\"{WIDTH}\" height=\"{height:.0}\"/>\n{}</svg>\n",
        escape(&title),
        escape(&timeline.description(texts)),
        canvas.body
    )
}

/// Bars first, then marks, each with its words.
fn legend(canvas: &mut Canvas, texts: &Texts) {
    let mut x = MARGIN;
    canvas.y += LINE;
    for (class, key) in [("lacking", "legend-gap"), ("offered", "legend-open"), ("undated", "legend-undated"), ("out", "legend-window")] {
        let words = texts.timeline(key, &[]);
        let width = 34.0 + words.chars().count() as f64 * LETTER;
        if x + width > RIGHT {
            x = MARGIN;
            canvas.y += LINE + 2.0;
        }
        let y = canvas.y - 10.0;
        canvas.put(format_args!("<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"22\" height=\"12\"/>"));
        canvas.text(x + 28.0, "", &words);
        x += width + 14.0;
    }
    canvas.y += LINE + 2.0;
    x = MARGIN;
    for kind in MarkKind::ALL {
        let words = texts.timeline(kind.key(), &[]);
        let y = canvas.y - 4.0;
        mark(canvas, kind, x + 7.0, y);
        canvas.text(x + 20.0, "", &words);
        x += 44.0 + words.chars().count() as f64 * LETTER;
    }
}

fn x_of(timeline: &Timeline, day: Day) -> f64 {
    MARGIN + timeline.place(day) * (RIGHT - MARGIN)
}

fn draw(canvas: &mut Canvas, timeline: &Timeline, row: &Row, texts: &Texts) {
    canvas.y += 22.0;
    let y = canvas.y;
    canvas.put(format_args!("<line class=\"rule\" x1=\"{MARGIN}\" x2=\"{RIGHT}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>"));
    canvas.y += 22.0;
    let title = format!("{} ({})", row.title, row.use_id);
    canvas.text(MARGIN, "strong", &title);
    if let Some(disputed) = row.disputed_words(texts) {
        // The sign stands in the text's place at its end: how wide letters are is for whoever draws them.
        let (left, middle) = (RIGHT - 12.0, canvas.y - 4.5);
        canvas.put(format_args!("<path class=\"dispute\" d=\"M{left:.1} {middle:.1}l6 -6 6 6 -6 6z\"/>"));
        canvas.text(left - 6.0, "end", &disputed);
    }
    canvas.y += 24.0;
    gap_label(canvas, timeline, row, texts);
    canvas.y += 8.0;
    let top = canvas.y;
    years(canvas, timeline, top);
    bars(canvas, timeline, row, top);
    windows(canvas, timeline, row, top, texts);
    let mut placed: Vec<f64> = Vec::new();
    for (kind, when) in &row.marks {
        let When::Day(day) = when else { continue };
        // Two marks of one day stand beside each other.
        let mut x = x_of(timeline, *day);
        while placed.iter().any(|other| (other - x).abs() < 13.0) {
            x += 13.0;
        }
        placed.push(x);
        mark(canvas, *kind, x, top + BAR / 2.0);
    }
    canvas.y = top + BAR + 15.0;
    axis_labels(canvas, timeline, texts);
    facts(canvas, row, texts);
}

/// What the gap is, above where it is.
fn gap_label(canvas: &mut Canvas, timeline: &Timeline, row: &Row, texts: &Texts) {
    let words = row.gap_words(texts);
    let width = words.chars().count() as f64 * LETTER * if row.gap.lacking() { 1.12 } else { 1.0 };
    let at = match row.gap {
        Gap::Closed { from, .. } | Gap::Open { from, .. } => x_of(timeline, from),
        _ => MARGIN,
    };
    let x = at.min(RIGHT - width).max(MARGIN);
    canvas.text(x, if row.gap.lacking() { "alarm" } else { "" }, &words);
}

/// A line where each year begins, behind the bars.
fn years(canvas: &mut Canvas, timeline: &Timeline, top: f64) {
    let end = top + BAR;
    canvas.put(format_args!("<rect class=\"track\" x=\"{MARGIN}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{BAR}\"/>", RIGHT - MARGIN));
    for day in new_years(timeline) {
        let x = x_of(timeline, day);
        canvas.put(format_args!("<line class=\"rule\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.1}\" y2=\"{:.1}\"/>", top - 3.0, end + 4.0));
    }
}

fn new_years(timeline: &Timeline) -> impl Iterator<Item = Day> {
    let ((first, _, _), (last, _, _)) = (timeline.from.parts(), timeline.through.parts());
    (first + 1..=last).filter_map(|year| Day::parse(&format!("{year:04}-01-01")).ok())
}

fn axis_labels(canvas: &mut Canvas, timeline: &Timeline, texts: &Texts) {
    let words = texts.timeline("today", &[("date", &texts.day(timeline.today))]);
    let width = words.chars().count() as f64 * LETTER;
    let end = x_of(timeline, timeline.today).max(MARGIN + width);
    let today = end - width;
    canvas.text(end, "soft small end", &words);
    for day in new_years(timeline) {
        let x = x_of(timeline, day);
        if x + 36.0 < today {
            canvas.text(x + 3.0, "soft small", &day.parts().0.to_string());
        }
    }
}

fn bars(canvas: &mut Canvas, timeline: &Timeline, row: &Row, top: f64) {
    let end = x_of(timeline, timeline.today);
    let mut bar = |from: f64, until: f64, class: &str| {
        let width = (until - from).max(2.0);
        canvas.put(format_args!("<rect class=\"{class}\" x=\"{from:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{BAR}\"/>"));
    };
    let day = |kind: MarkKind| row.when(kind).day().map(|day| x_of(timeline, day));
    match row.gap {
        Gap::NonUse | Gap::NotBegun => {}
        Gap::None => bar(day(MarkKind::Collection).unwrap_or(end), end, "offered"),
        Gap::Closed { from, until, .. } => {
            bar(x_of(timeline, until), end, "offered");
            bar(x_of(timeline, from), x_of(timeline, until), "lacking");
        }
        Gap::Open { from, .. } => bar(x_of(timeline, from), end, "lacking"),
        // That one can say no does not say that anything is collected.
        Gap::OpenUndated | Gap::BothUnknown | Gap::CollectionUnknown => bar(MARGIN, end, "undated"),
        Gap::ControlUnknown => bar(day(MarkKind::Collection).unwrap_or(MARGIN), end, "undated"),
    }
}

fn windows(canvas: &mut Canvas, timeline: &Timeline, row: &Row, top: f64, texts: &Texts) {
    for (out, words) in row.taken_out.iter().zip(row.taken_out_words(texts)) {
        let (from, through) = out.window.unwrap_or((timeline.from, timeline.through));
        let (from, width) = (x_of(timeline, from), (x_of(timeline, through) - x_of(timeline, from)).max(3.0));
        let (top, words) = (top - 4.0, escape(&words));
        let height = BAR + 8.0;
        canvas.put(format_args!(
            "<rect class=\"out\" x=\"{from:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"><title>{words}</title></rect>"
        ));
    }
}

/// A sign of its own form for each date.
fn mark(canvas: &mut Canvas, kind: MarkKind, x: f64, y: f64) {
    match kind {
        MarkKind::Announced => canvas.put(format_args!("<circle class=\"mark\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\"/>")),
        MarkKind::Effective => {
            canvas.put(format_args!("<rect class=\"mark\" x=\"{:.1}\" y=\"{:.1}\" width=\"9\" height=\"9\"/>", x - 4.5, y - 4.5));
        }
        MarkKind::Collection => {
            canvas.put(format_args!("<path class=\"mark full\" d=\"M{:.1} {:.1}h12l-6 11z\"/>", x - 6.0, y - 5.5));
        }
        MarkKind::Control => canvas.put(format_args!("<circle class=\"mark full\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5.5\"/>")),
    }
}

fn facts(canvas: &mut Canvas, row: &Row, texts: &Texts) {
    canvas.y += 2.0;
    // A fact stays on one line.
    let facts: Vec<String> = row.facts(texts).iter().map(|fact| fact.replace(' ', "\u{a0}")).collect();
    canvas.paragraph("", &facts.join(" \u{2003}"));
    for words in row.taken_out_words(texts) {
        canvas.paragraph("", &words);
    }
}

const PATTERNS: &str = "<defs>\n<pattern id=\"hatch\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><rect class=\"hatch-ground\" width=\"8\" height=\"8\"/><rect class=\"hatch-line\" width=\"4\" height=\"8\"/></pattern>\n<pattern id=\"dots\" width=\"7\" height=\"6\" patternUnits=\"userSpaceOnUse\"><circle class=\"dot\" cx=\"2\" cy=\"3\" r=\"1.3\"/></pattern>\n</defs>\n";

const STYLE: &str = "
.paper{fill:#fff}text{font:13px system-ui,sans-serif;fill:#1d2329}.soft{fill:#56616b}.small{font-size:12px}.end{text-anchor:end}.title{font-size:19px;font-weight:600}.strong{font-weight:600}.alarm{font-weight:700;fill:#a3201a}
.rule{stroke:#c9d0d6;stroke-width:1}.track{fill:#eef1f4}.offered{fill:#8fb9dd;stroke:#2c6a9e;stroke-width:1}.lacking{fill:url(#hatch);stroke:#a3201a;stroke-width:2}.undated{fill:url(#dots);stroke:#56616b;stroke-width:1;stroke-dasharray:3 3}
.out{fill:none;stroke:#1d2329;stroke-width:2;stroke-dasharray:7 3}.mark{fill:#fff;stroke:#1d2329;stroke-width:2}.mark.full{fill:#1d2329;stroke:#fff;stroke-width:1.5}.dispute{fill:#6a3fa0}
.hatch-ground{fill:#fff}.hatch-line{fill:#d1493f}.dot{fill:#56616b}
@media (prefers-color-scheme:dark){.paper{fill:#161b20}text{fill:#e8ecef}.soft{fill:#a5b0ba}.alarm{fill:#ff8d84}.rule{stroke:#3d4852}.track{fill:#222a31}.offered{fill:#28587f;stroke:#79b4e6}.lacking{stroke:#ff8d84}.undated{stroke:#a5b0ba}
.out{stroke:#e8ecef}.mark{fill:#161b20;stroke:#e8ecef}.mark.full{fill:#e8ecef;stroke:#161b20}.dispute{fill:#b99ae6}.hatch-ground{fill:#161b20}.hatch-line{fill:#d9584e}.dot{fill:#a5b0ba}}
";
