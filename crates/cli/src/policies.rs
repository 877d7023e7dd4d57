//! The policies folder, for the commands that read nothing else of a job.

use std::path::Path;

use bezwaar_core::policy::PolicySet;
use bezwaar_core::policy::read::read_policies;
use bezwaar_gate::{ErrorKind, read_policy_folder};
use bezwaar_lens::page::Words;

use crate::error::Error;
use crate::printer::Printer;
use crate::texts::Language;

/// Reads a policies folder: all problems of all files at once.
pub(crate) fn load(folder: &Path, printer: &mut Printer) -> Result<PolicySet, Error> {
    let (files, services) = read_policy_folder(folder).map_err(|error| {
        let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<std::io::Error>());
        match cause {
            // Here the folder is an argument like any other file.
            Some(cause) if error.kind() == ErrorKind::Io => Error::of_io(&error.to_string(), cause),
            _ => Error::from(error),
        }
    })?;
    if services.is_none() {
        let path = folder.join("services.toml");
        printer.note(&format!("there is no `{}`: every service is taken to name people by number and by handle", path.display()));
    }
    read_policies(&files, services.as_ref().map(|(path, text)| (path.as_str(), text.as_str()))).map_err(|mut problems| {
        problems.sort_by_key(|problem| (problem.file().to_owned(), problem.span().start));
        Error::problems(problems, files.into_iter().map(|file| (file.path, file.text)).chain(services).collect())
    })
}

/// What the policies' texts are in a language, if somebody wrote it down.
pub(crate) fn words(folder: &Path, language: Language) -> Result<Words, Error> {
    let path = folder.join(format!("words.{}.toml", language.plain().code()));
    if !path.exists() {
        return Ok(Words::default());
    }
    let text = std::fs::read_to_string(&path).map_err(|error| Error::cannot_read(&path, &error))?;
    Words::parse(&text).map_err(|error| {
        let place = error.span().map(|span| text.get(..span.start).unwrap_or(&text).matches('\n').count() + 1);
        let place = place.map_or_else(|| path.display().to_string(), |line| format!("{}:{line}", path.display()));
        Error::user(format!("`{place}` is no file of words")).with_help(error.message().to_owned())
    })
}
