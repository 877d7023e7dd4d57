//! Importing a file: everything is checked before anything is filed; what was begun is finished by importing the same file again.

use bezwaar_core::account::Services;
use bezwaar_core::choice::Channel;
use bezwaar_core::policy::{PolicySet, strange_names};
use bezwaar_core::time::Instant;
use bezwaar_core::wire::{ChoiceLine, LineError, Named, RefKind, Reference};
use bezwaar_ledger::event::Event;
use serde_json::{Value, json};

use super::Intake;
use super::books::{Filed, Known, ValueName};
use super::contact::Contact;
use super::error::{IntakeError, Refusal};
use super::filing::{Filing, Sender, State, is_same};
use super::list::ListCounts;
use super::plan::Rules;
use super::problems::Problems;
use super::rows::{Form, Input, Row};
use super::source::{FileHash, Source};
use super::survey::{Survey, Surveyed};

/// How many acts of a file are checked or filed at once.
pub const IMPORT_ACTS_AT_ONCE: usize = 10_000;

/// Whether those who sent the acts of a file have shown to hold their accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Senders {
    /// Those whose act came by a channel that needs a sign-in (`form`, `api`, `setting`), or as a signal.
    ByChannel,
    /// All of them: whoever made the file has seen to it.
    Confirmed,
    /// None of them.
    Unconfirmed,
}

/// How a file is imported.
#[derive(Clone, Copy, Debug)]
pub struct ImportOptions<'a> {
    /// How it is written.
    pub form: Form<'a>,
    /// How the services write their names.
    pub services: &'a Services,
    /// Whether senders are confirmed.
    pub senders: Senders,
    /// The policies, if names that none of them knows are to be told: somebody may have slipped.
    pub policies: Option<&'a PolicySet>,
}

/// What came of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// How many acts the file has.
    pub acts: u64,
    /// How many of them were filed now.
    pub filed: u64,
    /// How many were there already.
    pub there: u64,
    /// How many were erased since they were first filed, and so were not filed again.
    pub erased: u64,
    /// How many acts were filed besides, for other names.
    pub copies: u64,
    /// How many of those filed now are provisional.
    pub provisional: u64,
    /// What this import put on the list, by code.
    pub listed: Vec<(super::ListCode, u64)>,
    /// What a person should look at in the file.
    pub notes: Problems,
}

/// What a sound file would come to.
#[derive(Clone, Debug)]
pub struct Checked {
    /// How many acts it has, repetitions not counted.
    pub acts: u64,
    /// How many of them the register has already, or had before they were erased.
    pub there: u64,
    /// What a person should look at in the file.
    pub notes: Problems,
}

/// An import that was not finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// What the file is recognised by: the first 16 digits of its SHA-256.
    pub file: String,
    /// How many of its acts were filed at least.
    pub filed: u64,
    /// How many it has.
    pub acts: u64,
    /// When it was begun.
    pub begun_at: Instant,
}

impl Unfinished {
    fn to_bytes(&self) -> Vec<u8> {
        json!({"acts": self.acts, "begun_at": self.begun_at.as_micros(), "file": self.file, "filed": self.filed}).to_string().into_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Unfinished> {
        let value: Value = serde_json::from_slice(bytes).ok()?;
        Some(Unfinished {
            file: value.get("file")?.as_str()?.to_owned(),
            filed: value.get("filed")?.as_u64()?,
            acts: value.get("acts")?.as_u64()?,
            begun_at: Instant::from_micros(value.get("begun_at")?.as_i64()?),
        })
    }
}

impl ImportOptions<'_> {
    fn filing(&self, read: ChoiceLine, contact: Contact) -> Result<Filing, Refusal> {
        let ChoiceLine { choice, respelled, filer, .. } = read;
        let sender = match self.senders {
            Senders::Confirmed => Sender::Confirmed,
            Senders::Unconfirmed => Sender::Unconfirmed,
            Senders::ByChannel if choice.channel.is_some_and(|channel| channel.signed_in() || channel == Channel::Signal) => {
                Sender::Confirmed
            }
            Senders::ByChannel => Sender::Unconfirmed,
        };
        let filer = match filer {
            Named::Absent => None,
            Named::Account { account, .. } => Some(account),
            Named::Nobody => return Err(Refusal::FilerNamesNobody),
        };
        Ok(Filing { choice, filer, sender, respelled, contact })
    }
}

