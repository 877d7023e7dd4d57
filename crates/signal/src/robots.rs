//! robots.txt: groups and paths by RFC 9309, `Content-Usage` rules by draft-ietf-aipref-attach-05, section 3.

use std::collections::BTreeMap;

use crate::aipref::read_preferences;
use crate::statement::{Answer, EVERYTHING, Place, Read, Signal, Statement};

/// Most bytes of a robots.txt that are read (RFC 9309, section 2.5, asks for 500 KiB at least).
pub const ROBOTS_BYTES_MAX: usize = 512 * 1024;
/// Most bytes of a path that is asked about.
pub const PATH_BYTES_MAX: usize = 8 * 1024;
/// The agent of whoever no group names.
const ANY_AGENT: &str = "*";

/// A path of a rule: octets, `*` for any, `$` at the end for the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    parts: Vec<Vec<u8>>,
    ends: bool,
    length: usize,
}

impl Pattern {
    /// The pattern in a rule; a path is empty or begins with `/` or `*`.
    pub(crate) fn new(text: &[u8]) -> Option<Pattern> {
        if text.first().is_some_and(|first| !matches!(first, b'/' | b'*')) {
            return None;
        }
        let normal = normal_bytes(text);
        let (body, ends) = match normal.strip_suffix(b"$") {
            Some(body) => (body, true),
            None => (normal.as_slice(), false),
        };
        Some(Pattern { parts: body.split(|byte| *byte == b'*').map(<[u8]>::to_vec).collect(), ends, length: normal.len() })
    }

    /// Whether a normal path matches.
    pub(crate) fn matches(&self, path: &NormalPath) -> bool {
        let Some((first, rest)) = self.parts.split_first() else { return true };
        let Some(mut left) = path.0.strip_prefix(first.as_slice()) else { return false };
        if self.ends && rest.is_empty() {
            return left.is_empty();
        }
        for (place, part) in rest.iter().enumerate() {
            let last = place + 1 == rest.len();
            if last && self.ends {
                return left.ends_with(part);
            }
            let Some(found) = find(left, part) else { return false };
            left = left.get(found + part.len()..).unwrap_or_default();
        }
        true
    }
}

fn find(within: &[u8], part: &[u8]) -> Option<usize> {
    if part.is_empty() {
        return Some(0);
    }
    within.windows(part.len()).position(|window| window == part)
}

/// A path as it is compared: no fragment, escapes of plain characters undone, other octets escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NormalPath(Vec<u8>);

pub(crate) fn normal_path(path: &str) -> NormalPath {
    let path = path.split('#').next().unwrap_or_default();
    NormalPath(normal_bytes(path.as_bytes()))
}

/// RFC 9309, section 2.2.2: octets outside ASCII are compared escaped, escapes of unreserved characters unescaped.
fn normal_bytes(text: &[u8]) -> Vec<u8> {
    let mut found = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let escaped = if *byte == b'%' { after.get(..2).and_then(hex) } else { None };
        match escaped {
            Some(octet) => {
                rest = after.get(2..).unwrap_or_default();
                if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) {
                    found.push(octet);
                } else {
                    escape(octet, &mut found);
                }
            }
            None if byte.is_ascii_graphic() => found.push(*byte),
            None => escape(*byte, &mut found),
        }
    }
    found
}

fn hex(digits: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u8::from_str_radix(text, 16).ok()
}

fn escape(octet: u8, found: &mut Vec<u8>) {
    found.extend_from_slice(format!("%{octet:02X}").as_bytes());
}

/// A `Content-Usage` rule.
#[derive(Clone, Debug)]
struct Usage {
    group: usize,
    pattern: Option<Pattern>,
    statements: Vec<Statement>,
}

/// An `Allow` or `Disallow` rule.
#[derive(Clone, Debug)]
struct Crawl {
    group: usize,
    pattern: Pattern,
    allowed: bool,
}

/// A robots.txt as read.
#[derive(Clone, Debug, Default)]
pub struct Robots {
    groups: Vec<Vec<String>>,
    usages: Vec<Usage>,
    crawls: Vec<Crawl>,
    rest: Vec<Statement>,
    read: Read,
}

/// What a robots.txt says of one path to one agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathRules {
    /// Whether the path may be fetched (`Allow`, `Disallow`).
    pub crawl: bool,
    /// The preferences per category, any no the winner. None for a path that may not be fetched: the draft gives it none.
    pub answers: BTreeMap<String, Answer>,
    /// The statements behind them.
    pub statements: Vec<Statement>,
    /// Categories that the groups for any agent say no to, and the agent's own groups say nothing about. By RFC 9309 the no does not count
    /// for this agent; a person may have meant it to.
    pub unheard: Vec<String>,
}

