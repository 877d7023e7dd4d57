//! The objection: GDPR Art. 21(1), with restriction (18(1)(d)), erasure of training copies (17(1)(c)) and recipients (19) in the same breath.
//!
//! Recipients are told of erasure and restriction: Art. 19 is triggered by Art. 17(1) and 18, not by 21. Where consent is the basis it is withdrawn
//! (7(3)), and copies are erased under 17(1)(b). No reason is ever required, and nothing is promised about models.

use bezwaar_core::policy::{Declared, Use};

use super::{ComposeError, Order, Scope, Writer};
use crate::case::RequestKind;
use crate::letter::{Block, Letter};
use crate::person::Who;

/// Composes an objection to the training of AI.
pub fn objection(order: &Order<'_>, scope: &Scope<'_>) -> Result<Letter, ComposeError> {
    let mut writer = Writer::new(order)?;
    let consent_only = scope.narrowed && !scope.uses.is_empty() && scope.uses.iter().all(|one| basis(one) == Basis::Consent);
    let suffix = if consent_only { "-consent" } else { "" };
    let (act, article) = (writer.say("objection", &format!("act{suffix}"), &[]), writer.say("objection", &format!("article{suffix}"), &[]));
    writer.add("objection", writer.opening_key(), &[("act", &act), ("article", &article)]);
    let mut training = writer.say("objection", "training", &[]);
    if !consent_only {
        training = format!("{training} {}", writer.say("objection", "marketing", &[]));
    }
    writer.paragraph(training);
    writer.uses(scope);
    if !scope.narrowed && !scope.uses.is_empty() {
        writer.add("objection", "uses-other", &[]);
    }
    writer.bases(scope);
    writer.reasons(consent_only);
    writer.requests(scope, consent_only);
    let mut lasting = writer.say("objection", "lasting", &[]);
    if !consent_only {
        let form = if order.person.who == Who::NoAccount { "form-no-account" } else { "form" };
        lasting = format!("{lasting} {}", writer.say("objection", form, &[]));
    }
    writer.paragraph(lasting);
    writer.find(RequestKind::Objection);
    writer.ending();
    let subject = writer.say("objection", &format!("subject{suffix}"), &[]);
    Ok(writer.letter(subject, order.controller.into(), Vec::new()))
}

/// The grounds in law as they change what a letter says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Basis {
    Interests,
    PublicTask,
    Consent,
    Contract,
    LegalObligation,
    Unknown,
    Promised,
}

fn basis(one: &Use) -> Basis {
    match one.legal_basis.as_str() {
        _ if one.declared == Declared::NonUse => Basis::Promised,
        "legitimate-interests" => Basis::Interests,
        "public-interest" => Basis::PublicTask,
        "consent" => Basis::Consent,
        "contract" => Basis::Contract,
        "legal-obligation" => Basis::LegalObligation,
        _ => Basis::Unknown,
    }
}

impl Writer<'_> {
    /// What follows from the legal basis of each use, a paragraph for each basis.
    fn bases(&mut self, scope: &Scope<'_>) {
        let order =
            [Basis::Interests, Basis::PublicTask, Basis::Consent, Basis::Contract, Basis::LegalObligation, Basis::Unknown, Basis::Promised];
        for one in order {
            let titles: Vec<String> =
                scope.uses.iter().filter(|used| basis(used) == one).map(|used| self.texts.quoted(&used.title)).collect();
            if titles.is_empty() {
                continue;
            }
            let all = titles.len() == scope.uses.len();
            let uses = if all { self.say("objection", "this-use", &[]) } else { self.texts.list(&titles) };
            let key = match one {
                Basis::Interests => "basis-interests",
                Basis::PublicTask => "basis-public",
                Basis::Consent => "basis-consent",
                Basis::Contract | Basis::LegalObligation => "basis-other",
                Basis::Unknown if scope.narrowed => "basis-unknown",
                Basis::Unknown => "basis-unknown-and-rest",
                Basis::Promised => "promised",
            };
            let named = match one {
                Basis::Contract => self.say("objection", "contract", &[]),
                Basis::LegalObligation => self.say("objection", "legal-obligation", &[]),
                _ => String::new(),
            };
            self.add("objection", key, &[("uses", &uses), ("basis", &named)]);
        }
        let any = |wanted: Basis| scope.uses.iter().any(|one| basis(one) == wanted);
        match (scope.narrowed, scope.uses.is_empty()) {
            (_, true) => self.add("objection", "basis-none-named", &[]),
            (false, false) if any(Basis::Unknown) => {}
            (false, false) => self.add("objection", "basis-rest", &[]),
            (true, false) if any(Basis::Consent) => self.add("objection", "basis-instead", &[]),
            (true, false) => {}
        }
    }

    /// The person's reasons, or that there is no need of them; whoever withdraws consent needs none at all.
    fn reasons(&mut self, consent_only: bool) {
        match self.order.person.grounds.as_deref().filter(|grounds| !grounds.trim().is_empty()) {
            Some(grounds) => {
                let key = if self.order.person.who.for_other() { "reasons" } else { "reasons-own" };
                self.add("objection", key, &[]);
                self.own_words(grounds);
            }
            None if consent_only => {}
            None => self.add("objection", "no-reasons", &[]),
        }
    }

    fn requests(&mut self, scope: &Scope<'_>, consent_only: bool) {
        let consent = scope.uses.iter().any(|one| matches!(basis(one), Basis::Consent | Basis::Unknown)) || !scope.narrowed;
        let article = match (consent_only, consent) {
            (true, _) => "erase-consent",
            (false, true) => "erase-both",
            (false, false) => "erase-objection",
        };
        let article = self.say("objection", article, &[]);
        self.add("objection", "requests", &[]);
        let keys = ["stop", "restrict", "erase", "recipients", "models", "confirm"];
        let items = keys.into_iter().map(|key| self.say("objection", key, &[("article", &article)]));
        let items: Vec<String> = items.collect();
        self.body.push(Block::Numbered(items));
    }
}
