//! What would move if a policy or a question were another: the same records, decided several times, and nothing written.

use std::path::Path;

use arrow_array::RecordBatch;
use arrow_schema::Schema;
use bezwaar_core::item::Item;
use bezwaar_core::policy::PolicySet;
use bezwaar_core::{Question, Rules};
use tempfile::TempDir;

use crate::bind::Fields;
use crate::error::{GateError, Result};
use crate::formats::layout::TextLayout;
use crate::formats::parquet::ParquetColumns;
use crate::formats::split::{Chunk, Splitter};
use crate::formats::text::items_of;
use crate::gate::{Bound, Gate};
use crate::inputs::Task;
use crate::item_path::ItemDecider;
use crate::job::Format;
use crate::mapping::Mapping;
use crate::parallel::in_order;
use crate::subjects::SubjectSink;
use crate::tally::Tally;

/// Most variants compared in one pass.
pub const VARIANTS_MAX: usize = 16;

/// Other policies, another question, or both.
#[derive(Clone, Debug)]
pub struct Variant {
    /// The policies, with the services of the job's own: other services would make other people of the same names.
    pub policies: PolicySet,
    /// The question, of the same moment as the job's.
    pub question: Question,
}

/// What is decided as things are, and what would be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WhatIf {
    /// What is decided as things are.
    pub now: Tally,
    /// How many people wrote what is kept as things are.
    pub people: u64,
    /// What would be decided under each variant, in their order.
    pub variants: Vec<Moved>,
}

/// What would move under one variant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// What would be decided.
    pub then: Tally,
    /// Records kept now that would be withheld, with the reasons they would have.
    pub out: Tally,
    /// How many people wrote those.
    pub people_out: u64,
    /// Records withheld now that would be kept, with the reasons they have.
    pub added: Tally,
    /// How many people wrote those.
    pub people_added: u64,
}

/// Counts of one piece of work.
#[derive(Default)]
struct Counts {
    now: Tally,
    variants: Vec<[Tally; 3]>,
}

impl Counts {
    fn merge(&mut self, other: &Counts) {
        self.now.merge(&other.now);
        self.variants.resize_with(self.variants.len().max(other.variants.len()), Default::default);
        for (all, more) in self.variants.iter_mut().zip(&other.variants) {
            all.iter_mut().zip(more).for_each(|(all, more)| all.merge(more));
        }
    }
}

/// Where the authors of records go: of what is kept now, and of what each variant moves out and adds.
struct Sinks {
    now: SubjectSink,
    moved: Vec<[SubjectSink; 2]>,
    folder: TempDir,
}

impl Sinks {
    fn new(gate: &Gate, bytes: usize, variants: usize) -> Result<Sinks> {
        let folder = tempfile::tempdir().map_err(|error| GateError::io(&std::env::temp_dir(), "make a folder in", error))?;
        // All of them together hold what one list of a release may.
        let each = bytes / (1 + 2 * variants);
        let sink = || SubjectSink::new(&gate.0.services, each, folder.path());
        let moved = (0..variants).map(|_| [sink(), sink()]).collect();
        Ok(Sinks { now: sink(), moved, folder })
    }

    fn count(&self, sink: &SubjectSink) -> Result<u64> {
        Ok(sink.write(&self.folder.path().join("authors"))?.count)
    }
}

/// Counts what each decided about the same records, and hands each sink the bits by which it takes what is its own: those at 0.
fn compare(now: &[u64], variants: &[Vec<u64>], mut take: impl FnMut(Taker, &[u64]) -> Result<()>) -> Result<Counts> {
    let mut counts = Counts::default();
    counts.now.add(now);
    take(Taker::Now, now)?;
    for (place, then) in variants.iter().enumerate() {
        let mut tallies: [Tally; 3] = Default::default();
        let [all, out, added] = &mut tallies;
        all.add(then);
        let of = |wanted: fn(u64, u64) -> bool| now.iter().zip(then).map(move |(now, then)| u64::from(!wanted(*now, *then)));
        let (left, came): (Vec<u64>, Vec<u64>) =
            (of(|now, then| now == 0 && then != 0).collect(), of(|now, then| now != 0 && then == 0).collect());
        out.add(&now.iter().zip(then).filter(|(now, then)| **now == 0 && **then != 0).map(|(_, then)| *then).collect::<Vec<u64>>());
        added.add(&now.iter().zip(then).filter(|(now, then)| **now != 0 && **then == 0).map(|(now, _)| *now).collect::<Vec<u64>>());
        take(Taker::Out(place), &left)?;
        take(Taker::Added(place), &came)?;
        counts.variants.push(tallies);
    }
    Ok(counts)
}

