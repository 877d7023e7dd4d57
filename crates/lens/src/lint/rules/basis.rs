//! Rules about grounds, scope and what a text says.

use bezwaar_core::policy::{Assessment, ClaimKind, Covers, Declared, Default_, Named, Use, When};

use super::super::look::{Look, Out, Spot};

/// Purpose and ground are named before the use starts.
pub(super) fn g01<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    for one in look.uses() {
        match one.legal_basis.as_str() {
            "none" => out.fires("none", &[Spot::Use(one, "legal_basis")], &[]),
            "unknown" => out.unknown(&[Spot::Use(one, "legal_basis")]),
            _ => {}
        }
        if one.declared == Declared::Practice {
            out.fires("practice", &[Spot::Use(one, "declared"), Spot::Use(one, "collection_began")], &[]);
            continue;
        }
        let spots = [Spot::Use(one, "collection_began"), Spot::Use(one, "effective")];
        match (one.collection_began, one.effective) {
            (When::Never, _) => {}
            (When::Day(began), When::Day(effective)) if began < effective => {
                let days = began.days_until(effective);
                let values = [("began", began.to_string()), ("effective", effective.to_string()), ("days", days.to_string())];
                out.fires("later", &spots, &values);
            }
            (When::Unknown, _) | (_, When::Unknown) => out.unknown(&spots),
            _ => {}
        }
    }
}

/// Consent is an act: silence is none.
pub(super) fn g02<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    for one in look.uses().filter(|one| one.legal_basis == "consent") {
        match one.default {
            Default_::On => out.fires("on", &[Spot::Use(one, "default"), Spot::Use(one, "legal_basis")], &[]),
            Default_::Unknown => out.unknown(&[Spot::Use(one, "default")]),
            Default_::Off => {}
        }
    }
}

/// Legitimate interests are named and weighed.
pub(super) fn g04<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    for one in look.uses().filter(|one| one.legal_basis == "legitimate-interests") {
        match one.details.interest.as_deref() {
            Some("none") => out.fires("interest", &[Spot::Use(one, "interest")], &[]),
            Some(_) => {}
            None => out.unknown(&[Spot::Use(one, "interest")]),
        }
        match one.details.assessment {
            Some(Assessment::None) => out.fires("assessment", &[Spot::Use(one, "assessment")], &[]),
            Some(Assessment::Published | Assessment::Claimed) => {}
            None => out.unknown(&[Spot::Use(one, "assessment")]),
        }
    }
}

/// Special categories need a ground of their own.
pub(super) fn g26<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    for one in look.uses() {
        match (one.details.special_categories, one.details.art9.as_deref()) {
            (Some(true), Some("none")) => out.fires("none", &[Spot::Use(one, "art9"), Spot::Use(one, "special_categories")], &[]),
            (Some(true), None) => out.unknown(&[Spot::Use(one, "art9")]),
            (None, _) => out.unknown(&[Spot::Use(one, "special_categories")]),
            _ => {}
        }
    }
}

/// Years below which a person is a minor here.
const MAJORITY: i64 = 18;

/// Where minors are not left out, they are spoken to in their words.
pub(super) fn g29<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    for one in look.uses().filter(|one| one.min_age.unwrap_or_default() < MAJORITY) {
        match one.default {
            Default_::On => out.fires("minors", &[Spot::Use(one, "min_age"), Spot::Use(one, "default")], &[]),
            Default_::Unknown => out.unknown(&[Spot::Use(one, "default")]),
            Default_::Off => {}
        }
    }
}

/// Whoever is used by default can say no.
pub(super) fn l01<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    for one in look.uses().filter(|one| look.controls_of(one).is_empty()) {
        let spots = [Spot::Use(one, "controls"), Spot::Use(one, "legal_basis")];
        match one.default {
            Default_::Off => {}
            Default_::Unknown => out.unknown(&[Spot::Use(one, "default")]),
            // Articles 21(1) and 7(3) give the way out for these grounds; under another, or an unknown one, it is no more than expected.
            Default_::On => {
                let owed = ["legitimate-interests", "public-interest", "consent"].contains(&one.legal_basis.as_str());
                out.fires(if owed { "owed" } else { "basis" }, &spots, &[("basis", one.legal_basis.clone())]);
            }
        }
    }
}

/// Silence is not a yes.
pub(super) fn l03<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    for one in look.uses() {
        match one.default {
            // With no known way to say no, "unless the person says no" would promise too much.
            Default_::On if look.controls_of(one).is_empty() => out.fires("alone", &[Spot::Use(one, "default")], &[]),
            Default_::On => out.fires("on", &[Spot::Use(one, "default")], &[]),
            Default_::Unknown => out.unknown(&[Spot::Use(one, "default")]),
            Default_::Off => {}
        }
    }
}

fn to_third_parties(one: &Use) -> bool {
    one.recipients.iter().any(|recipient| recipient.starts_with("third:"))
}

