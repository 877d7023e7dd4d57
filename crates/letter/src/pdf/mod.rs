//! A letter as PDF: A4, tagged (PDF/UA-1), with its language and title, text that can be selected, and a subset of a free font inside.
//!
//! The font is Liberation Sans (SIL Open Font Licence, `fonts/OFL.txt`). It has Latin, Greek and Cyrillic. What it has no sign for is an error:
//! a letter never goes out with a box in a name.

mod font;
mod layout;

use std::fmt;

use krilla::configure::{Accessibility, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::geom::Point;
use krilla::metadata::{DateTime, Metadata};
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::tagging::{Artifact, ArtifactType, ContentTag, ListNumbering, Node, SpanTag, Tag, TagGroup, TagTree};
use krilla::{Document, SerializeSettings};

use self::font::Fonts;
use self::layout::{Layout, Part, Shape, lay_out};
use crate::letter::Letter;

/// Why there is no PDF.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PdfError {
    /// The font has no sign for these characters, or they run from right to left, which is not supported.
    MissingGlyphs(Vec<char>),
    /// The document could not be written; a mistake in the program.
    Failed(String),
}

impl fmt::Display for PdfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PdfError::MissingGlyphs(missing) => {
                let codes: Vec<String> = missing.iter().map(|letter| format!("U+{:04X}", u32::from(*letter))).collect();
                write!(f, "the font of the PDF has no sign for {}", codes.join(", "))
            }
            PdfError::Failed(_) => f.write_str("the PDF could not be written"),
        }
    }
}

impl std::error::Error for PdfError {}

impl PdfError {
    /// What to do next.
    pub fn help(&self) -> &'static str {
        match self {
            PdfError::MissingGlyphs(_) => {
                "write the letter as text or mail, which can hold every character, or write it in Latin, Greek or Cyrillic letters"
            }
            PdfError::Failed(_) => "this is a mistake in the program; please report it",
        }
    }
}

/// The letter as PDF. The same letter gives the same bytes.
pub fn to_pdf(letter: &Letter) -> Result<Vec<u8>, PdfError> {
    let fonts = Fonts::new().ok_or_else(|| PdfError::Failed("the font cannot be read".to_owned()))?;
    let layout = lay_out(letter, &fonts)?;
    let configuration = ConfigurationBuilder::new().with_accessibility_validator(Accessibility::UA1).finish();
    let configuration = configuration.map_err(|error| PdfError::Failed(format!("{error:?}")))?;
    let mut document = Document::new_with(SerializeSettings { configuration, ..SerializeSettings::default() });
    document.set_metadata(metadata(letter));
    let mut outline = Outline::new();
    outline.push_child(OutlineNode::new(letter.subject.clone(), XyzDestination::new(0, Point::from_xy(0.0, 0.0))));
    document.set_outline(outline);
    let groups = draw(&mut document, &layout, &fonts)?;
    document.set_tag_tree(tree(&layout.parts, groups));
    document.finish().map_err(|error| PdfError::Failed(format!("{error:?}")))
}

fn metadata(letter: &Letter) -> Metadata {
    let (year, month, day) = letter.date.parts();
    let mut date = DateTime::new(u16::try_from(year).unwrap_or_default());
    if let (Ok(month), Ok(day)) = (u8::try_from(month), u8::try_from(day)) {
        date = date.month(month).day(day);
    }
    Metadata::new()
        .title(letter.subject.clone())
        .language(letter.language.code().to_owned())
        .authors(vec![letter.from.0.clone()])
        .creation_date(date)
}

/// Draws every page; what comes back are the marked pieces of each group, in order.
fn draw(document: &mut Document, layout: &Layout, fonts: &Fonts) -> Result<Vec<Vec<Node>>, PdfError> {
    let mut groups: Vec<Vec<Node>> = (0..layout.groups).map(|_| Vec::new()).collect();
    let settings = PageSettings::from_wh(layout::PAGE_WIDTH, layout::PAGE_HEIGHT);
    let settings = settings.ok_or_else(|| PdfError::Failed("the page has no size".to_owned()))?;
    for placed in &layout.pages {
        let mut page = document.start_page_with(settings.clone());
        let mut surface = page.surface();
        for run in placed.chunk_by(|left, right| left.group == right.group) {
            let group = run.first().and_then(|first| first.group);
            let tag = match group {
                Some(_) => ContentTag::Span(SpanTag::empty()),
                None => ContentTag::Artifact(Artifact::new(ArtifactType::Footer, None)),
            };
            let piece = surface.start_tagged(tag);
            for one in run {
                let start = Point::from_xy(one.x, one.y);
                surface.draw_glyphs(start, &one.line.glyphs, fonts.krilla(one.bold), &one.line.text, one.size, false);
            }
            surface.end_tagged();
            if let Some(own) = group.and_then(|group| groups.get_mut(group)) {
                own.push(piece.into());
            }
        }
        surface.finish();
        page.finish();
    }
    Ok(groups)
}

/// The structure a reader with a screen reader hears.
fn tree(parts: &[Part], mut groups: Vec<Vec<Node>>) -> TagTree {
    let mut filled = |group: usize, mut tag: TagGroup| -> TagGroup {
        for node in groups.get_mut(group).map(std::mem::take).unwrap_or_default() {
            tag.push(node);
        }
        tag
    };
    let mut tree = TagTree::new();
    for part in parts {
        match part {
            Part::Single(Shape::Heading(title), group) => {
                let level = std::num::NonZeroU16::MIN;
                tree.push(filled(*group, TagGroup::new(Tag::Hn(level, Some(title.clone())))));
            }
            Part::Single(Shape::Paragraph, group) => tree.push(filled(*group, TagGroup::new(Tag::P))),
            Part::List { numbered, items } => {
                let numbering = if *numbered { ListNumbering::Decimal } else { ListNumbering::Disc };
                let mut list = TagGroup::new(Tag::L(numbering));
                for (label, body) in items {
                    let mut item = TagGroup::new(Tag::LI);
                    item.push(filled(*label, TagGroup::new(Tag::Lbl)));
                    item.push(filled(*body, TagGroup::new(Tag::LBody)));
                    list.push(item);
                }
                tree.push(list);
            }
        }
    }
    tree
}
