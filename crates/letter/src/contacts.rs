//! Contact points of controllers and authorities: `policies/contacts.toml`, read with all its problems at once.

use std::collections::BTreeSet;
use std::ops::Range;

use bezwaar_core::grammar::{Field, Node, Shape, optional, parse, required};
use bezwaar_core::policy::Source;
use bezwaar_core::policy::grammar::{SOURCE, SOURCES};
use bezwaar_core::problem::{Problem, nearest};

/// What a form is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormKind {
    /// To object.
    Objection,
    /// To object without an account.
    ObjectionNonUser,
    /// To ask for access.
    Access,
    /// To complain to the controller.
    Complaint,
    /// For anything.
    General,
}

const FORM_KINDS: &[&str] = &["objection", "objection-non-user", "access", "complaint", "general"];

impl FormKind {
    fn lookup(word: &str) -> FormKind {
        match word {
            "objection" => FormKind::Objection,
            "objection-non-user" => FormKind::ObjectionNonUser,
            "access" => FormKind::Access,
            "complaint" => FormKind::Complaint,
            _ => FormKind::General,
        }
    }
}

/// A form of a controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// Its id within the controller.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// Where it is.
    pub url: String,
    /// What it is for.
    pub kind: FormKind,
    /// Whether it needs a login; `None` when that is not known.
    pub login: Option<bool>,
    /// Services whose accounts it is for; empty is any.
    pub services: Vec<String>,
    /// What else is known about it.
    pub note: Option<String>,
    /// Ids of sources.
    pub sources: Vec<String>,
}

/// A controller: whom a letter is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Controller {
    /// Its id.
    pub id: String,
    /// Ids of the policies that describe what it does.
    pub policies: Vec<String>,
    /// Its legal name.
    pub name: String,
    /// Lines of its postal address; empty when unknown.
    pub address: Vec<String>,
    /// ISO 3166-1 code of the country it is established in; `None` when unknown.
    pub country: Option<String>,
    /// An e-mail address for these letters.
    pub email: Option<String>,
    /// Where its data protection officer is reached.
    pub dpo: Option<String>,
    /// Its forms.
    pub forms: Vec<Form>,
    /// What else is known.
    pub note: Option<String>,
    /// Ids of sources.
    pub sources: Vec<String>,
}

/// A data protection authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// ISO 3166-1 code of its country.
    pub country: String,
    /// Lines of its postal address; empty when unknown.
    pub address: Vec<String>,
    /// Where complaints are lodged.
    pub url: Option<String>,
    /// An e-mail address for complaints.
    pub email: Option<String>,
    /// Codes of the languages it reads, as far as known.
    pub languages: Vec<String>,
    /// What else is known.
    pub note: Option<String>,
    /// Ids of sources.
    pub sources: Vec<String>,
}

/// All contact points.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contacts {
    /// Controllers, in the order of the file.
    pub controllers: Vec<Controller>,
    /// Authorities, in the order of the file.
    pub authorities: Vec<Authority>,
    /// What backs them.
    pub sources: Vec<Source>,
}

impl Contacts {
    /// The controller with this id.
    pub fn controller(&self, id: &str) -> Option<&Controller> {
        self.controllers.iter().find(|controller| controller.id == id)
    }

    /// The authority with this id.
    pub fn authority(&self, id: &str) -> Option<&Authority> {
        self.authorities.iter().find(|authority| authority.id == id)
    }

    /// The first authority of a country.
    pub fn authority_of(&self, country: &str) -> Option<&Authority> {
        self.authorities.iter().find(|authority| authority.country == country)
    }
}

/// The format of `contacts.toml`.
pub const CONTACTS_FILE: &[Field] = &[
    optional("format", Shape::Int(1, 1), "version of this format"),
    required("controller", Shape::Tables(CONTROLLER), "who letters are for"),
    optional("authority", Shape::Tables(AUTHORITY), "who complaints are for"),
    required("source", Shape::Tables(SOURCE), "what backs the contact points"),
];

