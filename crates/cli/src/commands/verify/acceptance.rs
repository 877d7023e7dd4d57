//! Receipts and acceptance notes.

use bezwaar_ledger::acceptance::Acceptance;
use bezwaar_ledger::event::Event;
use bezwaar_ledger::receipt::{DocumentReceipt, Grade, Receipt};
use bezwaar_ledger::tlog::note::Note;

use super::{Believed, broken};
use crate::error::{Error, Kind, grouped};
use crate::printer::{Printer, visible};

pub(super) fn receipt(bytes: &[u8], believed: &Believed, printer: &mut Printer) -> Result<Grade, Error> {
    let receipt = match Receipt::from_bytes(bytes) {
        Ok(receipt) => receipt,
        Err(error) => {
            if DocumentReceipt::from_bytes(bytes).is_ok() {
                return Err(Error::new(Kind::Usage, "this is the receipt of a document, which is not in it")
                    .with_help("the seal of a release is checked together with it, by the release's absence proofs"));
            }
            return Err(broken(&error, error.help()));
        }
    };
    let policy = believed.policy()?;
    let verified = receipt.verify(policy, &believed.operators).map_err(|error| broken(&error, error.help()))?;
    printer.line("receipt    holds: entry, salt and content belong together, and stand on the ledger")?;
    printer.line(&format!("ledger     {}", verified.origin))?;
    printer.line(&format!(
        "entry      {} of {}",
        grouped(verified.index),
        verified.size.map_or("a ledger not signed yet".to_owned(), grouped)
    ))?;
    printer.line(&format!("recorded   {}", verified.entry.recorded_at))?;
    if let Event::Choice(choice) = &verified.event {
        printer.line(&format!("received   {}", choice.received_at))?;
        printer.line(&format!("id         {}", visible(&choice.id)))?;
        if choice.provisional {
            printer.line("state      provisional: it counts, and waits for the account holder")?;
        }
    }
    if let Some(accepted) = &verified.acceptance {
        printer.line(&format!("accepted   by the operator, to be published by {}", accepted.published_by()))?;
    } else {
        printer.note(if believed.operators.is_empty() {
            "an acceptance note, if there is one, was not checked: no key of the operator was given"
        } else {
            "there is no acceptance note in it"
        });
    }
    grade(verified.grade, &verified.witnesses.iter().map(|witness| witness.key_name.to_string()).collect::<Vec<_>>(), printer)?;
    printer.note("this file says what somebody did, in clear: it is personal data");
    Ok(verified.grade)
}

pub(super) fn note(bytes: &[u8], believed: &Believed, printer: &mut Printer) -> Result<Grade, Error> {
    let note = Note::parse(bytes).map_err(|error| broken(&error, error.help()))?;
    let accepted = Acceptance::verify(&note, believed.operators()?).map_err(|error| broken(&error, error.help()))?;
    printer.line("acceptance holds: the operator has signed that this entry is on the ledger")?;
    printer.line(&format!("ledger     {}", accepted.origin))?;
    printer.line(&format!("entry      {}", grouped(accepted.index)))?;
    printer.line(&format!("received   {}", accepted.received_at))?;
    printer.line(&format!("published  by {}", accepted.published_by()))?;
    grade(Grade::Noted, &[], printer)?;
    Ok(Grade::Noted)
}

/// How well something is attested, and by whom.
pub(super) fn grade(grade: Grade, witnesses: &[String], printer: &mut Printer) -> Result<(), Error> {
    let names = if witnesses.is_empty() { String::new() } else { format!(", by {}", witnesses.join(", ")) };
    printer.line(&format!("grade      {}{names}", grade.as_str()))
}