impl Robots {
    /// Every `Content-Usage` rule of every group, with its notes.
    pub fn read(&self) -> &Read {
        &self.read
    }

    /// What holds for one path and one agent (a product token; `*` for any that no group names).
    ///
    /// The rule with the longest path that says anything about a category decides it; of several with that path, any no. A rule that
    /// cannot be read in its path holds for every path.
    pub fn at(&self, agent: &str, path: &str) -> PathRules {
        let mut rules = self.within(&self.groups_of(agent), path);
        let any = self.within(&self.groups_of(ANY_AGENT), path);
        let silent = |category: &String| !rules.answers.contains_key(category) && !rules.answers.contains_key(EVERYTHING);
        let noes = any.answers.into_iter().filter(|(category, answer)| answer.closes() && silent(category));
        // Where nothing may be fetched there are no preferences to miss.
        rules.unheard = if rules.crawl { noes.map(|(category, _)| category).collect() } else { Vec::new() };
        rules
    }

    /// What the rules of these groups say of a path.
    fn within(&self, groups: &[usize], path: &str) -> PathRules {
        let path = normal_path(path.get(..path.len().min(PATH_BYTES_MAX)).unwrap_or(path));
        let applies = |group: usize| group == OUTSIDE || groups.contains(&group);
        let crawls = self.crawls.iter().filter(|rule| applies(rule.group) && rule.pattern.matches(&path));
        let crawl = crawls.map(|rule| (rule.pattern.length, rule.allowed)).max().is_none_or(|(_, allowed)| allowed);
        let mut best: BTreeMap<String, (usize, Answer)> = BTreeMap::new();
        let mut statements = Vec::new();
        let mut take = |length: usize, found: &[Statement]| {
            for one in found {
                let entry = best.entry(one.category().to_owned()).or_insert((length, one.answer()));
                if length > entry.0 {
                    *entry = (length, one.answer());
                } else if length == entry.0 {
                    entry.1 = entry.1.max(one.answer());
                }
                statements.push((length, one.clone()));
            }
        };
        if crawl {
            for usage in self.usages.iter().filter(|usage| applies(usage.group)) {
                match &usage.pattern {
                    Some(pattern) if pattern.matches(&path) => take(pattern.length, &usage.statements),
                    Some(_) => {}
                    None => take(usize::MAX, &usage.statements),
                }
            }
        }
        take(usize::MAX, &self.rest);
        statements.retain(|(length, one)| best.get(one.category()).is_some_and(|(best, _)| best == length));
        PathRules {
            crawl,
            answers: best.into_iter().map(|(category, (_, answer))| (category, answer)).collect(),
            statements: statements.into_iter().map(|(_, one)| one).collect(),
            unheard: Vec::new(),
        }
    }

    /// The groups that name the agent, or else those for any.
    fn groups_of(&self, agent: &str) -> Vec<usize> {
        let wanted = token(agent).to_ascii_lowercase();
        let named = |name: &str| -> Vec<usize> {
            let groups = self.groups.iter().enumerate().filter(|(_, agents)| agents.iter().any(|one| one == name));
            groups.map(|(place, _)| place).collect()
        };
        let own = if wanted.is_empty() { Vec::new() } else { named(&wanted) };
        if own.is_empty() { named(ANY_AGENT) } else { own }
    }
}

/// The group of rules that stand before any agent is named.
const OUTSIDE: usize = usize::MAX;

/// The product token a value begins with (RFC 9309, section 2.2.1), or `*`.
fn token(value: &str) -> &str {
    if value == ANY_AGENT || value.starts_with("* ") || value.starts_with("*\t") {
        return ANY_AGENT;
    }
    let end = value.find(|letter: char| !(letter.is_ascii_alphabetic() || matches!(letter, '_' | '-'))).unwrap_or(value.len());
    value.get(..end).unwrap_or_default()
}

/// Reads a robots.txt, as its bytes came.
pub fn read_robots(bytes: &[u8]) -> Robots {
    let mut robots = Robots::default();
    let (bytes, cut) = match bytes.get(..ROBOTS_BYTES_MAX) {
        Some(head) if bytes.len() > ROBOTS_BYTES_MAX => (head, true),
        _ => (bytes, false),
    };
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut open = false;
    for (number, line) in lines(bytes).enumerate() {
        take_line(&mut robots, &mut open, number + 1, line);
    }
    if cut {
        let place = Place::new(0, 0, "robots.txt");
        let mut rest = Read::default();
        rest.unreadable(Signal::Aipref, EVERYTHING, &place, &format!("what stands past {ROBOTS_BYTES_MAX} bytes is not read"));
        robots.rest.clone_from(&rest.statements);
        robots.read.statements.extend(rest.statements);
        robots.read.notes.extend(rest.notes);
    }
    if robots.read.statements.is_empty() && robots.read.notes.is_empty() {
        robots.read.note(&Place::new(0, 0, ""), "there is no `Content-Usage` rule; that is neither a yes nor a no");
    }
    robots
}

