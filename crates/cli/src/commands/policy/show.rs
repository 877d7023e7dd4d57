//! `bezwaar policy show`: a version of a policy, with the sources of what it says.

use std::collections::BTreeSet;
use std::path::PathBuf;

use bezwaar_core::policy::{
    CarveOut, Claim, Control, Declared, Default_, Dispute, DisputeHandling, Policy, SignalMeaning, Use, Version, When,
};
use bezwaar_core::region::{Region, lookup_set};

use super::{find, wrapped};
use crate::error::Error;
use crate::inputs::suggestion;
use crate::policies;
use crate::printer::{Printer, visible};

/// Show a version of a policy, with the sources of what it says
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Read the policies in this folder
    #[arg(long, value_name = "DIR")]
    policies: PathBuf,
    /// Show only this use
    #[arg(long = "use", value_name = "ID")]
    use_id: Option<String>,
    /// Show this policy; without a version, the newest
    #[arg(value_name = "ID[@VERSION]")]
    policy: String,
}

const EXAMPLES: &str = "\
Examples:
  Show the newest version of a policy:
    bezwaar policy show --policies policies meta

  Show one use as it was declared in an older version:
    bezwaar policy show --policies policies x@2024-05-07 --use x/grok-posts";

pub(super) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    let policies = policies::load(&args.policies, printer)?;
    let (policy, version) = find(&policies, &args.policy)?;
    let uses: Vec<&Use> = match &args.use_id {
        None => version.uses.iter().collect(),
        Some(id) => vec![find_use(policy, version, id)?],
    };
    let mut page = Page { version, lines: Vec::new() };
    page.head(policy);
    let mut controls: Vec<&Control> = version.controls.iter().collect();
    let mut disputes: Vec<&Dispute> = version.disputes.iter().collect();
    if args.use_id.is_some() {
        controls.retain(|control| uses.iter().any(|one| one.controls.contains(&control.id)));
        disputes.retain(|dispute| uses.iter().any(|one| dispute.uses.contains(&one.id)));
    } else {
        page.about_and_signals();
    }
    for one in &uses {
        page.one_use(one);
    }
    for control in controls {
        page.control(control);
    }
    for claim in version.claims.iter().filter(|claim| claim.uses.iter().any(|id| uses.iter().any(|one| one.id == *id))) {
        page.claim(claim);
    }
    for dispute in disputes {
        page.dispute(dispute);
    }
    page.sources();
    for line in &page.lines {
        printer.line(&visible(line))?;
    }
    Ok(())
}

fn find_use<'p>(policy: &Policy, version: &'p Version, id: &str) -> Result<&'p Use, Error> {
    version.lookup_use(id).ok_or_else(|| {
        let known: BTreeSet<&str> = version.uses.iter().map(|one| one.id.as_str()).collect();
        let error = Error::user(format!("`{}@{}` has no use `{id}`{}", policy.id, version.id, suggestion(id, &known, "its uses")));
        let elsewhere: Vec<String> =
            policy.versions.iter().filter(|other| other.lookup_use(id).is_some()).map(|other| format!("`{}`", other.id)).collect();
        match elsewhere.as_slice() {
            [] => error,
            _ => error.with_help(format!("these versions have it: {}", elsewhere.join(", "))),
        }
    })
}

/// A page about one version, line by line.
struct Page<'a> {
    version: &'a Version,
    lines: Vec<String>,
}

