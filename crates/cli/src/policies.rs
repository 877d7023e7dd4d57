//! The policies folder, for the commands that read nothing else of a job.

use std::path::Path;

use bezwaar_core::policy::PolicySet;
use bezwaar_core::policy::read::read_policies;
use bezwaar_gate::{ErrorKind, read_policy_folder};

use crate::error::Error;
use crate::printer::Printer;

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
