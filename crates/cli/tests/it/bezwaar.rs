//! A folder to run the binary in, with the policies of `tests/it/policies`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

pub(crate) struct Bench {
    folder: tempfile::TempDir,
}

/// A question about the club's model.
pub(crate) const ABOUT_MODEL: [&str; 8] =
    ["--policies", "policies", "--use", "club/model", "--recipient", "lab", "--at", "2026-06-01T00:00:00Z"];

impl Bench {
    /// A folder with a link to the policies.
    pub(crate) fn new() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/policies");
        std::os::unix::fs::symlink(policies, folder.path().join("policies")).unwrap();
        Bench { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> &Bench {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bezwaar"));
        command.args(args).current_dir(self.folder.path()).env_clear();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs it and shows exit code and both streams.
    pub(crate) fn run(&self, args: &[&str]) -> String {
        shown(&self.command(args).output().unwrap())
    }

    /// Runs it with something on standard input.
    pub(crate) fn run_with(&self, args: &[&str], stdin: impl AsRef<[u8]>) -> String {
        let mut child = self.spawn(args);
        child.stdin.take().unwrap().write_all(stdin.as_ref()).unwrap();
        shown(&child.wait_with_output().unwrap())
    }

    pub(crate) fn spawn(&self, args: &[&str]) -> Child {
        self.command(args).stdin(Stdio::piped()).spawn().unwrap()
    }
}

fn shown(output: &Output) -> String {
    let code = output.status.code().unwrap();
    let part = |name: &str, bytes: &[u8]| match std::str::from_utf8(bytes).unwrap() {
        "" => String::new(),
        text => format!("\n--- {name}\n{}", text.strip_suffix('\n').unwrap_or(text)),
    };
    format!("exit code {code}{}{}", part("stdout", &output.stdout), part("stderr", &output.stderr))
}

/// Command, question and more arguments together.
pub(crate) fn args<'a>(command: &'a str, question: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [&[command], question, more].concat()
}