#[derive(Clone, Copy)]
enum Taker {
    Now,
    Out(usize),
    Added(usize),
}

impl Sinks {
    fn of(&self, taker: Taker) -> Option<&SubjectSink> {
        match taker {
            Taker::Now => Some(&self.now),
            Taker::Out(place) => self.moved.get(place).map(|[out, _]| out),
            Taker::Added(place) => self.moved.get(place).map(|[_, added]| added),
        }
    }
}

/// The authors alone: people a record is about are not among those who would be moved.
fn authors_of(mapping: &Mapping) -> Mapping {
    Mapping { about: Vec::new(), ..mapping.of_people(true) }
}

/// One comparison over all inputs of a job.
struct Comparison<'a> {
    gates: Vec<Gate>,
    sinks: Sinks,
    engine: &'a crate::Engine,
}

impl Comparison<'_> {
    fn task(&self, task: &Task, mapping: &Mapping, total: &mut Counts, progress: &dyn Fn(u64)) -> Result<()> {
        match task.format {
            Format::Parquet => self.parquet(task, mapping, total, progress),
            Format::Items => {
                let deciders: Vec<ItemDecider> = self.gates.iter().map(ItemDecider::new).collect();
                self.text(task, total, progress, &|chunk| {
                    let items: Vec<Option<Item>> = items_of(chunk).collect();
                    let mut all = deciders.iter().map(|decider| items.iter().map(|item| decider.decide(item.as_ref()).0).collect());
                    let now: Vec<u64> = all.next().unwrap_or_default();
                    compare(&now, &all.collect::<Vec<Vec<u64>>>(), |taker, bits| {
                        let wanted = items.iter().zip(bits).filter(|(_, bits)| **bits == 0).filter_map(|(item, _)| item.as_ref());
                        let authors: Vec<Item> = wanted.map(|item| Item { about: Vec::new(), ..item.clone() }).collect();
                        self.sinks.of(taker).map_or(Ok(()), |sink| sink.items(authors.iter()))
                    })
                })
            }
            format => {
                let limits = &self.engine.job().limits;
                let (layout, schema, flat) = TextLayout::new(mapping, format, &task.path, limits)?;
                let bounds = self.bind(&schema, &flat)?;
                let people = Fields::bind(&schema, &authors_of(&flat))?;
                self.text(task, total, progress, &|chunk| match layout.batch(chunk) {
                    (Some(batch), broken) => self.batch(&bounds, &people, &batch, Some(&broken)),
                    // As in a run: what cannot be made a batch passes nowhere.
                    (None, _) => {
                        let withheld = vec![u64::MAX; chunk.records.len()];
                        compare(&withheld, &vec![withheld.clone(); bounds.len().saturating_sub(1)], |_, _| Ok(()))
                    }
                })
            }
        }
    }

    fn bind(&self, schema: &Schema, mapping: &Mapping) -> Result<Vec<Bound>> {
        self.gates.iter().map(|gate| gate.bind(schema, mapping)).collect()
    }

    fn batch(&self, bounds: &[Bound], people: &Fields, batch: &RecordBatch, unreadable: Option<&[bool]>) -> Result<Counts> {
        let mut all = bounds.iter().map(|bound| bound.bits(batch, unreadable).0);
        let now = all.next().unwrap_or_default();
        compare(&now, &all.collect::<Vec<Vec<u64>>>(), |taker, bits| {
            self.sinks.of(taker).map_or(Ok(()), |sink| sink.batch(people, batch, bits))
        })
    }

    fn parquet(&self, task: &Task, mapping: &Mapping, total: &mut Counts, progress: &dyn Fn(u64)) -> Result<()> {
        let limits = &self.engine.job().limits;
        // Variants may read other fields than the job does, so all that are mapped are read.
        let (columns, mapping) = ParquetColumns::open(&task.path, mapping, |_, _| Ok(()), Mapping::clone)?;
        let bounds = self.bind(&columns.schema, &mapping)?;
        let people = Fields::bind(&columns.schema, &authors_of(&mapping))?;
        let mut groups = 0..columns.footer().num_row_groups();
        in_order(
            limits.threads,
            || Ok(groups.next()),
            |group| {
                let mut counts = Counts::default();
                columns.each_batch(group, limits, &mut |batch| {
                    counts.merge(&self.batch(&bounds, &people, batch, None)?);
                    Ok(())
                })?;
                Ok(counts)
            },
            |counts| {
                progress(counts.now.read);
                total.merge(&counts);
                Ok(())
            },
        )
    }

    fn text(
        &self,
        task: &Task,
        total: &mut Counts,
        progress: &dyn Fn(u64),
        decide: &(dyn Fn(&Chunk) -> Result<Counts> + Sync),
    ) -> Result<()> {
        let limits = &self.engine.job().limits;
        let mut splitter = Splitter::open(Path::new(&task.path), task.format, limits)?;
        in_order(
            limits.threads,
            || splitter.next_chunk(),
            |chunk| decide(&chunk),
            |counts| {
                progress(counts.now.read);
                total.merge(&counts);
                Ok(())
            },
        )
    }
}

