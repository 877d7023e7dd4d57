//! Pages from templates. A name a template uses and nobody gives is an error, never an empty place.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use minijinja::value::{Kwargs, Value};
use minijinja::{AutoEscape, Environment, ErrorKind, Output, State, UndefinedBehavior, escape_formatter};

use super::speech::{Speech, Speeches};

/// Every template, by name.
pub(crate) const TEMPLATES: [(&str, &str); 28] = [
    ("layout.html", include_str!("../../templates/layout.html")),
    ("macros.html", include_str!("../../templates/macros.html")),
    ("about.html", include_str!("../../templates/about.html")),
    ("policy.html", include_str!("../../templates/policy.html")),
    ("object.html", include_str!("../../templates/object.html")),
    ("objection.html", include_str!("../../templates/objection.html")),
    ("check.html", include_str!("../../templates/check.html")),
    ("sign-in.html", include_str!("../../templates/sign-in.html")),
    ("link.html", include_str!("../../templates/link.html")),
    ("hand-over.html", include_str!("../../templates/hand-over.html")),
    ("mine.html", include_str!("../../templates/mine.html")),
    ("forget.html", include_str!("../../templates/forget.html")),
    ("letters.html", include_str!("../../templates/letters.html")),
    ("letter.html", include_str!("../../templates/letter.html")),
    ("team-layout.html", include_str!("../../templates/team-layout.html")),
    ("team-macros.html", include_str!("../../templates/team-macros.html")),
    ("team-queue.html", include_str!("../../templates/team-queue.html")),
    ("team-person.html", include_str!("../../templates/team-person.html")),
    ("team-case.html", include_str!("../../templates/team-case.html")),
    ("team-enter.html", include_str!("../../templates/team-enter.html")),
    ("team-floods.html", include_str!("../../templates/team-floods.html")),
    ("team-matches.html", include_str!("../../templates/team-matches.html")),
    ("team-looks.html", include_str!("../../templates/team-looks.html")),
    ("team-numbers.html", include_str!("../../templates/team-numbers.html")),
    ("releases.html", include_str!("../../templates/releases.html")),
    ("team-post.html", include_str!("../../templates/team-post.html")),
    ("allow.html", include_str!("../../templates/allow.html")),
    ("message.html", include_str!("../../templates/message.html")),
];

/// The templates, for each language.
pub(crate) struct Templates(BTreeMap<String, Environment<'static>>);

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Templates")
    }
}

/// A page that could not be made: a fault of the program. It says which template, and no values.
#[derive(Debug)]
pub struct TemplateError {
    /// Which.
    pub name: String,
    source: minijinja::Error,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The cause's own words may show values of the page.
        let line = self.source.line().unwrap_or_default();
        write!(f, "the template `{}` failed at line {line}: {:?}", self.name, self.source.kind())
    }
}

impl std::error::Error for TemplateError {}

impl Templates {
    /// The templates, in these languages.
    ///
    /// # Errors
    /// [`TemplateError`] for one that cannot be read; tests read all.
    pub(crate) fn of(speeches: &Speeches) -> Result<Templates, TemplateError> {
        let mut found = BTreeMap::new();
        for speech in speeches.all() {
            found.insert(speech.code.clone(), environment(speech)?);
        }
        Ok(Templates(found))
    }

    /// A page in a language, with these values.
    pub(crate) fn render(&self, language: &str, name: &str, values: Value) -> Result<String, TemplateError> {
        let failed = |source| TemplateError { name: name.to_owned(), source };
        let missing = || failed(minijinja::Error::from(minijinja::ErrorKind::TemplateNotFound));
        let environment = self.0.get(language).ok_or_else(missing)?;
        environment.get_template(name).map_err(failed)?.render(values).map_err(failed)
    }
}

fn environment(speech: &Speech) -> Result<Environment<'static>, TemplateError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_formatter(escaped);
    let speech = Arc::new(speech.clone());
    let own = Arc::clone(&speech);
    environment.add_function("t", move |key: &str, values: Kwargs| -> Result<String, minijinja::Error> {
        if !own.has(key) {
            return Err(minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, format!("no text `{key}`")));
        }
        let mut filled = Vec::new();
        for name in values.args() {
            let value: Value = values.get(name)?;
            if value.is_undefined() || value.is_none() {
                return Err(minijinja::Error::new(ErrorKind::UndefinedError, format!("`{key}` has nothing for `{name}`")));
            }
            filled.push((name.to_owned(), value.to_string()));
        }
        let pairs: Vec<(&str, &str)> = filled.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Ok(own.say(key, &pairs))
    });
    environment.add_global("language", speech.code.clone());
    for (name, source) in TEMPLATES {
        environment.add_template(name, source).map_err(|source| TemplateError { name: name.to_owned(), source })?;
    }
    Ok(environment)
}

/// Writes a value into a page. Of text only what HTML gives a meaning is written otherwise, so that addresses stay readable; a value that is not there is a fault.
fn escaped(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), minijinja::Error> {
    if value.is_none() {
        return Err(minijinja::Error::new(ErrorKind::UndefinedError, "there is nothing to write here"));
    }
    let Some(text) = value.as_str().filter(|_| !value.is_safe()) else { return escape_formatter(out, state, value) };
    for letter in text.chars() {
        let written = match letter {
            '&' => out.write_str("&amp;"),
            '<' => out.write_str("&lt;"),
            '>' => out.write_str("&gt;"),
            '"' => out.write_str("&quot;"),
            '\'' => out.write_str("&#39;"),
            letter => out.write_char(letter),
        };
        written.map_err(|_| minijinja::Error::from(ErrorKind::WriteFailure))?;
    }
    Ok(())
}
