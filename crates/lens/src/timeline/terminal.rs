//! The chart in letters, for a terminal: no colour, and no line wider than asked for.

use bezwaar_core::policy::When;
use bezwaar_core::time::Day;

use super::{Gap, MarkKind, Row, Timeline, wrapped};
use crate::plain::Texts;

/// The narrowest chart that is drawn; a narrower terminal gets this one.
pub const WIDTH_MIN: usize = 40;

/// Collected without a way to say no.
const LACKING: char = '#';
/// Collected, and one can say no.
const OFFERED: char = '=';
/// Not known.
const NOT_KNOWN: char = '?';
const NOTHING: char = '·';
/// Taken out.
const TAKEN_OUT: char = 'x';

/// The timeline in lines of at most `width` columns.
pub fn terminal(timeline: &Timeline, texts: &Texts, width: usize) -> Vec<String> {
    let width = width.max(WIDTH_MIN);
    let mut lines = wrapped(&texts.timeline("title", &[("title", &timeline.title)]), width);
    if timeline.rows.is_empty() {
        lines.push(texts.timeline("empty", &[]));
        return lines;
    }
    let room = width - 2;
    lines.extend(timeline.version_lines(texts).iter().flat_map(|line| wrapped(line, width)));
    for row in &timeline.rows {
        lines.push(String::new());
        lines.extend(wrapped(&format!("{} ({})", row.title, row.use_id), width));
        lines.push(format!("  {}", axis(timeline, room)));
        lines.push(format!("  {}", track(timeline, row, room)));
        lines.extend(windows(timeline, row, room).map(|line| format!("  {line}")));
        let mut say = |lead: &str, text: &str| {
            for (place, line) in wrapped(text, room - lead.chars().count()).into_iter().enumerate() {
                let lead = if place == 0 { lead.to_owned() } else { " ".repeat(lead.chars().count()) };
                lines.push(format!("  {lead}{line}"));
            }
        };
        let lead = if row.gap.lacking() { "!! " } else { "   " };
        say(lead, &row.gap_words(texts));
        for fact in row.facts(texts) {
            let (sign, rest) = fact.split_once(' ').unwrap_or(("", fact.as_str()));
            say(&format!("{sign}  "), rest);
        }
        for out in row.taken_out_words(texts) {
            say(&format!("{TAKEN_OUT}  "), &out);
        }
        if let Some(disputed) = row.disputed_words(texts) {
            say("◆  ", &disputed);
        }
    }
    lines.push(String::new());
    lines.extend(legend(texts, width));
    if !timeline.disputes.is_empty() {
        lines.push(String::new());
        lines.push(texts.timeline("disputes", &[]));
        for line in timeline.dispute_lines(texts) {
            lines.extend(wrapped(&line, room).into_iter().map(|line| format!("  {line}")));
        }
    }
    lines
}

fn legend(texts: &Texts, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for (sign, key) in [(LACKING, "legend-gap"), (OFFERED, "legend-open"), (NOT_KNOWN, "legend-undated"), (TAKEN_OUT, "legend-window")] {
        lines.extend(wrapped(&format!("{sign} {}", texts.timeline(key, &[])), width));
    }
    lines
}

fn column(timeline: &Timeline, day: Day, room: usize) -> usize {
    let last = room.saturating_sub(1);
    // Both are small, and the place is between 0 and 1.
    ((timeline.place(day) * last as f64).round() as usize).min(last)
}

/// The years, where they begin, and today at the end.
fn axis(timeline: &Timeline, room: usize) -> String {
    let mut line = vec![' '; room];
    let mut put = |at: usize, text: &str| {
        let free = line.get(at.saturating_sub(1)..(at + text.len() + 1).min(room)).is_some_and(|part| part.iter().all(|one| *one == ' '));
        if free && at + text.len() <= room {
            for (place, letter) in text.chars().enumerate() {
                if let Some(cell) = line.get_mut(at + place) {
                    *cell = letter;
                }
            }
        }
    };
    let (first, _, _) = timeline.from.parts();
    let (last, _, _) = timeline.through.parts();
    put(0, &month(timeline.from));
    let end = month(timeline.through);
    put(room.saturating_sub(end.len()), &end);
    for year in first + 1..=last {
        if let Ok(day) = Day::parse(&format!("{year:04}-01-01")) {
            put(column(timeline, day, room), &format!("|{year}"));
        }
    }
    line.into_iter().collect::<String>().trim_end().to_owned()
}

/// Year and month of a day.
fn month(day: Day) -> String {
    let (year, month, _) = day.parts();
    format!("{year:04}-{month:02}")
}

fn track(timeline: &Timeline, row: &Row, room: usize) -> String {
    let mut line = vec![NOTHING; room];
    let today = column(timeline, timeline.today, room);
    let mut fill = |from: usize, through: usize, letter: char| {
        line.iter_mut().take(through + 1).skip(from).for_each(|cell| *cell = letter);
    };
    match row.gap {
        Gap::NonUse | Gap::NotBegun => {}
        Gap::None => {
            if let When::Day(from) = row.when(MarkKind::Collection) {
                fill(column(timeline, from, room), today, OFFERED);
            }
        }
        Gap::Closed { from, until, .. } => {
            fill(column(timeline, from, room), today, OFFERED);
            let (from, until) = (column(timeline, from, room), column(timeline, until, room));
            fill(from, until.max(from + 1).saturating_sub(1), LACKING);
        }
        Gap::Open { from, .. } => fill(column(timeline, from, room), today, LACKING),
        // That one can say no does not say that anything is collected.
        Gap::OpenUndated | Gap::BothUnknown | Gap::CollectionUnknown => fill(0, today, NOT_KNOWN),
        Gap::ControlUnknown => {
            if let When::Day(from) = row.when(MarkKind::Collection) {
                fill(column(timeline, from, room), today, NOT_KNOWN);
            }
        }
    }
    // What matters most keeps its own column; another that falls on it goes to the next free one.
    let mut taken: Vec<usize> = Vec::new();
    for kind in [MarkKind::Collection, MarkKind::Control, MarkKind::Effective, MarkKind::Announced] {
        let When::Day(day) = row.when(kind) else { continue };
        let wanted = column(timeline, day, room);
        let free = (wanted..room).chain((0..wanted).rev()).find(|place| !taken.contains(place));
        if let Some(cell) = free.and_then(|place| {
            taken.push(place);
            line.get_mut(place)
        }) {
            *cell = kind.sign();
        }
    }
    line.into_iter().collect()
}

fn windows<'t>(timeline: &'t Timeline, row: &'t Row, room: usize) -> impl Iterator<Item = String> + 't {
    row.taken_out.iter().map(move |out| {
        let (from, through) = out.window.unwrap_or((timeline.from, timeline.through));
        let (from, through) = (column(timeline, from, room), column(timeline, through, room));
        let cells = (0..=through).map(|place| if place >= from { TAKEN_OUT } else { ' ' });
        cells.collect()
    })
}
