//! The policies folder: `DIR/*/*.toml` are versions of policies, `DIR/services.toml` says how services name people.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use bezwaar_core::grammar::FILE_BYTES_MAX;
use bezwaar_core::policy::read::{PolicyFile, read_policies};
use bezwaar_core::problem::Problem;

use crate::error::{GateError, Result};

/// Most policy files that are read.
pub const POLICY_FILES_MAX: usize = 10_000;

/// Policy files, and `services.toml` as path and text.
pub type PolicyFolder = (Vec<PolicyFile>, Option<(String, String)>);

/// Reads a folder of policies: `NAME/VERSION.toml` and `services.toml`. Other files in it are passed over, links are followed. Whether
/// they are good policies is for [`read_policies`], but where one is no text, the error has the problems of all files.
pub fn read_policy_folder(folder: &Path) -> Result<PolicyFolder> {
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    for path in version_paths(folder)? {
        if let Some(text) = read_text(&path, &mut problems)? {
            let (folder, stem) = (name_of(path.parent()), path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
            files.push(PolicyFile { path: path.display().to_string(), folder, stem: stem.unwrap_or_default(), text });
        }
    }
    let services_path = folder.join("services.toml");
    let services = if services_path.exists() { read_text(&services_path, &mut problems)? } else { None };
    let services = services.map(|text| (services_path.display().to_string(), text));
    if problems.is_empty() {
        return Ok((files, services));
    }
    let read = read_policies(&files, services.as_ref().map(|(path, text)| (path.as_str(), text.as_str())));
    problems.extend(read.err().unwrap_or_default());
    problems.sort_by_key(|problem| (problem.file().to_owned(), problem.span().start));
    let mut texts: BTreeMap<String, String> = files.into_iter().map(|file| (file.path, file.text)).collect();
    texts.extend(services);
    let message = format!("the policies have {} problem{}", problems.len(), if problems.len() == 1 { "" } else { "s" });
    Err(GateError::config(message).with_problems_in(problems, &texts))
}

/// The version files of a folder, sorted.
fn version_paths(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for inner in entries(folder)?.into_iter().filter(|path| path.is_dir()) {
        found.extend(entries(&inner)?.into_iter().filter(|path| path.extension().is_some_and(|end| end == "toml") && path.is_file()));
    }
    if found.len() > POLICY_FILES_MAX {
        return Err(GateError::config(format!("`{}` holds over {POLICY_FILES_MAX} policy files", folder.display())));
    }
    if found.is_empty() {
        let help = "a policies folder holds one folder per policy with one file per version, such as `meta/2025-05-27.toml`";
        return Err(GateError::config(format!("there are no policies in `{}`", folder.display())).with_help(help));
    }
    Ok(found)
}

/// What a folder holds, hidden files apart.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = || -> std::io::Result<Vec<PathBuf>> { fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect() };
    let mut paths = read().map_err(|error| GateError::io(folder, "read", error))?;
    paths.retain(|path| !name_of(Some(path)).starts_with('.'));
    paths.sort();
    Ok(paths)
}

fn name_of(path: Option<&Path>) -> String {
    path.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// A file's text; one that is no text is a problem of the file like any other.
fn read_text(path: &Path, problems: &mut Vec<Problem>) -> Result<Option<String>> {
    let mut bytes = Vec::new();
    // One byte past the limit is enough for the reader to refuse the file.
    let limit = u64::try_from(FILE_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    let read = fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes));
    read.map_err(|error| GateError::io(path, "read", error))?;
    if bytes.len() > FILE_BYTES_MAX {
        // The cut may go through a letter.
        return Ok(Some(String::from_utf8_lossy(&bytes).into_owned()));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let problem = Problem::new(&path.display().to_string(), 0..0, format!("not UTF-8, from byte {} on", at + 1));
            problems.push(problem.with_help("save the file as UTF-8"));
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_holds_so_many_policy_files_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("club");
        std::fs::create_dir(&inner).unwrap();
        for number in 0..POLICY_FILES_MAX {
            std::fs::File::create(inner.join(format!("{number}.toml"))).unwrap();
        }
        assert_eq!(version_paths(folder.path()).unwrap().len(), POLICY_FILES_MAX);
        std::fs::File::create(inner.join("one-more.toml")).unwrap();
        assert!(version_paths(folder.path()).unwrap_err().to_string().contains("over 10000 policy files"));
    }
}
