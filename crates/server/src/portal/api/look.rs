//! Before a supervisor sees anything of a person, the look is recorded: who, when, at whom, and that it was to supervise. Without that nothing is shown.

use bezwaar_core::account::Account;
use bezwaar_register::intake::looks::{LookAt, LookReason, StaffId};

use super::problem::{Kind, Problem};
use super::session::Asked;
use crate::portal::web::Visit;

/// Records a look at each of these accounts, if it is a supervisor who asks.
pub(crate) async fn record(visit: &Visit, by: &str, accounts: Vec<Account>) -> Result<(), Problem> {
    let failed = |what: &str| {
        visit.app.trace(&format!("a look was not recorded, and nothing was shown: {what}"));
        Kind::Failed.of()
    };
    let staff = StaffId::parse(by).ok_or_else(|| failed("the id of the member has no form"))?;
    let looked = visit
        .app
        .counter
        .run(move |intake, now| {
            accounts.into_iter().try_for_each(|account| intake.look(&staff, &LookAt::Account(account), LookReason::Audits, now).map(drop))
        })
        .await;
    match looked {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) | Err(error) => Err(failed(&error.to_string())),
    }
}

/// [`record`], for what is asked about one account.
pub(crate) async fn record_asked(visit: &Visit, asked: &Asked) -> Result<(), Problem> {
    match asked {
        Asked::Own(_) => Ok(()),
        Asked::Supervised { account, by } => record(visit, by, vec![account.clone()]).await,
    }
}