const RULES: Rules = Rules { time_given: false, strict_references: false };

impl Intake<'_> {
    /// The import that was not finished, if there is one.
    pub fn unfinished_import(&mut self) -> Result<Option<Unfinished>, IntakeError> {
        Ok(self.books.value(&ValueName::Import)?.and_then(|bytes| Unfinished::from_bytes(&bytes)))
    }

    /// Gives up an import that was not finished: what was filed of it stays.
    pub fn abandon_import(&mut self, now: Instant) -> Result<(), IntakeError> {
        self.books.append(&[], &[(ValueName::Import, Vec::new())], now)?;
        Ok(())
    }

    /// Checks a file as [`Intake::import`] does, and files nothing.
    pub fn check_import<S: Source + ?Sized>(
        &mut self,
        source: &S,
        options: ImportOptions<'_>,
        now: Instant,
    ) -> Result<Checked, IntakeError> {
        let hash = FileHash::of(source)?;
        let surveyed = self.survey(&input(source, options, hash), options, hash, now)?;
        Ok(Checked { acts: surveyed.acts, there: surveyed.there, notes: surveyed.notes })
    }

    /// Files all acts of a file. Everything is checked before the first is filed; all problems are told at once. Acts that are filed already, by their id,
    /// are not filed again: after a crash, import the same file again. `after_batch` is called with how many of the acts are filed.
    pub fn import<S: Source + ?Sized>(
        &mut self,
        source: &S,
        options: ImportOptions<'_>,
        now: &mut dyn FnMut() -> Instant,
        after_batch: &mut dyn FnMut(u64),
    ) -> Result<Imported, IntakeError> {
        let hash = FileHash::of(source)?;
        let begun_at = now();
        let input = input(source, options, hash);
        if let Some(unfinished) = self.unfinished_import()?.filter(|unfinished| unfinished.file != hash.prefix()) {
            return Err(IntakeError::Unfinished { file: unfinished.file });
        }
        let Surveyed { notes, repeats, acts, .. } = self.survey(&input, options, hash, begun_at)?;
        let mut progress = Unfinished { file: hash.prefix(), filed: 0, acts, begun_at };
        let counts = ListCounts::read(self.books)?;
        let mut imported = Imported { acts, filed: 0, there: 0, erased: 0, copies: 0, provisional: 0, listed: Vec::new(), notes };
        let mut waiting: Vec<Filing> = Vec::with_capacity(IMPORT_ACTS_AT_ONCE);
        let read = input.read::<IntakeError>(|Row { line, read }| {
            // What was sound in the first pass and is not now has changed.
            let (read, contact) = read.map_err(|_| IntakeError::FileChanged)?;
            if repeats.binary_search(&line).is_ok() {
                return Ok(());
            }
            waiting.push(options.filing(read, contact).map_err(|_| IntakeError::FileChanged)?);
            if waiting.len() >= IMPORT_ACTS_AT_ONCE {
                self.import_batch(&mut waiting, &mut progress, &mut imported, now())?;
                after_batch(progress.filed);
            }
            Ok(())
        })?;
        self.import_batch(&mut waiting, &mut progress, &mut imported, now())?;
        if read != hash {
            return Err(IntakeError::FileChanged);
        }
        self.books.append(&[], &[(ValueName::Import, Vec::new())], now())?;
        after_batch(progress.filed);
        let after = ListCounts::read(self.books)?;
        let grown = |(code, count): (super::ListCode, u64)| (code, count - counts.counts.get(&code).copied().unwrap_or(0));
        imported.listed = after.counts.into_iter().map(grown).filter(|(_, count)| *count > 0).collect();
        Ok(imported)
    }

    fn import_batch(
        &mut self,
        waiting: &mut Vec<Filing>,
        progress: &mut Unfinished,
        imported: &mut Imported,
        now: Instant,
    ) -> Result<(), IntakeError> {
        if waiting.is_empty() {
            return Ok(());
        }
        progress.filed += waiting.len() as u64;
        let extra = vec![(ValueName::Import, progress.to_bytes())];
        let receipts = self.file_all(waiting, RULES, extra, now, true)?;
        waiting.clear();
        for receipt in receipts {
            // The first pass has seen to it that none is refused, unless the file or the register changed since.
            let receipt = receipt.map_err(|_| IntakeError::FileChanged)?;
            imported.copies += receipt.copies.len() as u64;
            match receipt.state {
                State::New => {
                    imported.filed += 1;
                    imported.provisional += u64::from(receipt.provisional);
                }
                State::There => imported.there += 1,
                State::Erased => imported.erased += 1,
            }
        }
        Ok(())
    }

    fn survey<S: Source + ?Sized>(
        &mut self,
        input: &Input<'_, S>,
        options: ImportOptions<'_>,
        hash: FileHash,
        now: Instant,
    ) -> Result<Surveyed, IntakeError> {
        let mut survey = Survey::default();
        let mut waiting: Vec<(usize, ChoiceLine, Contact)> = Vec::with_capacity(IMPORT_ACTS_AT_ONCE);
        let read = input.read::<IntakeError>(|Row { line, read }| {
            match read {
                Ok((read, contact)) => waiting.push((line, read, contact)),
                Err(errors) => survey.problems.extend(errors),
            }
            if waiting.len() >= IMPORT_ACTS_AT_ONCE {
                self.survey_batch(&mut survey, &mut waiting, options, now)?;
            }
            Ok(())
        })?;
        self.survey_batch(&mut survey, &mut waiting, options, now)?;
        if read != hash {
            return Err(IntakeError::FileChanged);
        }
        survey.finish::<S, IntakeError>(input)?.map_err(IntakeError::Problems)
    }

    fn survey_batch(
        &mut self,
        survey: &mut Survey,
        waiting: &mut Vec<(usize, ChoiceLine, Contact)>,
        options: ImportOptions<'_>,
        now: Instant,
    ) -> Result<(), IntakeError> {
        let ids: Vec<&str> = waiting.iter().map(|(_, read, _)| read.choice.id.as_str()).collect();
        let known = self.books.by_ids(&ids)?;
        let referred = |read: &ChoiceLine| Reference::of(&read.choice.act).map(|reference| reference.of.to_owned());
        let of: Vec<String> = waiting.iter().filter_map(|(_, read, _)| referred(read)).collect();
        let of: Vec<&str> = of.iter().map(String::as_str).collect();
        let mut named = self.books.by_ids(&of)?.into_iter();
        for ((line, read, contact), known) in waiting.iter().zip(known) {
            let reference = Reference::of(&read.choice.act);
            // Kept in step with the references asked for.
            let named = reference.and_then(|_| named.next()).flatten();
            let there = match (&named, reference) {
                (Some(Known::Filed(Filed { event: Event::Choice(named), .. })), Some(reference)) => {
                    RefKind::of(&named.act).can_be(reference.kind)
                }
                _ => false,
            };
            survey.act(*line, read, there);
            if known.is_some() {
                survey.is_there(*line);
            }
            let strange = options.policies.map(|policies| strange_names(policies, &read.choice)).unwrap_or_default();
            survey.notes.extend(strange.into_iter().map(|sentence| LineError::new(*line, 0, sentence)));
            let filing = options.filing(read.clone(), contact.clone());
            let refusal = match filing {
                Err(refusal) => Some(refusal),
                Ok(filing) => filing.refusal(now).or_else(|| clashes(&filing, known.as_ref())),
            };
            survey.problems.extend(refusal.map(|refusal| LineError::new(*line, 0, format!("{refusal}; {}", refusal.help()))));
        }
        waiting.clear();
        Ok(())
    }
}

/// Whether the register has an act with this id that says something else.
fn clashes(filing: &Filing, known: Option<&Known>) -> Option<Refusal> {
    match known {
        None | Some(Known::Erased { .. }) => None,
        Some(Known::Filed(Filed { event: Event::Choice(choice), .. })) if is_same(choice, &filing.filed(), false) => None,
        Some(Known::Filed(_)) => Some(Refusal::OtherContent),
    }
}

fn input<'a, S: Source + ?Sized>(source: &'a S, options: ImportOptions<'a>, hash: FileHash) -> Input<'a, S> {
    Input { source, form: options.form, services: options.services, id_prefix: hash.prefix() }
}