impl Page<'_> {
    /// A fact under its name; long ones go on below.
    fn fact(&mut self, name: &str, text: &str) {
        let (first, rest) = ("  ".to_owned() + &format!("{name:<19}"), " ".repeat(21));
        self.wrapped(&first, &rest, text);
    }

    fn wrapped(&mut self, first: &str, rest: &str, text: &str) {
        self.lines.extend(wrapped(first, rest, text));
    }

    fn section(&mut self, title: &str) {
        self.lines.push(String::new());
        self.wrapped("", "", title);
    }

    fn head(&mut self, policy: &Policy) {
        let version = self.version;
        self.wrapped("", "", &format!("{} ({}@{})", version.title, policy.id, version.id));
        self.fact("controller", &version.controller);
        self.fact("services", &version.services.join(", "));
        self.fact("published", &version.published.to_string());
        let next = policy.versions.iter().find(|other| other.effective > version.effective);
        let until = next.map(|next| format!(", until the version of {}", next.effective)).unwrap_or_default();
        self.fact("in force", &format!("from {}, midnight in {}{until}", version.effective, version.zone.name()));
        self.fact("summary", &version.summary);
        if let Some(contact) = &version.contact {
            self.fact("contact", contact);
        }
        if let Some(named) = version.complaint_named {
            self.fact("complaint named", &named.to_string());
        }
    }

    fn about_and_signals(&mut self) {
        self.section("People others write about");
        let version = self.version;
        for (reading, relations) in [("stated", &version.about.stated), ("protective", &version.about.protective)] {
            let named: Vec<&str> =
                relations.iter().map(|relation| relation.as_str()).chain(["forwarder", "or it is not said how"]).collect();
            self.fact(reading, &format!("a person's no counts when they stand in it as {}", named.join(", ")));
        }
        if !version.signals.is_empty() {
            self.section("Preference signals");
        }
        for (name, meaning) in &version.signals {
            self.fact(
                name,
                match meaning {
                    SignalMeaning::No => "a no",
                    SignalMeaning::Open => "left open by law or text: a no when in doubt",
                    SignalMeaning::Nothing => "nothing here",
                },
            );
        }
    }

    fn one_use(&mut self, one: &Use) {
        self.section(&format!("Use {}: {}", one.id, one.title));
        self.fact("purpose", &one.purpose);
        self.fact("recipients", &one.recipients.join(", "));
        for row in &one.data {
            let categories: Vec<&str> = row.categories.iter().map(|category| category.as_str()).collect();
            let audience: Option<Vec<&str>> = row.audience.as_ref().map(|set| set.iter().map(|audience| audience.as_str()).collect());
            let audience = audience.map_or("any audience".to_owned(), |words| format!("audience {}", words.join(", ")));
            self.fact("data", &format!("{} ({audience})", categories.join(", ")));
        }
        self.fact("age", &one.min_age.map_or("any".to_owned(), |age| format!("{age} or older when collected")));
        self.fact("regions", &if one.regions.is_some() { one.regions_named.join(", ") } else { "everywhere".to_owned() });
        match one.registered {
            Some(true) => self.fact("people", "with an account"),
            Some(false) => self.fact("people", "without an account"),
            None => {}
        }
        self.fact("legal basis", &one.legal_basis);
        self.fact(
            "declared",
            match one.declared {
                Declared::Text => "by binding text",
                Declared::Practice => "done without binding text",
                Declared::NonUse => "promised not to be done",
            },
        );
        if let Some(promise) = &one.promise {
            self.fact("promise", promise);
        }
        self.fact(
            "default",
            match one.default {
                Default_::On => "on: used unless the person says no",
                Default_::Off => "off: not used unless the person says yes",
                Default_::Unknown => "unknown: treated as off",
            },
        );
        self.fact("controls", &if one.controls.is_empty() { "none".to_owned() } else { one.controls.join(", ") });
        let dated =
            |fact: &str, when: When| if one.details.at_latest.contains(fact) { format!("{when} at the latest") } else { when.to_string() };
        self.fact("announced", &dated("announced", one.announced));
        self.fact("effective", &one.effective.to_string());
        self.fact("collection began", &one.collection_began.to_string());
        self.fact("control offered", &dated("control_first_offered", one.control_first_offered));
        if !one.continues.is_empty() {
            self.fact("continues", &one.continues.join(", "));
        }
        self.fact("retention", &one.retention);
        self.fact("on deletion", &one.on_deletion);
        self.details(one);
        for carve in &one.carve_outs {
            self.carve_out(carve);
        }
        self.fact("sources", &one.sources.join(", "));
        for (fact, sources) in &one.evidence {
            self.fact("", &format!("{fact}: {}", sources.join(", ")));
        }
    }

    /// What is known besides; what is not known is left out.
    fn details(&mut self, one: &Use) {
        let details = &one.details;
        for row in &details.kept {
            let clause = row.clause.as_ref().map(|clause| format!(" ({clause})")).unwrap_or_default();
            self.fact("kept", &format!("{}: {}{clause} [{}]", row.what, row.period, row.sources.join(", ")));
        }
        let truth = |value: Option<bool>| value.map(|value| value.to_string());
        let facts = [
            ("control named", details.control_named.map(|value| value.as_str().to_owned())),
            ("control covers", details.control_covers.map(|value| value.as_str().to_owned())),
            ("interest", details.interest.clone()),
            ("balancing test", details.assessment.map(|value| value.as_str().to_owned())),
            ("special categories", truth(details.special_categories)),
            ("art. 9 ground", details.art9.clone()),
            ("deletion reaches", truth(details.deletion_reaches_training)),
            ("told apart", truth(details.separate_notice)),
            ("told how", details.notice.map(|value| value.as_str().to_owned())),
            ("from others", truth(details.from_others)),
        ];
        for (name, value) in facts {
            if let Some(value) = value {
                self.fact(name, &value);
            }
        }
    }

    fn carve_out(&mut self, carve: &CarveOut) {
        let window = carve.window.map(|window| format!(", made or collected from {} through {}", window.from, window.through));
        let whose = people_in(carve.regions.as_ref());
        let text = format!("{}: {}; binds since {}{whose}{}", carve.id, carve.title, carve.from, window.unwrap_or_default());
        self.fact("carve-out", &text);
    }

    fn control(&mut self, control: &Control) {
        self.section(&format!("Control {}: {}", control.id, control.title));
        self.fact("kind", &control.kind);
        let latest = if control.details.at_latest.contains("first_offered") { " at the latest" } else { "" };
        self.fact("first offered", &format!("{}{latest}", control.first_offered));
        if let Some(url) = &control.url {
            self.fact("url", url);
        }
        for (name, value) in &control.facts {
            self.fact(&name.replace('_', " "), value);
        }
        self.fact("sources", &control.sources.join(", "));
        for (fact, sources) in &control.evidence {
            self.fact("", &format!("{fact}: {}", sources.join(", ")));
        }
    }

    fn claim(&mut self, claim: &Claim) {
        self.section(&format!("Statement {}: {}", claim.id, claim.holder));
        self.fact("says", &format!("{} [{}]", claim.says, claim.sources.join(", ")));
        self.fact("about", &claim.uses.join(", "));
        if let Some(age) = claim.age_min {
            self.fact("age", &format!("{age} or older"));
        }
    }

    fn dispute(&mut self, dispute: &Dispute) {
        self.section(&format!("Dispute {}: {}", dispute.id, dispute.question));
        let handling = match dispute.handling {
            DisputeHandling::Withhold => "withholds the records it touches",
            DisputeHandling::Note => "only notes it",
        };
        self.fact("protective", handling);
        let age = dispute.age_below.map(|age| format!(", people below {age}")).unwrap_or_default();
        let whose = people_in(dispute.regions.as_ref());
        let outside = dispute.outside.as_ref().map(|id| format!(", outside {id}")).unwrap_or_default();
        self.fact("touches", &format!("{}{age}{whose}{outside}", dispute.uses.join(", ")));
        for position in &dispute.positions {
            self.fact("position", &format!("{}: {} [{}]", position.holder, position.says, position.sources.join(", ")));
        }
    }

    /// The sources that the page names, with their grades.
    fn sources(&mut self) {
        let named = self.lines.join(" ");
        let word = |letter: char| letter.is_whitespace() || ",:;()[]".contains(letter);
        let words: BTreeSet<&str> = named.split(word).collect();
        let named: Vec<String> = self
            .version
            .sources
            .iter()
            .filter(|source| words.contains(source.id.as_str()))
            .map(|source| format!("[{}] {}: {}, {}; {}", source.grade, source.id, source.title, source.date, source.url))
            .collect();
        self.section("Sources (P primary, R regulator, S secondary, W weak, K general knowledge, D disputed)");
        for source in named {
            self.wrapped("  ", "      ", &source);
        }
    }
}

/// The people of a set of regions: by the set's name when it has one.
fn people_in(set: Option<&BTreeSet<Region>>) -> String {
    const CODES_SHOWN_MAX: usize = 12;
    let Some(set) = set else { return String::new() };
    let is = |name: &str| lookup_set(name).is_some_and(|regions| regions.into_iter().collect::<BTreeSet<Region>>() == *set);
    match ["EEA", "EU"].into_iter().find(|name| is(name)) {
        Some(name) => format!(", people in the {name}"),
        None if set.len() > CODES_SHOWN_MAX => format!(", people in {} regions", set.len()),
        None => format!(", people in {}", set.iter().map(Region::as_str).collect::<Vec<_>>().join(", ")),
    }
}
