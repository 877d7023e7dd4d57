//! Patterns of closing acts: everything, a prefix, or one exact id.

/// One pattern: `*`, a prefix ending in `/*` (or `:*`), or an exact id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Pattern {
    /// Everything.
    Any,
    /// Everything that begins with this text (its last character is `/` or `:`).
    Prefix(String),
    /// This id alone.
    Exact(String),
}

impl Pattern {
    /// Reads a pattern. A `*` anywhere else than at the end after `/` or `:` is an ordinary character.
    pub fn parse(text: &str) -> Pattern {
        match text.strip_suffix('*') {
            Some("") => Pattern::Any,
            Some(prefix) if prefix.ends_with(['/', ':']) => Pattern::Prefix(prefix.to_owned()),
            _ => Pattern::Exact(text.to_owned()),
        }
    }

    /// Whether the id is meant.
    pub fn matches(&self, id: &str) -> bool {
        match self {
            Pattern::Any => true,
            Pattern::Prefix(prefix) => id.starts_with(prefix),
            Pattern::Exact(exact) => id == exact,
        }
    }
}

impl Pattern {
    /// Whether the id is meant when the case of ASCII letters does not count, as in closing acts: nobody's no is lost over it.
    pub fn matches_any_case(&self, id: &str) -> bool {
        match self {
            Pattern::Any => true,
            Pattern::Prefix(prefix) => id.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)),
            Pattern::Exact(exact) => id.eq_ignore_ascii_case(exact),
        }
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Pattern::Any => f.write_str("*"),
            Pattern::Prefix(prefix) => write!(f, "{prefix}*"),
            Pattern::Exact(exact) => f.write_str(exact),
        }
    }
}

/// Whether a closing act that names these patterns means the id. An absent list means all, and so does an empty one; the case of
/// ASCII letters does not count.
pub fn covers(patterns: Option<&[Pattern]>, id: &str) -> bool {
    patterns.is_none_or(|list| list.is_empty() || list.iter().any(|pattern| pattern.matches_any_case(id)))
}

/// Whether a text is made of the letters ids are made of.
pub(crate) fn plain(text: &str) -> bool {
    // Full-width letters are a slip of the keyboard, and no part of any id.
    let letter = |letter: char| letter.is_alphanumeric() && !('\u{ff00}'..='\u{ffef}').contains(&letter);
    !text.is_empty() && text.chars().all(|one| letter(one) || "-_.".contains(one))
}

/// Whether a text can name uses: `*`, `policy/*`, `policy/name`, or a longer prefix of that kind. In a closing act any other text is a no
/// that cannot be evaluated.
pub fn is_use(text: &str) -> bool {
    let Some((policy, rest)) = text.split_once('/') else { return text == "*" };
    let rest = rest.strip_suffix('*').filter(|rest| rest.is_empty() || rest.ends_with('/')).unwrap_or(rest);
    plain(policy) && rest.split('/').all(|part| part.is_empty() || plain(part))
}

/// The texts under which an item may be named by a pattern: itself, each of its prefixes as a pattern, and `*`.
/// An extract holds keyed forms of such texts, so that it can be matched without knowing the patterns.
pub fn names_of(id: &str) -> impl Iterator<Item = String> {
    let prefixes = id
        .char_indices()
        .filter(|(_, letter)| matches!(letter, '/' | ':'))
        .filter_map(|(index, _)| id.get(..=index))
        .map(|prefix| format!("{prefix}*"));
    std::iter::once(id.to_owned()).chain(std::iter::once("*".to_owned())).chain(prefixes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trailing_star_is_special() {
        for (pattern, id, expect) in [
            ("*", "a/b", true),
            ("a/*", "a/b", true),
            ("a/*", "ab", false),
            ("a/*", "a", false),
            ("third:*", "third:lab", true),
            ("a*", "ab", false),
            ("a*", "a*", true),
            ("a/b", "a/b", true),
            ("a/b", "a/bc", false),
        ] {
            assert_eq!(Pattern::parse(pattern).matches(id), expect, "{pattern} {id}");
        }
    }

    #[test]
    fn a_no_is_read_in_any_case_and_without_entries_means_all() {
        let patterns = |texts: &[&str]| texts.iter().map(|text| Pattern::parse(text)).collect::<Vec<_>>();
        for (texts, id, expect) in [
            (&["Meta/*"][..], "meta/ai", true),
            (&["META/AI"], "meta/ai", true),
            (&["meta/ai"], "META/Ai", true),
            (&["Third:*"], "third:lab", true),
            (&["meta/é*"], "meta/e", false),
            (&["é/*"], "è/", false),
            (&["Meta/b"], "meta/bc", false),
            (&[], "meta/ai", true),
        ] {
            assert_eq!(covers(Some(&patterns(texts)), id), expect, "{texts:?} {id}");
        }
        assert!(covers(None, "meta/ai"));
        assert!(!Pattern::parse("Meta/*").matches("meta/ai"), "elsewhere the case counts");
    }

    #[test]
    fn names_are_exactly_the_patterns_that_match() {
        let names: Vec<String> = names_of("thread/7:a").collect();
        assert_eq!(names, ["thread/7:a", "*", "thread/*", "thread/7:*"]);
        assert!(names.iter().all(|name| Pattern::parse(name).matches("thread/7:a")));
    }
}
