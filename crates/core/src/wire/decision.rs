//! Decisions in the exchange format.

use serde::Serialize;

use crate::decide::Decision;
use crate::reason::Reason;
use crate::rules::Question;

#[derive(Serialize)]
struct WireDecision<'a> {
    item: Option<&'a str>,
    #[serde(rename = "use")]
    use_id: &'a str,
    recipient: &'a str,
    at: String,
    reading: &'static str,
    decision: &'static str,
    reasons: Vec<WireReason<'a>>,
    policy: Option<&'a str>,
}

#[derive(Serialize)]
struct WireReason<'a> {
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    choice: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dispute: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    via: Option<&'a str>,
}

impl<'a> From<&'a Reason> for WireReason<'a> {
    fn from(reason: &'a Reason) -> WireReason<'a> {
        WireReason {
            code: reason.code.as_str(),
            choice: reason.choice.as_deref(),
            rule: reason.rule.as_deref(),
            dispute: reason.dispute.as_deref(),
            unknown: reason.unknown.as_deref(),
            via: reason.via.as_deref(),
        }
    }
}

/// Writes a decision as one line of the exchange format, without the line's end. `item` is `null` for a record whose
/// id could not be read.
pub fn decision_line(question: &Question, item: Option<&str>, decision: &Decision) -> String {
    let wire = WireDecision {
        item,
        use_id: &question.use_id,
        recipient: &question.recipient,
        at: question.at.to_string(),
        reading: question.reading.as_str(),
        decision: if decision.keep() { "keep" } else { "withhold" },
        reasons: decision.reasons().iter().map(WireReason::from).collect(),
        policy: decision.policy(),
    };
    serde_json::to_string(&wire).unwrap_or_default()
}
