//! The format of policy files and of `services.toml`, written down once.

use super::details::{Assessment, ClaimKind, Covers, Named, Notice};
use crate::grammar::{Field, Shape, optional, required};

/// The categories of data.
pub const CATEGORIES: &[&str] =
    &["post", "comment", "photo", "video", "audio", "profile", "message", "ai-interaction", "reaction", "metadata"];
/// The audiences.
pub const AUDIENCES: &[&str] = &["public", "restricted", "private"];
/// The relations a person can have to someone else's record.
pub const RELATIONS: &[&str] = &["mention", "quote", "reply", "depict", "participant", "forwarder"];

/// How long something is kept, besides a period.
pub const KEPT_WORDS: &[&str] = &["account", "removal", "no-end", "unknown"];

/// What every fact names: the sources it rests on.
pub const SOURCES: Field = required("sources", Shape::Texts, "ids of the sources that back it");

/// A policy file.
pub const POLICY_FILE: &[Field] = &[
    required("format", Shape::Int(1, 1), "version of this format"),
    required("policy", Shape::Table(POLICY), "whose policy this is"),
    required("version", Shape::Table(VERSION), "which version this is"),
    required("source", Shape::Tables(SOURCE), "what backs the facts"),
    required("about", Shape::Table(ABOUT), "which relations withhold for people others write about"),
    optional("signal", Shape::Tables(SIGNAL), "what preference signals mean here"),
    optional("control", Shape::Tables(CONTROL), "the ways to say no, or yes"),
    optional("use", Shape::Tables(USE), "the uses"),
    optional("claim", Shape::Tables(CLAIM), "what is said outside the binding text"),
    optional("dispute", Shape::Tables(DISPUTE), "what good sources answer differently"),
];

const POLICY: &[Field] = &[
    required("id", Shape::Text, "first part of every use id; the folder's name"),
    required("title", Shape::Text, "what people call it"),
    required("controller", Shape::Text, "who decides"),
    required("zone", Shape::Text, "IANA time zone in which legal days begin"),
    required("services", Shape::Texts, "services whose accounts it treats"),
];

const VERSION: &[Field] = &[
    required("id", Shape::Text, "the file's name without .toml"),
    required("published", Shape::When, "when it was published"),
    required("effective", Shape::Day, "in force from here until the next version's day"),
    required("summary", Shape::Text, "what it changed, in a sentence"),
    optional("contact", Shape::Text, "how to reach who answers for data protection: an address or a page"),
    optional("complaint_named", Shape::BoolOrUnknown, "whether the text names the right to complain to an authority"),
    SOURCES,
];

/// A source of facts: here, and wherever else facts are written down with their sources.
pub const SOURCE: &[Field] = &[
    required("id", Shape::Text, "its id within this file"),
    required("title", Shape::Text, "what it is"),
    required("url", Shape::Text, "where it stands"),
    required("date", Shape::When, "day of the text or of its capture"),
    required(
        "grade",
        Shape::Word(&["P", "R", "S", "W", "K", "D"]),
        "grade of evidence: primary, regulator, secondary, weak, general knowledge, disputed",
    ),
];

const ABOUT: &[Field] = &[
    required("stated", Shape::Texts, "relations that withhold in the stated reading"),
    required("protective", Shape::Texts, "relations that withhold in the protective and consent readings"),
    SOURCES,
];

const SIGNAL: &[Field] = &[
    required("name", Shape::Text, "the signal's name"),
    required("means", Shape::Word(&["no", "open", "nothing"]), "no; left open by law or text; or nothing here"),
    SOURCES,
];

