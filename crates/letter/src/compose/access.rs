//! The request for access about AI training: GDPR Art. 15, with recipients by name (CJEU, C-154/21).

use super::{ComposeError, Order, Scope, Writer};
use crate::case::RequestKind;
use crate::letter::{Block, Letter};
use crate::person::Who;

/// Composes a request for access about the training of AI.
pub fn access(order: &Order<'_>, scope: &Scope<'_>) -> Result<Letter, ComposeError> {
    let mut writer = Writer::new(order)?;
    writer.add("access", writer.opening_key(), &[]);
    writer.add("access", "whether", &[]);
    writer.uses(scope);
    writer.add("access", "requests", &[]);
    let keys = ["copy", "models", "recipients", "retention", "source", "safeguards", "objections", "in-models"];
    let items = keys.into_iter().map(|key| writer.say("access", key, &[])).collect();
    writer.body.push(Block::Numbered(items));
    let mut time = writer.say("access", "time", &[]);
    if order.person.who != Who::NoAccount {
        time = format!("{time} {}", writer.say("access", "form", &[]));
    }
    writer.paragraph(time);
    writer.find(RequestKind::Access);
    writer.ending();
    let subject = writer.say("access", "subject", &[]);
    Ok(writer.letter(subject, order.controller.into(), Vec::new()))
}