const CONTROLLER: &[Field] = &[
    required("id", Shape::Text, "its id, as `--to` takes it"),
    required("policies", Shape::Texts, "ids of the policies that describe what it does; empty when there is none"),
    required("name", Shape::Text, "its legal name"),
    optional("address", Shape::Texts, "lines of its postal address; left out: unknown"),
    optional("country", Shape::Text, "ISO 3166-1 code of the country it is established in; left out: unknown"),
    optional("email", Shape::Text, "an e-mail address for these letters; left out: unknown"),
    optional("dpo", Shape::Text, "where its data protection officer is reached; left out: unknown"),
    optional("note", Shape::Text, "what else is known"),
    optional("form", Shape::Tables(FORM), "its forms"),
    SOURCES,
];

const FORM: &[Field] = &[
    required("id", Shape::Text, "its id within the controller"),
    required("title", Shape::Text, "what it is called"),
    required("url", Shape::Text, "where it is"),
    required("kind", Shape::Word(FORM_KINDS), "what it is for"),
    optional("login", Shape::BoolOrUnknown, "whether it needs a login; left out: unknown"),
    optional("services", Shape::Texts, "services whose accounts it is for; left out: any"),
    optional("note", Shape::Text, "what else is known"),
    SOURCES,
];

const AUTHORITY: &[Field] = &[
    required("id", Shape::Text, "its id, as `--authority` takes it"),
    required("name", Shape::Text, "its name"),
    required("country", Shape::Text, "ISO 3166-1 code of its country"),
    optional("address", Shape::Texts, "lines of its postal address; left out: unknown"),
    optional("url", Shape::Text, "where complaints are lodged; left out: unknown"),
    optional("email", Shape::Text, "an e-mail address for complaints; left out: unknown"),
    optional("languages", Shape::Texts, "codes of the languages it reads; left out: unknown"),
    optional("note", Shape::Text, "what else is known"),
    SOURCES,
];

/// Reads the contact points: everything, or all problems with their places.
pub fn read_contacts(path: &str, text: &str) -> Result<Contacts, Vec<Problem>> {
    let mut problems = Vec::new();
    let contacts = read(path, text, &mut problems);
    match contacts {
        Some(contacts) if problems.is_empty() => Ok(contacts),
        _ => {
            problems.sort_by_key(|problem| problem.span().start);
            Err(problems)
        }
    }
}

fn read(path: &str, text: &str, problems: &mut Vec<Problem>) -> Option<Contacts> {
    let table = parse(path, text, CONTACTS_FILE, problems)?;
    let root = Node::root(&table);
    let sources: Vec<Source> = root.tables("source").iter().map(Source::of_node).collect();
    let known = sources.iter().map(|source| source.id.clone()).collect();
    let mut reader = Reader { path, problems, known };
    reader.unique(&root.tables("source"), "source");
    reader.unique(&root.tables("controller"), "controller");
    reader.unique(&root.tables("authority"), "authority");
    Some(Contacts {
        controllers: root.tables("controller").iter().map(|node| reader.controller(node)).collect(),
        authorities: root.tables("authority").iter().map(|node| reader.authority(node)).collect(),
        sources,
    })
}

struct Reader<'f, 'p> {
    path: &'f str,
    problems: &'p mut Vec<Problem>,
    known: BTreeSet<String>,
}

impl Reader<'_, '_> {
    fn problem(&mut self, span: Range<usize>, message: String, help: String) {
        self.problems.push(Problem::new(self.path, span, message).with_help(help));
    }

    fn unique(&mut self, nodes: &[Node<'_, '_>], what: &str) {
        let mut seen = BTreeSet::new();
        for node in nodes {
            let id = node.text("id");
            if !seen.insert(id.clone()) {
                let help = "give one of them another id, or keep one".to_owned();
                self.problem(node.span_of("id"), format!("the {what} `{id}` stands here twice"), help);
            }
        }
    }

    fn sources(&mut self, node: &Node<'_, '_>) -> Vec<String> {
        let named = node.texts("sources").unwrap_or_default();
        if named.is_empty() && node.get("sources").is_some() {
            let help = "name at least one [[source]] by its id; grade W if it is weak".to_owned();
            self.problem(node.span_of("sources"), "a contact point without a source".to_owned(), help);
        }
        for (id, span) in &named {
            if !self.known.contains(id) {
                let near = nearest(id, self.known.iter().map(String::as_str));
                let help = near.map_or("add it as a [[source]]".to_owned(), |near| format!("did you mean `{near}`?"));
                self.problem(span.clone(), format!("there is no source `{id}` in this file"), help);
            }
        }
        named.into_iter().map(|(id, _)| id).collect()
    }

