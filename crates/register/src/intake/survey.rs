//! The first pass over a file: everything that can be wrong with it, before anything is filed. It keeps 32 bytes for each act, and as many for
//! each reference to another act, so that files of tens of millions of lines go through.

use std::hash::{Hash, Hasher};
use std::io;

use bezwaar_core::wire::{ChoiceLine, Named, RefKind, Reference, other_content};
use sha2::{Digest as _, Sha256};

use super::problems::Problems;
use super::rows::{Input, Row};
use super::source::Source;

/// What is kept of one act: hashes of its id and of all it says, its line and kind.
struct Slot {
    id: [u8; 16],
    content: u64,
    /// The line, and in the lowest two bits the kind.
    line_and_kind: u64,
}

/// A reference whose target was not seen yet.
struct RefSlot {
    of: [u8; 16],
    line_and_kind: u64,
}

/// The bytes kept for each act.
pub const SLOT_BYTES: usize = size_of::<Slot>();

/// What is known of a file so far.
#[derive(Default)]
pub(super) struct Survey {
    slots: Vec<Slot>,
    references: Vec<RefSlot>,
    /// Lines with an act the register has already; rising.
    there: Vec<usize>,
    pub(super) problems: Problems,
    pub(super) notes: Problems,
}

/// What the first pass found in a sound file.
pub(super) struct Surveyed {
    /// What a person should look at.
    pub(super) notes: Problems,
    /// Lines with an act that stands on an earlier line already; rising.
    pub(super) repeats: Vec<usize>,
    /// How many acts there are, without repetitions.
    pub(super) acts: u64,
    /// How many of them the register has already.
    pub(super) there: u64,
}

/// What is wrong with a line, told only by the whole file.
enum Cross {
    Other { first: usize },
    Missing,
}

impl Survey {
    /// Takes one sound act. `known` says whether what it refers to is known to be there already.
    pub(super) fn act(&mut self, line: usize, read: &ChoiceLine, known: bool) {
        let kind = RefKind::of(&read.choice.act);
        self.slots.push(Slot { id: id_hash(&read.choice.id), content: content_hash(read), line_and_kind: pack(line, kind) });
        if let Some(reference) = Reference::of(&read.choice.act).filter(|_| !known) {
            self.references.push(RefSlot { of: id_hash(reference.of), line_and_kind: pack(line, reference.kind) });
        }
        self.notes.extend(read.notes.iter().cloned());
    }

    /// Takes note that the register has the act of a line already.
    pub(super) fn is_there(&mut self, line: usize) {
        self.there.push(line);
    }

    /// Works out what only the whole file tells. The file is read once more if something is wrong, to name the ids.
    pub(super) fn finish<S: Source + ?Sized, E: From<io::Error>>(mut self, input: &Input<'_, S>) -> Result<Result<Surveyed, Problems>, E> {
        self.slots.sort_unstable_by_key(|slot| (slot.id, slot.line_and_kind));
        let (mut repeats, mut crosses, mut acts) = (Vec::new(), Vec::new(), 0);
        let mut first: Option<&Slot> = None;
        for slot in &self.slots {
            match first.filter(|first| first.id == slot.id) {
                None => {
                    first = Some(slot);
                    acts += 1;
                }
                Some(first) if first.content == slot.content => repeats.push(slot.line()),
                Some(first) => crosses.push((slot.line(), Cross::Other { first: first.line() })),
            }
        }
        repeats.sort_unstable();
        for reference in &self.references {
            let place = self.slots.partition_point(|slot| slot.id < reference.of);
            // Of several lines with an id the first counts.
            let named = self.slots.get(place).filter(|slot| slot.id == reference.of);
            let needed = unpack_kind(reference.line_and_kind);
            let line = unpack_line(reference.line_and_kind);
            if !named.is_some_and(|slot| unpack_kind(slot.line_and_kind).can_be(needed)) && repeats.binary_search(&line).is_err() {
                crosses.push((line, Cross::Missing));
            }
        }
        self.slots = Vec::new();
        crosses.sort_by_key(|(line, _)| *line);
        // A line that is not counted as an act of its own is told of once.
        let others: Vec<usize> = crosses.iter().filter(|(_, cross)| matches!(cross, Cross::Other { .. })).map(|(line, _)| *line).collect();
        crosses.retain(|(line, cross)| matches!(cross, Cross::Other { .. }) || others.binary_search(line).is_err());
        if !crosses.is_empty() {
            name_crosses::<S, E>(input, &crosses, &mut self.problems)?;
        }
        if !self.problems.is_empty() {
            return Ok(Err(self.problems.sorted()));
        }
        self.notes.drop_lines(|line| repeats.binary_search(&line).is_ok());
        let there = self.there.iter().filter(|line| repeats.binary_search(line).is_err()).count() as u64;
        Ok(Ok(Surveyed { notes: self.notes.sorted(), repeats, acts, there }))
    }
}

fn name_crosses<S: Source + ?Sized, E: From<io::Error>>(
    input: &Input<'_, S>,
    crosses: &[(usize, Cross)],
    problems: &mut Problems,
) -> Result<(), E> {
    input.read::<E>(|Row { line, read }| {
        let Ok((read, _)) = read else { return Ok(()) };
        if let Ok(place) = crosses.binary_search_by_key(&line, |(line, _)| *line)
            && let Some((_, cross)) = crosses.get(place)
        {
            problems.extend(match cross {
                Cross::Other { first } => Some(other_content(line, &read.choice.id, *first)),
                Cross::Missing => Reference::of(&read.choice.act).map(|reference| reference.problem(line)),
            });
        }
        Ok(())
    })?;
    Ok(())
}

impl Slot {
    fn line(&self) -> usize {
        unpack_line(self.line_and_kind)
    }
}

fn pack(line: usize, kind: RefKind) -> u64 {
    let kind = match kind {
        RefKind::Act => 0,
        RefKind::Object => 1,
        RefKind::Consent => 2,
        RefKind::Link => 3,
    };
    (line as u64) << 2 | kind
}

fn unpack_line(packed: u64) -> usize {
    usize::try_from(packed >> 2).unwrap_or(usize::MAX)
}

fn unpack_kind(packed: u64) -> RefKind {
    match packed & 3 {
        1 => RefKind::Object,
        2 => RefKind::Consent,
        3 => RefKind::Link,
        _ => RefKind::Act,
    }
}

/// Long enough that nobody finds two ids with one hash.
fn id_hash(id: &str) -> [u8; 16] {
    let full: [u8; 32] = Sha256::digest(id).into();
    let mut first = [0; 16];
    first.iter_mut().zip(full).for_each(|(place, byte)| *place = byte);
    first
}

/// Feeds SHA-256 with what a value is made of.
struct ContentHasher(Sha256);

impl Hasher for ContentHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let full: [u8; 32] = self.0.clone().finalize().into();
        full.first_chunk::<8>().map_or(0, |first| u64::from_be_bytes(*first))
    }
}

/// A hash of all an act says. Only acts of one id are compared by it, and what passes as a repetition is compared in full when it is filed.
fn content_hash(read: &ChoiceLine) -> u64 {
    let mut hasher = ContentHasher(Sha256::new());
    read.choice.hash(&mut hasher);
    if let Named::Account { account, .. } = &read.filer {
        account.hash(&mut hasher);
    }
    hasher.finish()
}