/// Another recipient or another purpose has a control of its own.
pub(super) fn l06<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    for one in look.uses().filter(|one| one.default != Default_::Off) {
        if look.controls_of(one).is_empty() {
            match one.default {
                Default_::On if to_third_parties(one) => {
                    out.fires(
                        "third",
                        &[Spot::Use(one, "controls"), Spot::Use(one, "recipients")],
                        &[("recipients", one.recipients.join(", "))],
                    );
                }
                Default_::Unknown if to_third_parties(one) => out.unknown(&[Spot::Use(one, "default")]),
                _ => {}
            }
            continue;
        }
        // On a form or in a mail a person says in words what they object to.
        if look.controls_of(one).iter().any(|control| ["form", "mail"].contains(&control.kind.as_str())) {
            continue;
        }
        // Nobody lives in two regions: what is written apart for each of them is one use to a person.
        let meets = |other: &Use| match (&one.regions, &other.regions) {
            (Some(own), Some(others)) => own.intersection(others).next().is_some(),
            _ => true,
        };
        let apart =
            |other: &&Use| other.id != one.id && meets(other) && (other.recipients != one.recipients || other.purpose != one.purpose);
        let others: Vec<&Use> = look.uses().filter(apart).collect();
        let shared = |id: &String| others.iter().any(|other| other.controls.contains(id));
        if one.controls.iter().all(shared) {
            let with = others.iter().filter(|other| one.controls.iter().any(|id| other.controls.contains(id)));
            let with = with.map(|other| other.title.as_str()).collect::<Vec<_>>().join("; ");
            let controls = look.controls_of(one).iter().map(|control| control.title.as_str()).collect::<Vec<_>>().join("; ");
            out.fires("shared", &[Spot::Use(one, "controls")], &[("controls", controls), ("with", with)]);
        }
    }
}

/// The text names the way to say no.
pub(super) fn l08<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    for one in look.uses().filter(|one| one.default != Default_::Off) {
        let spot = Spot::Use(one, "control_named");
        match one.details.control_named {
            Some(Named::GeneralLink) => out.fires("general", &[spot], &[]),
            // With no control at all there is nothing to name; another rule says so.
            Some(Named::NotNamed) if !look.controls_of(one).is_empty() => out.fires("not", &[spot], &[]),
            Some(Named::ByName | Named::NotNamed) => {}
            None => out.unknown(&[spot]),
        }
    }
}

/// The control's words cover the use.
pub(super) fn l09<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    for one in look.uses().filter(|one| one.default != Default_::Off) {
        let spot = Spot::Use(one, "control_covers");
        match one.details.control_covers {
            Some(Covers::Part) => out.fires("part", &[spot], &[]),
            Some(Covers::TitleOnly) => out.fires("title", &[spot], &[]),
            Some(Covers::All) => {}
            None => out.unknown(&[spot]),
        }
    }
}

/// What is announced about an audience is what the text says.
pub(super) fn l11<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    for claim in look.version.claims.iter().filter(|claim| claim.kind == ClaimKind::Audience) {
        let Some(age) = claim.age_min else {
            out.unknown(&[Spot::Claim(claim, "age_min")]);
            continue;
        };
        for one in look.uses().filter(|one| claim.uses.contains(&one.id) && one.min_age.unwrap_or_default() < age) {
            let mut values = vec![("holder", claim.holder.clone()), ("says", claim.says.clone()), ("claimed", age.to_string())];
            let variant = match one.min_age {
                Some(age) => {
                    values.push(("age", age.to_string()));
                    "other"
                }
                None => "none",
            };
            out.fires(variant, &[Spot::Use(one, "min_age"), Spot::Claim(claim, "age_min")], &values);
        }
    }
}

/// Recipients are named.
pub(super) fn l19<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    for one in look.uses() {
        if one.recipients.iter().any(|recipient| recipient == "third:*") {
            let named = one.recipients.iter().any(|recipient| recipient != "third:*" && recipient.starts_with("third:"));
            out.fires(if named { "not-all" } else { "unnamed" }, &[Spot::Use(one, "recipients")], &[]);
        } else if one.recipients.iter().any(|recipient| recipient == "unknown") {
            out.unknown(&[Spot::Use(one, "recipients")]);
        }
    }
}

/// Who sells nothing hands nothing to others for their own purposes.
pub(super) fn l21<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    for claim in look.version.claims.iter().filter(|claim| claim.kind == ClaimKind::NoSale) {
        for one in look.uses().filter(|one| claim.uses.contains(&one.id) && to_third_parties(one)) {
            match one.default {
                Default_::On => {
                    let values = [("says", claim.says.clone()), ("purpose", one.purpose.clone())];
                    out.fires("sale", &[Spot::Use(one, "recipients"), Spot::Claim(claim, "says")], &values);
                }
                Default_::Unknown => out.unknown(&[Spot::Use(one, "default")]),
                Default_::Off => {}
            }
        }
    }
}
