//! Rules about the ways to say no.

use bezwaar_core::policy::{Control, Default_, SignalMeaning, Use};

use super::super::look::{Look, Out, Spot};
use crate::diff::paired;

/// Fires where a truth of a control is `bad`; says so where it is not known.
fn truth<'a>(out: &mut Out<'a>, control: &'a Control, fact: &'static str, value: Option<bool>, bad: bool, variant: &'static str) {
    match value {
        Some(value) if value == bad => out.fires(variant, &[Spot::Control(control, fact)], &[("control", control.title.clone())]),
        Some(_) => {}
        None => out.unknown(&[Spot::Control(control, fact)]),
    }
}

/// Steps to withdraw a consent above which it is called hard: the project's measure.
pub const WITHDRAWAL_STEPS_MAX: i64 = 10;

/// Withdrawing a consent is as easy as giving it.
pub(super) fn g03<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    let by_consent: Vec<&Use> = look.uses().filter(|one| one.legal_basis == "consent").collect();
    for control in look.controls().filter(|control| by_consent.iter().any(|one| one.controls.contains(&control.id))) {
        truth(out, control, "reason_required", control.details.reason_required, true, "reason");
        truth(out, control, "id_document_required", control.details.id_document_required, true, "document");
        truth(out, control, "deadline_closes_right", control.details.deadline_closes_right, true, "deadline");
        match control.details.steps {
            Some(steps) if steps > WITHDRAWAL_STEPS_MAX => {
                out.fires("steps", &[Spot::Control(control, "steps")], &[("steps", steps.to_string())])
            }
            Some(_) => {}
            None => out.unknown(&[Spot::Control(control, "steps")]),
        }
    }
}

/// One can object at any time.
pub(super) fn g07<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    for control in look.controls() {
        match control.details.deadline_closes_right {
            Some(true) => {
                let deadline = control.details.deadline.clone().unwrap_or_else(|| "-".to_owned());
                let spots = [Spot::Control(control, "deadline_closes_right"), Spot::Control(control, "deadline")];
                out.fires("closes", &spots, &[("deadline", deadline)]);
            }
            Some(false) => {}
            None => out.unknown(&[Spot::Control(control, "deadline_closes_right")]),
        }
    }
}

/// One can object by automated means.
pub(super) fn g14<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    let signals = &look.version.signals;
    let means = |wanted: SignalMeaning| signals.values().any(|meaning| *meaning == wanted);
    if look.uses().next().is_none() || means(SignalMeaning::No) || look.controls().any(|control| control.kind == "signal") {
        return;
    }
    match signals.keys().next() {
        None => out.unknown(&[Spot::Version("signal")]),
        Some(first) if means(SignalMeaning::Open) => out.unknown(&[Spot::Signal(first)]),
        Some(first) => {
            let names = signals.keys().cloned().collect::<Vec<_>>().join(", ");
            out.fires("nothing", &[Spot::Signal(first)], &[("signals", names)]);
        }
    }
}

/// No identity document without a reason to doubt.
pub(super) fn g20<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    for control in look.controls() {
        truth(out, control, "id_document_required", control.details.id_document_required, true, "document");
    }
}

/// A form can be filled in without signing in. A setting belongs to an account, and that is another rule's.
pub(super) fn l04<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    for control in look.controls().filter(|control| control.kind == "form") {
        truth(out, control, "requires_login", control.details.requires_login, true, "login");
    }
}

/// Nobody has to say why, and a no is a no.
pub(super) fn l12<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    for control in look.controls() {
        truth(out, control, "reason_required", control.details.reason_required, true, "reason");
        truth(out, control, "conditional", control.details.conditional, true, "conditional");
    }
}

/// Once is enough.
pub(super) fn l13<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    for control in look.controls() {
        match &control.details.repeat_per {
            Some(words) if !words.is_empty() => {
                let per = words.iter().map(|word| word.as_str()).collect::<Vec<_>>().join(", ");
                out.fires("repeat", &[Spot::Control(control, "repeat_per")], &[("control", control.title.clone()), ("per", per)]);
            }
            Some(_) => {}
            None => out.unknown(&[Spot::Control(control, "repeat_per")]),
        }
    }
}

/// People without an account, who stand in what others share, have a way too.
pub(super) fn l14<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    for one in look.uses() {
        let takes = match (one.details.from_others, one.registered) {
            (Some(true), _) | (_, Some(false)) => true,
            (Some(false), _) => false,
            (None, _) => {
                out.unknown(&[Spot::Use(one, "from_others")]);
                continue;
            }
        };
        let controls = look.controls_of(one);
        // A way for people without an account may stand with a use of its own, for the same recipients.
        let shared = |other: &&Use| other.recipients.iter().any(|recipient| one.reaches(recipient));
        let ways: Vec<&Control> = look.uses().filter(shared).flat_map(|other| look.controls_of(other)).collect();
        if !takes || ways.iter().any(|control| control.details.non_users == Some(true)) {
            continue;
        }
        match controls.iter().find(|control| control.details.non_users.is_none()) {
            Some(control) => out.unknown(&[Spot::Control(control, "non_users")]),
            None => {
                let first = Spot::Use(one, if one.details.from_others == Some(true) { "from_others" } else { "registered" });
                let spots: Vec<Spot<'a>> = [first, Spot::Use(one, "controls")]
                    .into_iter()
                    .chain(controls.iter().map(|control| Spot::Control(control, "non_users")))
                    .collect();
                out.fires("none", &spots, &[]);
            }
        }
    }
}

/// A setting to say no is wherever the service is; one that only lets a person say yes may be harder to find.
pub(super) fn l15<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    let asks = |control: &Control| {
        let mut uses = look.uses().filter(|one| one.controls.contains(&control.id)).peekable();
        uses.peek().is_some() && uses.all(|one| one.default == Default_::Off)
    };
    for control in look.controls().filter(|control| control.kind == "setting" && !asks(control)) {
        match &control.details.clients {
            Some(clients) if clients.len() == 1 => {
                let only = clients.iter().cloned().collect::<String>();
                out.fires("one", &[Spot::Control(control, "clients")], &[("control", control.title.clone()), ("client", only)]);
            }
            Some(_) => {}
            None => out.unknown(&[Spot::Control(control, "clients")]),
        }
    }
}

/// No evidence is asked that a person cannot have.
pub(super) fn l16<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    for control in look.controls() {
        truth(out, control, "evidence_required", control.details.evidence_required, true, "evidence");
    }
}

/// A no is confirmed.
pub(super) fn l17<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    for control in look.controls() {
        truth(out, control, "confirmation", control.details.confirmation, false, "none");
    }
}

/// A control stays where it was, under its name.
pub(super) fn l20<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    let Some(older) = look.older else { return };
    for (before, after) in paired(older, look.version) {
        for gone in before.controls.iter().filter(|id| !after.controls.contains(id)) {
            let title = older.lookup_control(gone).map_or_else(|| gone.clone(), |control| control.title.clone());
            out.fires("gone", &[Spot::Use(after, "controls")], &[("control", title), ("older", older.id.clone())]);
        }
    }
    for control in look.controls() {
        let Some(before) = older.lookup_control(&control.id).filter(|before| before.title != control.title) else { continue };
        let values = [("before", before.title.clone()), ("after", control.title.clone()), ("older", older.id.clone())];
        out.fires("renamed", &[Spot::Control(control, "title")], &values);
    }
}