const CONTROL: &[Field] = &[
    required("id", Shape::Text, "its id, policy/name"),
    required("title", Shape::Text, "what it is called"),
    required("kind", Shape::Word(&["form", "setting", "signal", "mail", "none"]), "what it is"),
    optional("url", Shape::Text, "where it is"),
    required("first_offered", Shape::When, "since when it is offered"),
    optional("requires_login", Shape::BoolOrUnknown, "whether one must be signed in"),
    optional("reason_required", Shape::BoolOrUnknown, "whether a reason must be given"),
    optional("evidence_required", Shape::BoolOrUnknown, "whether evidence must be given"),
    optional("confirmation", Shape::BoolOrUnknown, "whether a confirmation is sent"),
    optional("covers", Shape::Text, "what it covers in its own words"),
    optional("clients", Shape::Texts, "where it can be found: web, app"),
    optional("conditional", Shape::BoolOrUnknown, "whether its words leave open if a no is followed: if honoured"),
    optional("deadline", Shape::Text, "the day after which the controller says it is too late"),
    optional("deadline_closes_right", Shape::BoolOrUnknown, "whether a no after that day is not taken at all"),
    optional("id_document_required", Shape::BoolOrUnknown, "whether an identity document must be sent"),
    optional("repeat_per", Shape::Texts, "what a no must be said again for: account, version, campaign; empty when once is enough"),
    optional("non_users", Shape::BoolOrUnknown, "whether people without an account can use it"),
    optional("steps", Shape::Int(0, 1_000), "steps from the front page to a no"),
    optional(
        "at_latest",
        Shape::Words(&["first_offered"]),
        "facts whose day is the latest it can have been, the exact day not being known",
    ),
    SOURCES,
    optional("evidence", Shape::Lists, "sources of single facts, by the fact's key"),
];

const USE: &[Field] = &[
    required("id", Shape::Text, "its id, policy/name"),
    required("title", Shape::Text, "what it is called"),
    required("purpose", Shape::Text, "what for"),
    required("recipients", Shape::Texts, "who gets it; `third:*` covers every third:NAME"),
    required(
        "legal_basis",
        Shape::Word(&["consent", "contract", "legitimate-interests", "legal-obligation", "public-interest", "none", "unknown"]),
        "the ground in law the controller names",
    ),
    required("declared", Shape::Word(&["text", "practice", "non-use"]), "by binding text, done without text, or promised not to be done"),
    required("default", Shape::Word(&["on", "off", "unknown"]), "what silence means"),
    required("controls", Shape::Texts, "ids of controls; empty when there is none"),
    optional("min_age", Shape::Int(1, 120), "years below which it does not apply"),
    optional("regions", Shape::Texts, "where people live it applies to: ISO 3166-1 codes, EU, EEA"),
    optional("registered", Shape::Bool, "only people with (or without) an account"),
    required("announced", Shape::When, "when people were told"),
    required("effective", Shape::When, "when its text takes effect"),
    required("collection_began", Shape::When, "when collection began, in fact"),
    required("control_first_offered", Shape::When, "when a control was first offered"),
    optional("continues", Shape::Texts, "uses of an older version it goes on with"),
    required("retention", Shape::Text, "how long data is kept, in own words, or unknown"),
    required("on_deletion", Shape::Text, "what happens when the person deletes, in own words, or unknown"),
    optional("promise", Shape::Text, "for a non-use: the promise and who made it"),
    optional("control_named", Shape::Word(Named::WORDS), "how the binding text names the way to say no"),
    optional("control_covers", Shape::Word(Covers::WORDS), "what the control's own words cover of this use"),
    optional("interest", Shape::Text, "for legitimate interests: the interest that is named"),
    optional("assessment", Shape::Word(Assessment::WORDS), "for legitimate interests: whether the balancing test can be read"),
    optional("special_categories", Shape::BoolOrUnknown, "whether data of Article 9 GDPR can be among it"),
    optional("art9", Shape::Text, "the ground of Article 9(2) GDPR that is named"),
    optional("deletion_reaches_training", Shape::BoolOrUnknown, "whether deleting reaches copies made for training"),
    optional("separate_notice", Shape::BoolOrUnknown, "whether people were told of the right to object clearly and apart"),
    optional("notice", Shape::Word(Notice::WORDS), "how people were told"),
    optional(
        "at_latest",
        Shape::Words(&["announced", "control_first_offered"]),
        "facts whose day is the latest it can have been, the exact day not being known",
    ),
    optional("from_others", Shape::BoolOrUnknown, "whether it takes what others make or share about the person"),
    SOURCES,
    optional("evidence", Shape::Lists, "sources of single facts, by the fact's key"),
    required("data", Shape::Tables(DATA), "categories and the audience they are limited to"),
    optional("kept", Shape::Tables(KEPT), "how long what is kept, a row each"),
    optional("carve_out", Shape::Tables(CARVE_OUT), "what an undertaking, order or promise takes out"),
];

