//! Where each line stands: a Dutch business letter on A4, with the address where window envelopes show it.

use super::PdfError;
use super::font::{Fonts, Line};
use crate::letter::{Block, Letter};
use crate::texts::Texts;

/// A4, in points.
pub(super) const PAGE_WIDTH: f32 = 595.28;
pub(super) const PAGE_HEIGHT: f32 = 841.89;
const MILLIMETRE: f32 = 72.0 / 25.4;
const LEFT: f32 = 25.0 * MILLIMETRE;
const RIGHT: f32 = 25.0 * MILLIMETRE;
const TOP: f32 = 20.0 * MILLIMETRE;
const BOTTOM: f32 = 25.0 * MILLIMETRE;
/// Where the address begins, so that it shows in a window envelope.
const ADDRESS_TOP: f32 = 50.0 * MILLIMETRE;
const SIZE: f32 = 10.5;
const LEADING: f32 = 14.5;
const GAP: f32 = 7.0;
const INDENT: f32 = 18.0;
const SIGNATURE: f32 = 42.0;
const FOOTER_SIZE: f32 = 8.5;

/// A line in its place on a page.
pub(super) struct Placed {
    pub(super) x: f32,
    /// The baseline, from the top.
    pub(super) y: f32,
    pub(super) size: f32,
    pub(super) bold: bool,
    pub(super) line: Line,
    /// The group it belongs to; `None` is the footer.
    pub(super) group: Option<usize>,
}

/// What a group is.
pub(super) enum Shape {
    Heading(String),
    Paragraph,
}

/// A part of the document's structure, with the groups it is made of.
pub(super) enum Part {
    Single(Shape, usize),
    List { numbered: bool, items: Vec<(usize, usize)> },
}

/// All pages, and how they hang together.
pub(super) struct Layout {
    pub(super) pages: Vec<Vec<Placed>>,
    pub(super) parts: Vec<Part>,
    pub(super) groups: usize,
}

struct Setter<'a> {
    fonts: &'a Fonts,
    texts: &'a Texts,
    layout: Layout,
    /// The top of the next line.
    top: f32,
}

/// Sets a letter, or says which characters cannot be set.
pub(super) fn lay_out(letter: &Letter, fonts: &Fonts) -> Result<Layout, PdfError> {
    let mut missing: Vec<char> = letter.all_texts().iter().flat_map(|text| fonts.missing(text, false)).collect();
    missing.extend(fonts.missing(&letter.subject, true));
    missing.sort_unstable();
    missing.dedup();
    if !missing.is_empty() {
        return Err(PdfError::MissingGlyphs(missing));
    }
    let texts = Texts::of(letter.language);
    let layout = Layout { pages: vec![Vec::new()], parts: Vec::new(), groups: 0 };
    let mut setter = Setter { fonts, texts: &texts, layout, top: TOP };
    setter.lines(&letter.sender);
    setter.top = (setter.top + LEADING).max(ADDRESS_TOP);
    setter.lines(&letter.addressee);
    setter.top += 2.0 * LEADING;
    setter.paragraph(&texts.day(letter.date));
    setter.top += LEADING;
    let subject = format!("{}: {}", texts.raw("frame", "subject"), letter.subject);
    let group = setter.single(Shape::Heading(letter.subject.clone()));
    setter.text(&subject, LEFT, true, group);
    setter.top += LEADING;
    setter.paragraph(&letter.salutation);
    for block in &letter.body {
        setter.top += GAP;
        match block {
            Block::Paragraph(text) => setter.paragraph(text),
            Block::Bullets(items) => setter.list(items, false),
            Block::Numbered(items) => setter.list(items, true),
        }
    }
    setter.ending(letter, &texts);
    setter.footers(&texts);
    Ok(setter.layout)
}

