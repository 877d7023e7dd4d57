//! The privacy team's pages. Whoever looks at a person's data is written down before it is shown.

mod case;
mod enter;
mod floods;
mod lists;
mod numbers;
mod post;
mod queue;

use axum::Router;
use axum::response::Response;
use axum::routing::{get, post as posted};
use bezwaar_register::intake::IntakeError;
use bezwaar_register::intake::looks::{LookAt, LookReason, StaffId};

use super::app::Shared;
use super::sessions::Who;
use super::settings::Role;
use super::web::Visit;

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/{language}/team", get(queue::page))
        .route("/{language}/team/search", posted(queue::search))
        .route("/{language}/team/case/{number}", get(case::page))
        .route("/{language}/team/case/{number}/{action}", posted(case::act))
        .route("/{language}/team/enter", get(enter::form).post(enter::send))
        .route("/{language}/team/floods", get(floods::page))
        .route("/{language}/team/floods/{action}", posted(floods::act))
        .route("/{language}/team/matches", get(lists::matches))
        .route("/{language}/team/post", get(post::page).post(post::sent))
        .route("/{language}/team/looks", get(lists::looks))
        .route("/{language}/team/numbers", get(numbers::page))
        .route("/{language}/team/export.csv", get(numbers::export))
}

/// A member of the team who asks.
pub(super) struct Member {
    pub(super) id: StaffId,
    roles: Vec<Role>,
}

impl Member {
    pub(super) fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether they may see cases at all: every member may.
    pub(super) fn why(&self) -> LookReason {
        if self.is(Role::Supervisor) { LookReason::Audits } else { LookReason::HandlesCase }
    }
}

/// The member who is signed in, with one of these roles (none: any); otherwise where they are sent.
#[expect(clippy::result_large_err, reason = "the answer is sent at once")]
pub(super) fn member(visit: &Visit, roles: &[Role]) -> Result<Member, Response> {
    match visit.session.as_ref().map(|session| &session.who) {
        Some(Who::Member { id, roles: own }) => {
            let Some(id) = StaffId::parse(id) else { return Err(visit.forbidden()) };
            let may = roles.is_empty() || own.iter().any(|role| roles.contains(role));
            if may { Ok(Member { id, roles: own.clone() }) } else { Err(visit.forbidden()) }
        }
        Some(Who::Person { .. }) => Err(visit.forbidden()),
        None => Err(visit.sign_in_first("team")),
    }
}

/// Writes down that a member is about to look. Without that nothing is shown.
pub(super) async fn look(visit: &Visit, member: &Member, at: LookAt, why: LookReason) -> Result<(), Response> {
    let by = member.id.clone();
    match visit.app.counter.run(move |intake, now| intake.look(&by, &at, why, now)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) | Err(error) => Err(failed(visit, "a look was not written down, so nothing was shown", &error)),
    }
}

/// Tells what went wrong, without personal data.
pub(super) fn failed(visit: &Visit, what: &str, error: &IntakeError) -> Response {
    visit.app.trace(&format!("{what}: {error}"));
    visit.failed()
}