    fn country(&mut self, node: &Node<'_, '_>) -> Option<String> {
        let country = node.opt_text("country")?;
        if !country_code(&country) {
            let help = "write its ISO 3166-1 code in capitals, such as IE".to_owned();
            self.problem(node.span_of("country"), format!("`{country}` is no country"), help);
        }
        Some(country)
    }

    fn email(&mut self, node: &Node<'_, '_>) -> Option<String> {
        let email = node.opt_text("email")?;
        if !email_address(&email) {
            let help = "write it as name@example.org, or leave it out when none is known".to_owned();
            self.problem(node.span_of("email"), format!("`{email}` is no e-mail address"), help);
        }
        Some(email)
    }

    fn url(&mut self, node: &Node<'_, '_>, name: &str) -> Option<String> {
        let url = node.opt_text(name)?;
        if !web_address(&url) {
            let help = "write it as https://…".to_owned();
            self.problem(node.span_of(name), format!("`{url}` is no address on the web"), help);
        }
        Some(url)
    }

    /// Lines that go into a letter: one line each.
    fn address(&mut self, node: &Node<'_, '_>) -> Vec<String> {
        let lines = node.texts("address").unwrap_or_default();
        for (line, span) in &lines {
            if line.chars().any(char::is_control) {
                self.problem(span.clone(), "a line of an address goes on one line".to_owned(), "make it two texts".to_owned());
            }
        }
        lines.into_iter().map(|(line, _)| line).collect()
    }

    fn controller(&mut self, node: &Node<'_, '_>) -> Controller {
        self.unique(&node.tables("form"), "form");
        let dpo = node.opt_text("dpo");
        if let Some(dpo) = dpo.as_ref().filter(|dpo| !web_address(dpo) && !email_address(dpo)) {
            let help = "write an address on the web or an e-mail address".to_owned();
            self.problem(node.span_of("dpo"), format!("`{dpo}` is no contact point"), help);
        }
        Controller {
            id: node.text("id"),
            policies: node.plain_texts("policies"),
            name: node.text("name"),
            address: self.address(node),
            country: self.country(node),
            email: self.email(node),
            dpo,
            forms: node.tables("form").iter().map(|form| self.form(form)).collect(),
            note: node.opt_text("note"),
            sources: self.sources(node),
        }
    }

    fn form(&mut self, node: &Node<'_, '_>) -> Form {
        Form {
            id: node.text("id"),
            title: node.text("title"),
            url: self.url(node, "url").unwrap_or_default(),
            kind: FormKind::lookup(&node.text("kind")),
            login: node.bool("login"),
            services: node.plain_texts("services"),
            note: node.opt_text("note"),
            sources: self.sources(node),
        }
    }

    fn authority(&mut self, node: &Node<'_, '_>) -> Authority {
        Authority {
            id: node.text("id"),
            name: node.text("name"),
            country: self.country(node).unwrap_or_default(),
            address: self.address(node),
            url: self.url(node, "url"),
            email: self.email(node),
            languages: node.plain_texts("languages"),
            note: node.opt_text("note"),
            sources: self.sources(node),
        }
    }
}

/// Whether a text has the form of an ISO 3166-1 code.
pub(crate) fn country_code(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Whether a text can be an e-mail address: `local@domain` without what could end a header or open another.
pub fn email_address(text: &str) -> bool {
    let bad = |letter: char| letter.is_whitespace() || letter.is_control() || "<>()[],;:\"\\".contains(letter);
    match text.split_once('@') {
        Some((local, domain)) => {
            let dots = |part: &str| part.starts_with('.') || part.ends_with('.') || part.contains("..");
            !local.is_empty() && domain.contains('.') && !domain.contains('@') && !text.contains(bad) && !dots(local) && !dots(domain)
        }
        None => false,
    }
}

fn web_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty()) && !text.contains(|letter: char| letter.is_whitespace() || letter.is_control())
}
