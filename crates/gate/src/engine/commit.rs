//! The end of a run: reports become a manifest, and what it lists can be looked at again.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::{Engine, MANIFEST, Opened, TaskReport};
use crate::completion::Completions;
use crate::error::{GateError, Result};
use crate::formats::Asked;
use crate::formats::output::write_whole;
use crate::formats::text::gate_text;
use crate::gate::Noticed;
use crate::inputs::Task;
use crate::job::Form;
use crate::manifest::{Manifest, Release};
use crate::tally::Tally;

impl Engine {
    /// Commits the reports of all tasks: checks that they belong to this run and are complete, and writes the manifest last. What it
    /// lists is the release; without it nothing is.
    pub fn commit(&self, reports: &[TaskReport], made_at: &str) -> Result<Manifest> {
        let mut by_task: BTreeMap<&str, &TaskReport> = BTreeMap::new();
        for report in reports {
            if report.run != self.run {
                return Err(GateError::config(format!("the report of `{}` belongs to another run", report.task)));
            }
            by_task.insert(&report.task, report);
        }
        let known: HashSet<&str> = self.tasks.iter().map(|task| task.key.as_str()).collect();
        if let Some(unknown) = by_task.keys().find(|key| !known.contains(**key)) {
            return Err(GateError::config(format!("the report of `{unknown}` is of no input of this job"))
                .with_help("commit with the inputs the run was planned with"));
        }
        let missing: Vec<String> =
            self.tasks.iter().filter(|task| !by_task.contains_key(task.key.as_str())).map(|task| task.key.clone()).collect();
        if !missing.is_empty() {
            return Err(GateError::new(crate::ErrorKind::Input, format!("{} tasks have no report", missing.len())).with_details(missing));
        }
        let (mut tally, mut noticed) = (Tally::default(), Noticed::default());
        for report in by_task.values() {
            tally.merge(&report.tally);
            noticed.merge(&Noticed { met: words_of(&report.met), times: report.times.0, implausible: report.times.1 });
        }
        let people = self.gate.extract().len() as u64;
        let met = noticed.people_met();
        if met < self.job.matched_min && (people > 0 || self.job.matched_min > 1) {
            let message =
                format!("{met} of the {people} people of the extract were met; the job expects at least {}", self.job.matched_min);
            let help = "check service and kind of `author` in the map: keys that do not match would mean that no objection is seen; if it is right, write matched_min = 0 under [expect]";
            return Err(GateError::config(message).with_help(help));
        }
        let mut outputs = BTreeSet::new();
        for output in by_task.values().filter_map(|report| report.output.as_ref()) {
            let path = self.job.output.join(&output.path);
            if std::fs::metadata(&path).ok().map(|meta| meta.len()) != Some(output.bytes) {
                return Err(GateError::integrity(format!("`{}` is not the file that was written", path.display())));
            }
            outputs.insert(path);
        }
        Completions::new(&self.job.output).refuse_strangers(&outputs)?;
        let subjects = self.subjects.as_ref().map(|parts| parts.join(by_task.values().copied())).transpose()?;
        let manifest = Manifest::new(self, by_task.values().copied(), &tally, met, subjects.as_ref(), made_at);
        write_whole(&self.job.output.join(MANIFEST), manifest.to_json().as_bytes(), false)?;
        Completions::new(&self.job.output).finish()?;
        self.subjects.as_ref().map_or(Ok(()), |parts| parts.finish(&self.tasks))?;
        Ok(manifest)
    }

    /// Decides again about every record of a copy's outputs, as they stand on disk. All of them must be kept, and all that the manifest
    /// lists must be there as it lists them.
    pub fn verify_deep(&self) -> Result<Tally> {
        if self.job.form == Form::Mask {
            return Err(GateError::config("a mask holds no records to decide about again").with_help("run the mask again and compare"));
        }
        let release = Release::read(&self.job.output)?;
        release.check_outputs(&self.job.output)?;
        let mut tally = Tally::default();
        for task in self.tasks.iter().filter(|task| !release.withheld_whole.contains(&task.key)) {
            let path = self.job.output.join(&task.key);
            if !release.outputs.iter().any(|output| output.path == task.key) {
                return Err(GateError::integrity(format!("`{}` is missing: the manifest does not list it", path.display())));
            }
            self.verify_output(&Task { path, ..task.clone() }, &mut tally)?;
        }
        Ok(tally)
    }

    fn verify_output(&self, output: &Task, tally: &mut Tally) -> Result<()> {
        let help = "deep verification reads the mapped columns of the output; it cannot be done when output.drop removed them";
        match self.open_task_with(output, &[], Asked::default()).map_err(|error| error.with_help(help))? {
            Opened::Parquet(input) => {
                for group in 0..input.row_groups() {
                    tally.add_decided(&input.decide(group, &self.job.limits)?);
                }
            }
            Opened::Text(binding) => {
                gate_text(&output.path, output.format, &binding, &self.job.limits, 0, None, &mut |decided| {
                    tally.add_decided(decided);
                    Ok(())
                })?;
            }
        }
        Ok(())
    }
}

fn words_of(hex: &str) -> Vec<u64> {
    hex.as_bytes().chunks(16).filter_map(|word| u64::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok()).collect()
}