impl Gate {
    /// A gate over the same people for other policies or another question.
    fn variant(&self, variant: &Variant) -> Result<Gate> {
        if variant.policies.services != self.0.services {
            return Err(GateError::config("a variant names people in another way than the job does"));
        }
        if variant.question.at != self.rules().question().at {
            return Err(GateError::config("a variant asks about another moment than the job does"));
        }
        Ok(Gate::of(Rules::compile(&variant.policies, &variant.question), variant.policies.services.clone(), &self.0.extract, &self.0.keys))
    }
}

impl crate::Engine {
    /// Decides every record of the job's inputs as things are and under each variant, and says what would move. Nothing is written but lists of names beside
    /// memory, in a temporary folder that is removed. `progress` is told how many more records were read.
    ///
    /// # Errors
    ///
    /// `Config` for too many variants, or one of other services or of another moment; and what a run of the job would fail with.
    pub fn what_if(&self, variants: &[Variant], progress: &dyn Fn(u64)) -> Result<WhatIf> {
        if variants.len() > VARIANTS_MAX {
            return Err(GateError::config(format!("at most {VARIANTS_MAX} variants can be compared at once")));
        }
        let others = variants.iter().map(|variant| self.gate().variant(variant));
        let gates: Vec<Gate> = std::iter::once(Ok(self.gate().clone())).chain(others).collect::<Result<_>>()?;
        let sinks = Sinks::new(self.gate(), self.job().limits.subject_bytes, variants.len())?;
        let comparison = Comparison { gates, sinks, engine: self };
        let mut total = Counts { variants: variants.iter().map(|_| Default::default()).collect(), ..Counts::default() };
        for task in self.plan() {
            let mapping = self.job().inputs.get(task.input).map(|input| input.map.clone()).unwrap_or_default();
            comparison.task(task, &mapping, &mut total, progress)?;
        }
        let sinks = &comparison.sinks;
        let mut found = WhatIf { now: total.now, people: sinks.count(&sinks.now)?, variants: Vec::new() };
        for ([then, out, added], [left, came]) in total.variants.into_iter().zip(&sinks.moved) {
            found.variants.push(Moved { then, out, people_out: sinks.count(left)?, added, people_added: sinks.count(came)? });
        }
        Ok(found)
    }
}
