//! The font: shaping text into signs, and knowing which signs are missing.

use krilla::text::{Font, GlyphId, KrillaGlyph};
use rustybuzz::{Direction, Face, UnicodeBuffer};

static REGULAR: &[u8] = include_bytes!("../../fonts/LiberationSans-Regular.ttf");
static BOLD: &[u8] = include_bytes!("../../fonts/LiberationSans-Bold.ttf");

/// The two weights.
pub(super) struct Fonts {
    regular: (Face<'static>, Font),
    bold: (Face<'static>, Font),
}

/// A line that can be drawn.
pub(super) struct Line {
    pub(super) text: String,
    pub(super) glyphs: Vec<KrillaGlyph>,
}

impl Fonts {
    pub(super) fn new() -> Option<Fonts> {
        let read = |bytes: &'static [u8]| Some((Face::from_slice(bytes, 0)?, Font::new(bytes.into(), 0)?));
        Some(Fonts { regular: read(REGULAR)?, bold: read(BOLD)? })
    }

    fn of(&self, bold: bool) -> &(Face<'static>, Font) {
        if bold { &self.bold } else { &self.regular }
    }

    pub(super) fn krilla(&self, bold: bool) -> Font {
        self.of(bold).1.clone()
    }

    /// Shapes a line from left to right.
    pub(super) fn shape(&self, text: &str, bold: bool) -> Line {
        let face = &self.of(bold).0;
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(text);
        buffer.guess_segment_properties();
        buffer.set_direction(Direction::LeftToRight);
        let shaped = rustybuzz::shape(face, &[], buffer);
        let clusters: Vec<usize> = shaped.glyph_infos().iter().map(|info| usize::try_from(info.cluster).unwrap_or_default()).collect();
        let em = face.units_per_em() as f32;
        let scaled = |units: i32| units as f32 / em;
        let pairs = shaped.glyph_infos().iter().zip(shaped.glyph_positions()).zip(&clusters);
        let glyphs = pairs
            .map(|((info, position), cluster)| {
                let end = clusters.iter().copied().find(|other| other > cluster).unwrap_or(text.len());
                KrillaGlyph::new(
                    GlyphId::new(info.glyph_id),
                    scaled(position.x_advance),
                    scaled(position.x_offset),
                    scaled(position.y_offset),
                    scaled(position.y_advance),
                    *cluster..end,
                    None,
                )
            })
            .collect();
        Line { text: text.to_owned(), glyphs }
    }

    /// How wide a text is, for a size of one point.
    pub(super) fn width(&self, text: &str, bold: bool) -> f32 {
        self.shape(text, bold).glyphs.iter().map(|glyph| glyph.x_advance).sum()
    }

    /// The characters of a text that have no sign, or that run from right to left.
    pub(super) fn missing(&self, text: &str, bold: bool) -> Vec<char> {
        let none = GlyphId::new(0);
        let mut found: Vec<char> = text.chars().filter(|letter| right_to_left(*letter)).collect();
        for glyph in self.shape(text, bold).glyphs.iter().filter(|glyph| glyph.glyph_id == none) {
            found.extend(text.get(glyph.text_range.clone()).unwrap_or_default().chars());
        }
        found
    }
}

/// Letters of scripts written from right to left, and the signs that turn the direction: such lines would be set in the wrong order.
fn right_to_left(letter: char) -> bool {
    matches!(u32::from(letter), 0x0590..=0x08FF | 0x200E..=0x200F | 0x202A..=0x202E | 0x2066..=0x2069 | 0xFB1D..=0xFDFF | 0xFE70..=0xFEFF | 0x10800..=0x10FFF | 0x1E800..=0x1EFFF)
}
