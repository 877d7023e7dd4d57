//! `bezwaar witness serve`: a witness that is asked over HTTP.

use std::net::SocketAddr;
use std::sync::Arc;

use bezwaar_ledger::tlog::note::VerifierKey;
use bezwaar_ledger::tlog::witness::WitnessAnswer;
use bezwaar_server::witness::{Answer, Report, Server};
use serde::Serialize;

use super::{WitnessArgs, chain, now, of_state, parse_ledger};
use crate::error::{Error, Kind};
use crate::printer::{Printer, trace};

/// Answer ledgers that ask for a cosignature (c2sp.org/tlog-witness)
///
/// Prints one line of JSON when it is ready: where it listens, its name and its public key. Then it answers `POST /add-checkpoint`, until it is
/// told to stop by SIGTERM or SIGINT. What it cosigns is on disk before the answer leaves. It speaks no TLS: let it listen on this machine, and
/// put a reverse proxy before it.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    witness: WitnessArgs,
    /// Watch the ledger with this public key; can be given more than once
    #[arg(long = "ledger", value_name = "VKEY", required = true, value_parser = parse_ledger)]
    ledgers: Vec<VerifierKey>,
    /// Listen here; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7380")]
    listen: SocketAddr,
}

const EXAMPLES: &str = "\
Examples:
  Watch a ledger whose public key is in a file:
    bezwaar witness serve --state state --key witness.key --ledger \"$(cat ledger.vkey)\"";

/// The first line, and the only one.
#[derive(Serialize)]
struct Ready {
    listening: SocketAddr,
    name: String,
    vkey: String,
}

pub(super) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    let witness = args.witness.open(args.ledgers.clone(), printer)?;
    let broken = witness.broken();
    if let Some(first) = broken.first().filter(|_| broken.len() == witness.ledgers().count()) {
        return Err(of_state(first));
    }
    for error in &broken {
        printer.note(&format!("one ledger is not cosigned: {}; {}", chain(error), error.help()));
    }
    if !args.listen.ip().is_loopback() {
        printer.note("this is not an address of this machine alone, and the witness speaks no TLS: anybody between can see and hold up what is asked");
    }
    let key = witness.key().clone();
    let server = Server::bind(args.listen, witness, Arc::new(now), Arc::new(observe));
    let server = server.map_err(|error| Error::new(Kind::User, chain(&error)).with_help(error.help()))?;
    let ready = Ready { listening: server.address(), name: key.name().to_string(), vkey: key.to_string() };
    printer.line(&serde_json::to_string(&ready).map_err(|_| Error::internal("the first line could not be written"))?)?;
    printer.flush()?;
    server.run(std::future::pending());
    Ok(())
}

/// Tells whoever runs the witness what it did. What strangers send and are refused is passed over: they could write as much as they like.
fn observe(report: &Report) {
    let Some(origin) = &report.origin else { return };
    match &report.answer {
        Answer::Given(WitnessAnswer::Cosigned { head, .. }) => trace("note", &format!("cosigned `{origin}` at size {}", head.size)),
        Answer::Failed(failure) => trace("error", &format!("`{origin}`: {}; help: {}", chain(failure), failure.help())),
        Answer::Given(_) => {}
    }
    if let Some(evidence) = &report.evidence {
        let kept = evidence.folder.as_ref().map_or("not kept".to_owned(), |folder| format!("kept in `{}`", folder.display()));
        trace("warning", &format!("`{origin}`: {} ({kept})", evidence.misdeed.sentence()));
    }
}
