//! A made-up corpus: people, what they wrote, and what they said about its use.
//!
//! The same plan gives the same bytes, on every machine: whole numbers only, one generator (ChaCha8), a stream of its own per person.
//! Nobody real is in it: account numbers lie beyond what the services have given out, phone numbers have an unassigned country
//! code, and mail addresses end in `.invalid`.

mod acts;
mod dice;
mod items;
mod job;
mod people;
mod surge;
mod words;
mod write;

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use bezwaar_core::time::Instant;

use crate::error::Error;
use crate::printer::Printer;
use acts::Acts;
use dice::{Authors, Seed};
use items::Maker;
use job::job_files;
use people::{Service, World};
use surge::Waves;
pub(crate) use surge::{SURGE_DAYS_MAX, SURGE_MAX, Surge};
pub(crate) use write::Format;

/// Most people of one corpus; each takes eight bytes of memory.
pub(crate) const PEOPLE_MAX: u64 = 10_000_000;
/// Most items of one corpus.
pub(crate) const ITEMS_MAX: u64 = 10_000_000_000;
const BUFFER_BYTES: usize = 1 << 18;
const PROGRESS_EVERY: u64 = 1 << 14;

/// What to make.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Chooses among all corpora of this plan.
    pub(crate) seed: u64,
    /// How many people there are.
    pub(crate) people: u64,
    /// How many items they made.
    pub(crate) items: u64,
    /// The form of the items.
    pub(crate) format: Format,
    /// Nothing happens later than this.
    pub(crate) through: Instant,
    /// The share of people who object, in millionths.
    pub(crate) objecting_ppm: u64,
    /// Where the policies are, as the job files shall say it.
    pub(crate) policies: String,
}

/// What was made.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Made {
    /// Acts in the choices file.
    pub(crate) acts: u64,
    /// Items.
    pub(crate) items: u64,
}

/// A file that gets its name when it is whole.
struct Part {
    out: BufWriter<File>,
    part: PathBuf,
    path: PathBuf,
}

impl Part {
    fn create(folder: &Path, name: &str) -> Result<Part, Error> {
        let (path, part) = (folder.join(name), folder.join(format!("{name}.part")));
        if path.exists() {
            let error = Error::user(format!("`{}` exists already", path.display()));
            return Err(error.with_help("name another folder, or remove what is in this one"));
        }
        let file = File::create(&part).map_err(|error| Error::cannot_write(&part, &error))?;
        Ok(Part { out: BufWriter::with_capacity(BUFFER_BYTES, file), part, path })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.out.write_all(bytes).map_err(|error| Error::cannot_write(&self.part, &error))
    }

    fn finish(mut self) -> Result<(), Error> {
        let whole = self.out.flush().and_then(|()| fs::rename(&self.part, &self.path));
        whole.map_err(|error| Error::cannot_write(&self.path, &error))
    }
}

/// Makes a corpus in a folder: item by item, so that its size is no matter of memory.
pub(crate) fn make(plan: &Plan, folder: &Path, printer: &mut Printer) -> Result<Made, Error> {
    fs::create_dir_all(folder).map_err(|error| Error::cannot_write(folder, &error))?;
    let seed = Seed::new(plan.seed);
    let world = World::new(seed, plan.through);
    let mut choices = Part::create(folder, "choices.jsonl")?;
    let names = plan.format.file_names();
    let mut files = names.iter().map(|name| Part::create(folder, name)).collect::<Result<Vec<Part>, Error>>()?;
    let mut jobs = Vec::new();
    for (name, text) in job_files(plan) {
        jobs.push((Part::create(folder, name)?, text));
    }

    let mut made = Made::default();
    let mut buffer = Vec::with_capacity(BUFFER_BYTES);
    let mut acts = Acts::new(&world, plan);
    for index in 0..plan.people {
        made.acts += acts.of_person(index, &mut buffer);
        if buffer.len() >= BUFFER_BYTES / 2 {
            choices.write(&buffer)?;
            buffer.clear();
        }
    }
    choices.write(&buffer)?;
    buffer.clear();

    for (file, head) in files.iter_mut().zip(plan.format.heads()) {
        file.write(head.as_bytes())?;
    }
    let authors = Authors::new(plan.people);
    let mut maker = Maker::new(&world, &authors);
    for number in 1..=plan.items {
        let row = maker.next(number);
        plan.format.write(row, &mut buffer);
        if let Some(file) = files.get_mut(plan.format.file_of(row)) {
            file.write(&buffer)?;
        }
        buffer.clear();
        made.acts += acts.of_item(row, &mut buffer);
        choices.write(&buffer)?;
        buffer.clear();
        if number.is_multiple_of(PROGRESS_EVERY) {
            printer.progress(number, "items made");
        }
    }
    made.items = plan.items;

    for (mut file, text) in jobs {
        file.write(text.as_bytes())?;
        file.finish()?;
    }
    for file in files {
        file.finish()?;
    }
    choices.finish()?;
    Ok(made)
}

/// Makes a surge in a folder: `choices.jsonl` and nothing else.
pub(crate) fn make_surge(seed: u64, through: Instant, surge: Surge, folder: &Path, printer: &mut Printer) -> Result<u64, Error> {
    fs::create_dir_all(folder).map_err(|error| Error::cannot_write(folder, &error))?;
    let seed = Seed::new(seed);
    let world = World::new(seed.clone(), through);
    let mut choices = Part::create(folder, "choices.jsonl")?;
    let mut waves = Waves::new(&world, &seed, surge);
    let (mut buffer, mut acts) = (Vec::with_capacity(BUFFER_BYTES), 0);
    while let Some(made) = waves.next_hour(&mut buffer) {
        acts += made;
        choices.write(&buffer)?;
        buffer.clear();
        printer.progress(acts, "choices made");
    }
    choices.finish()?;
    Ok(acts)
}

/// The services in the order of their files.
const SERVICES: [Service; 4] = [Service::Facebook, Service::Instagram, Service::X, Service::Whatsapp];