/// Lines end with CR, LF or both.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
            rest = None;
            return Some(text);
        };
        let after = text.get(end + 1..).unwrap_or_default();
        let pair = text.get(end) == Some(&b'\r') && after.first() == Some(&b'\n');
        rest = Some(if pair { after.get(1..).unwrap_or_default() } else { after });
        text.get(..end)
    })
}

fn take_line(robots: &mut Robots, open: &mut bool, number: usize, line: &[u8]) {
    let line = line.split(|byte| *byte == b'#').next().unwrap_or_default();
    let Some(colon) = line.iter().position(|byte| *byte == b':') else {
        let label = line.trim_ascii();
        let word = label.split(u8::is_ascii_whitespace).next().unwrap_or_default();
        if plain_label(word) == "contentusage" {
            let place = Place::new(number, 1, "Content-Usage");
            robots.read.unreadable(Signal::Aipref, EVERYTHING, &place, "the label needs a colon");
            keep_last(robots, None);
        }
        return;
    };
    let (label, value) = (line.get(..colon).unwrap_or_default(), line.get(colon + 1..).unwrap_or_default());
    let column = colon + 2 + (value.len() - value.trim_ascii_start().len());
    let value = value.trim_ascii();
    match plain_label(label).as_str() {
        "useragent" => {
            let value = String::from_utf8_lossy(value);
            let agent = token(&value).to_ascii_lowercase();
            match robots.groups.last_mut() {
                Some(group) if *open => group.push(agent),
                _ => robots.groups.push(vec![agent]),
            }
            *open = true;
        }
        rule @ ("allow" | "disallow") => {
            *open = false;
            // An empty path matches nothing (RFC 9309, section 2.2).
            if let (Some(pattern), false) = (Pattern::new(value), value.is_empty()) {
                let group = robots.groups.len().checked_sub(1).unwrap_or(OUTSIDE);
                robots.crawls.push(Crawl { group, pattern, allowed: rule == "allow" });
            }
        }
        "contentusage" => {
            *open = false;
            usage(robots, number, column, value);
        }
        "contentsignal" => {
            let place = Place::new(number, 1, "Content-Signal");
            robots.read.note(&place, "`Content-Signal` is of no standard that is read here; look at it yourself");
        }
        _ => {}
    }
}

/// A label without case, blanks, hyphens and underscores: who writes `Content Usage` means the rule all the same.
fn plain_label(label: &[u8]) -> String {
    let letters = label.iter().filter(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b'-' | b'_'));
    letters.map(|byte| char::from(byte.to_ascii_lowercase())).collect()
}

fn usage(robots: &mut Robots, number: usize, column: usize, value: &[u8]) {
    let group = robots.groups.len().checked_sub(1).unwrap_or(OUTSIDE);
    let agents = robots.groups.last().map_or_else(|| "no agent".to_owned(), |agents| agents.join(", "));
    let (path, preference) = if matches!(value.first(), Some(b'/' | b'*')) {
        let end = value.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(value.len());
        value.split_at(end)
    } else {
        value.split_at(0)
    };
    let skipped = value.len() - preference.trim_ascii_start().len();
    let shown = if path.is_empty() { "/".to_owned() } else { String::from_utf8_lossy(path).into_owned() };
    let within = format!("Content-Usage for {agents}, path {shown}");
    if group == OUTSIDE {
        let place = Place::new(number, 1, within.clone());
        robots.read.note(&place, "this rule stands before any agent is named; it counts for every agent");
    }
    let before = robots.read.statements.len();
    let preference = preference.trim_ascii();
    if preference.is_empty() {
        let place = Place::new(number, column, within);
        robots.read.unreadable(Signal::Aipref, EVERYTHING, &place, "it has no preference");
    } else {
        read_preferences(preference, &within, |offset| (number, column + skipped + offset), &mut robots.read);
    }
    if robots.read.statements.len() > before {
        keep_last(robots, Pattern::new(path).map(|pattern| (before, pattern)));
    }
}

/// Keeps the statements read since `before` (without a pattern: the last one) as a rule of the present group.
fn keep_last(robots: &mut Robots, since: Option<(usize, Pattern)>) {
    let group = robots.groups.len().checked_sub(1).unwrap_or(OUTSIDE);
    let (from, pattern) = match since {
        Some((from, pattern)) => (from, Some(pattern)),
        None => (robots.read.statements.len().saturating_sub(1), None),
    };
    let statements = robots.read.statements.get(from..).unwrap_or_default().to_vec();
    robots.usages.push(Usage { group, pattern, statements });
}
