//! Servers by other hands, on loopback: installed once under cargo's target folder, started by a test and stopped with it. See `tests/servers/README.md`.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/servers");

/// A server that runs until this goes.
pub(crate) struct Server {
    child: Child,
    /// Its input: when it ends, so does the server, also when the tests are killed.
    input: Option<ChildStdin>,
    /// What it said of itself.
    pub(crate) said: Value,
}

impl Server {
    fn start(command: &mut Command) -> Server {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said = serde_json::from_str(&line).unwrap_or_else(|_| panic!("the server did not start: {line:?}"));
        Server { input: child.stdin.take(), child, said }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.input.take());
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Three providers of OpenID Connect: `public`, `pairwise`, `both`. `None`: it was said that they are not run.
pub(crate) fn providers() -> Option<Server> {
    static INSTALLED: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let folder = installed(INSTALLED.get_or_init(install_provider), "the OpenID Connect provider by other hands")?;
    Some(Server::start(Command::new("node").arg("server.mjs").current_dir(folder)))
}

/// Mail servers in several moods, which put what they take into the folder. `None`: it was said that they are not run.
pub(crate) fn mail_servers(folder: &Path) -> Option<Server> {
    let python = python()?;
    Some(Server::start(Command::new(python).arg(Path::new(SOURCES).join("smtp/server.py")).arg(folder)))
}

/// A Python with what `tests/servers/smtp/requirements.txt` names. `None`: it was said that it is not run.
pub(crate) fn python() -> Option<PathBuf> {
    static INSTALLED: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let folder = installed(INSTALLED.get_or_init(install_python), "the mail server and the token maker by other hands")?;
    Some(folder.join("bin/python"))
}

fn installed(installed: &Result<PathBuf, String>, what: &str) -> Option<PathBuf> {
    match installed {
        Ok(folder) => Some(folder.clone()),
        Err(reason) => {
            not_run(&format!("tests with {what}, because {reason}"));
            None
        }
    }
}

fn install_provider() -> Result<PathBuf, String> {
    let source = Path::new(SOURCES).join("oidc");
    // It may have gone since it was used last.
    run(Command::new("node").arg("--version"))?;
    install("oidc-provider", &fs::read(source.join("package-lock.json")).unwrap(), |folder| {
        for file in ["package.json", "package-lock.json"] {
            fs::copy(source.join(file), folder.join(file)).map_err(|error| error.to_string())?;
        }
        run(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder))
    })
    // The server itself may have changed since.
    .inspect(|folder| drop(fs::copy(source.join("server.mjs"), folder.join("server.mjs"))))
}

/// Schemathesis's program. `None`: it was said that it is not run.
pub(crate) fn schemathesis() -> Option<PathBuf> {
    static INSTALLED: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let folder = installed(INSTALLED.get_or_init(|| install_packages("schemathesis", "schemathesis")), "Schemathesis")?;
    Some(folder.join("bin/st"))
}

fn install_python() -> Result<PathBuf, String> {
    install_packages("python", "smtp")
}

/// A Python of its own with what the requirements of a folder of `tests/servers` name.
fn install_packages(name: &str, source: &str) -> Result<PathBuf, String> {
    let requirements = Path::new(SOURCES).join(source).join("requirements.txt");
    install(name, &fs::read(&requirements).unwrap(), |folder| {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder))?;
        run(Command::new(folder.join("bin/python")).args(["-m", "pip", "install", "--quiet", "--no-deps", "-r"]).arg(&requirements))
    })
}

/// A folder that holds what these pins name; made anew when they change.
fn install(name: &str, pins: &[u8], make: impl FnOnce(&Path) -> Result<(), String>) -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("servers").join(name);
    let done = folder.join(".installed");
    if fs::read(&done).is_ok_and(|found| found == pins) {
        return Ok(folder);
    }
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    make(&folder)?;
    fs::write(done, pins).map_err(|error| error.to_string())?;
    Ok(folder)
}

fn run(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("`{program}` does not run: {error}"))?;
    if output.status.success() { Ok(()) } else { Err(format!("`{program}` failed: {}", String::from_utf8_lossy(&output.stderr).trim())) }
}

/// Says that tests were not run, past the capture of a passing test's output. In CI that is a failure.
#[expect(clippy::disallowed_methods, reason = "tests are told by the environment whether they run in CI")]
pub(crate) fn not_run(what: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "must not be left out in CI: {what}");
    drop(writeln!(std::io::stderr(), "not run: {what}"));
}

/// The time, for talking to servers that have a clock of their own.
#[expect(clippy::disallowed_methods, reason = "the servers look at the machine's clock")]
pub(crate) fn now() -> bezwaar_core::time::Instant {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    bezwaar_core::time::Instant::from_micros(i64::try_from(since.as_micros()).unwrap())
}