impl Setter<'_> {
    fn group(&mut self) -> usize {
        self.layout.groups += 1;
        self.layout.groups - 1
    }

    fn single(&mut self, shape: Shape) -> usize {
        let group = self.group();
        self.layout.parts.push(Part::Single(shape, group));
        group
    }

    fn next_page(&mut self) {
        self.layout.pages.push(Vec::new());
        self.top = TOP;
    }

    /// Begins a new page when so much does not fit on this one.
    fn keep(&mut self, height: f32) {
        if self.top + height > PAGE_HEIGHT - BOTTOM {
            self.next_page();
        }
    }

    fn place(&mut self, text: &str, x: f32, bold: bool, group: usize) {
        let line = self.fonts.shape(text, bold);
        let y = self.top + SIZE;
        if let Some(page) = self.layout.pages.last_mut() {
            page.push(Placed { x, y, size: SIZE, bold, line, group: Some(group) });
        }
    }

    /// Lines as they are, together one paragraph to a screen reader.
    fn lines(&mut self, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        let group = self.single(Shape::Paragraph);
        for line in lines {
            self.text(line, LEFT, false, group);
        }
    }

    fn paragraph(&mut self, text: &str) {
        let group = self.single(Shape::Paragraph);
        self.text(text, LEFT, false, group);
    }

    fn list(&mut self, items: &[String], numbered: bool) {
        let mut parts = Vec::new();
        for (place, item) in items.iter().enumerate() {
            let (label, body) = (self.group(), self.group());
            let lines = self.broken(item, LEFT + INDENT, false).len();
            self.keep(lines.min(2) as f32 * LEADING);
            let mark = if numbered { format!("{}.", place + 1) } else { "•".to_owned() };
            self.place(&format!("{mark} "), LEFT, false, label);
            self.text(item, LEFT + INDENT, false, body);
            self.top += if numbered { GAP / 2.0 } else { 0.0 };
            parts.push((label, body));
        }
        self.layout.parts.push(Part::List { numbered, items: parts });
    }

    /// Sets a text over as many lines as it needs. At the end of a page short texts stay whole and two lines of longer ones stay
    /// together; what announces something stays with the first lines of it.
    fn text(&mut self, text: &str, x: f32, bold: bool, group: usize) {
        let lines = self.broken(text, x, bold);
        let count = lines.len();
        let announced = if text.ends_with(':') { 2 } else { 0 };
        for (place, line) in lines.into_iter().enumerate() {
            let together = match (place, count - place) {
                (0, 1..=3) => count + announced,
                (0, _) => 2,
                (_, left @ 1..=2) => left + announced,
                _ => 1,
            };
            self.keep(together as f32 * LEADING);
            // The space that the line end stands for is there for who listens or copies.
            let shown = if place + 1 < count { format!("{line} ") } else { line };
            self.place(&shown, x, bold, group);
            self.top += LEADING;
        }
    }

    fn broken(&self, text: &str, x: f32, bold: bool) -> Vec<String> {
        let room = (PAGE_WIDTH - RIGHT - x) / SIZE;
        let space = self.fonts.width(" ", bold);
        let mut lines = Vec::new();
        let (mut line, mut used) = (String::new(), 0.0);
        for word in self.texts.words(text).iter().flat_map(|word| self.pieces(word, bold, room)) {
            let width = self.fonts.width(&word, bold);
            if !line.is_empty() && used + space + width > room {
                lines.push(std::mem::take(&mut line));
            }
            if line.is_empty() {
                used = width;
            } else {
                line.push(' ');
                used += space + width;
            }
            line.push_str(&word);
        }
        lines.push(line);
        lines
    }

    /// A word, in pieces when it is wider than a line: long addresses on the web.
    fn pieces(&self, word: &str, bold: bool, room: f32) -> Vec<String> {
        if self.fonts.width(word, bold) <= room {
            return vec![word.to_owned()];
        }
        let mut pieces = vec![String::new()];
        for letter in word.chars() {
            let Some(piece) = pieces.last_mut() else { break };
            piece.push(letter);
            if self.fonts.width(piece, bold) > room {
                piece.pop();
                pieces.push(letter.to_string());
            }
        }
        pieces
    }

    /// Closing words, room to sign, the name: together on a page.
    fn ending(&mut self, letter: &Letter, texts: &Texts) {
        let lines = 1 + letter.signature.len();
        self.top += GAP;
        self.keep(lines as f32 * LEADING + SIGNATURE);
        self.paragraph(&letter.closing);
        self.top += SIGNATURE;
        self.lines(&letter.signature);
        if !letter.enclosures.is_empty() {
            self.top += LEADING;
            self.keep(3.0 * LEADING);
            self.paragraph(&format!("{}:", texts.raw("frame", "enclosures")));
            self.list(&letter.enclosures, false);
        }
    }

    fn footers(&mut self, texts: &Texts) {
        let count = self.layout.pages.len();
        for (place, page) in self.layout.pages.iter_mut().enumerate().filter(|_| count > 1) {
            let text = texts.say("frame", "page", &[("page", &(place + 1).to_string()), ("pages", &count.to_string())]);
            let line = self.fonts.shape(&text, false);
            let width: f32 = self.fonts.width(&text, false) * FOOTER_SIZE;
            let (x, y) = (PAGE_WIDTH - RIGHT - width, PAGE_HEIGHT - 15.0 * MILLIMETRE);
            page.push(Placed { x, y, size: FOOTER_SIZE, bold: false, line, group: None });
        }
    }
}
