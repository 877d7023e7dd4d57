//! The format of policy files and of `services.toml`, written down once.

use crate::grammar::{Field, Shape, optional, required};

/// The categories of data.
pub const CATEGORIES: &[&str] =
    &["post", "comment", "photo", "video", "audio", "profile", "message", "ai-interaction", "reaction", "metadata"];
/// The audiences.
pub const AUDIENCES: &[&str] = &["public", "restricted", "private"];
/// The relations a person can have to someone else's record.
pub const RELATIONS: &[&str] = &["mention", "quote", "reply", "depict", "participant", "forwarder"];

const SOURCES: Field = required("sources", Shape::Texts, "ids of the sources that back it");

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
    SOURCES,
];

const SOURCE: &[Field] = &[
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
    SOURCES,
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
    SOURCES,
    optional("evidence", Shape::Lists, "sources of single facts, by the fact's key"),
    required("data", Shape::Tables(DATA), "categories and the audience they are limited to"),
    optional("carve_out", Shape::Tables(CARVE_OUT), "what an undertaking, order or promise takes out"),
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
    SOURCES,
    required("position", Shape::Tables(POSITION), "who says what"),
];

const POSITION: &[Field] = &[required("holder", Shape::Text, "who holds it"), required("says", Shape::Text, "what they say"), SOURCES];

/// `services.toml`.
pub const SERVICES_FILE: &[Field] = &[required("service", Shape::Tables(SERVICE), "how each service names people")];

const SERVICE: &[Field] = &[
    required("id", Shape::Text, "the part of an account before the colon"),
    optional("handles", Shape::Word(&["ignore-case", "exact"]), "whether handles differ by case"),
    optional("digits", Shape::Word(&["id", "phone", "handle", "opaque"]), "what a value of digits only is"),
    optional("other", Shape::Word(&["handle", "opaque"]), "what any other value is"),
    optional("sentinels", Shape::Texts, "values that name nobody, besides the general ones"),
];
