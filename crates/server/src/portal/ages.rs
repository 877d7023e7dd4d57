//! Who may open what was closed for a child: below sixteen a representative, from sixteen on the young person alone (GDPR Art. 8, UAVG Art. 5). Closing needs nobody's leave.

use bezwaar_core::choice::{Act, By, Choice};

use super::acts::Filed;
use super::sessions::Who;
use super::web::Visit;

/// Below this age only a representative can open anything; from it on only the young person.
pub const OWN_AGE: i64 = 16;

/// Whether what the holder of an account asks for takes a representative: an act, or (without one) forgetting everything, which ends every no. Whose age nobody
/// knows may not undo what a parent said: they cannot be told from the child.
pub(crate) fn needs_representative(visit: &Visit, filed: &Filed, act: Option<&Act>) -> bool {
    let born = match visit.session.as_ref().map(|session| &session.who) {
        Some(Who::Person { born, .. }) => *born,
        _ => None,
    };
    if !act.is_none_or(Act::opens) {
        return false;
    }
    if let Some(born) = born {
        return born.years_until(visit.app.today()) < OWN_AGE;
    }
    let of_parent = |choice: &Choice| matches!(choice.by, Some(By::Parent | By::Guardian)) && !filed.is_withdrawn(&choice.id);
    match act {
        Some(Act::Withdraw { of } | Act::Unlink { of }) => filed.choices.iter().any(|choice| choice.id == *of && of_parent(choice)),
        _ => filed.choices.iter().any(of_parent),
    }
}