const KEPT: &[Field] = &[
    required("what", Shape::Text, "what is kept, in words that stay the same from version to version"),
    required("for", Shape::Period(KEPT_WORDS), "how long: a period, or until the account ends, until removal, without an end, unknown"),
    optional("clause", Shape::Text, "a name for a clause as such: longer-than-stated"),
    SOURCES,
];

const DATA: &[Field] = &[
    required("categories", Shape::Words(CATEGORIES), "kinds of data"),
    optional("audience", Shape::Words(AUDIENCES), "who could see it; left out: any"),
];

const CARVE_OUT: &[Field] = &[
    required("id", Shape::Text, "its id within this file"),
    required("title", Shape::Text, "what it is"),
    required("from", Shape::Day, "since when it binds"),
    optional("regions", Shape::Texts, "of persons living here; left out: everyone"),
    optional("window", Shape::Table(WINDOW), "created or collected in these days; left out: always"),
    SOURCES,
];

const WINDOW: &[Field] = &[required("from", Shape::Day, "the first day"), required("through", Shape::Day, "the last day")];

const DISPUTE: &[Field] = &[
    required("id", Shape::Text, "its id"),
    required("question", Shape::Text, "what is disputed"),
    required("protective", Shape::Word(&["withhold", "note"]), "what the protective reading does"),
    required("uses", Shape::Texts, "uses it touches"),
    optional("age_below", Shape::Int(1, 120), "only people below this age"),
    optional("regions", Shape::Texts, "only people living here"),
    optional("outside", Shape::Text, "only records outside this carve-out"),
    optional("facts", Shape::Texts, "keys of the uses' or controls' facts it is about"),
    SOURCES,
    required("position", Shape::Tables(POSITION), "who says what"),
];

const POSITION: &[Field] = &[required("holder", Shape::Text, "who holds it"), required("says", Shape::Text, "what they say"), SOURCES];

const CLAIM: &[Field] = &[
    required("id", Shape::Text, "its id"),
    required("kind", Shape::Word(ClaimKind::WORDS), "what it claims: that nothing is sold, who is meant, that a use does not happen"),
    required("holder", Shape::Text, "who says so, and where"),
    required("says", Shape::Text, "what they say"),
    required("uses", Shape::Texts, "uses it speaks of"),
    optional("age_min", Shape::Int(1, 120), "for an audience: years below which people are said to be left out"),
    SOURCES,
];

/// The keys of everything a use or a control can state.
pub fn fact_keys() -> std::collections::BTreeSet<String> {
    USE.iter().chain(CONTROL).map(|field| field.name.to_owned()).collect()
}

/// `services.toml`.
pub const SERVICES_FILE: &[Field] = &[required("service", Shape::Tables(SERVICE), "how each service names people")];

const SERVICE: &[Field] = &[
    required("id", Shape::Text, "the part of an account before the colon"),
    optional("handles", Shape::Word(&["ignore-case", "exact"]), "whether handles differ by case"),
    optional("digits", Shape::Word(&["id", "phone", "handle", "opaque"]), "what a value of digits only is"),
    optional("other", Shape::Word(&["handle", "opaque"]), "what any other value is"),
    optional("sentinels", Shape::Texts, "values that name nobody, besides the general ones"),
];
