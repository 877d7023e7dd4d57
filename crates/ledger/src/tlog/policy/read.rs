//! Reading a policy, line by line, until all that is wrong with it is known.

use std::collections::HashMap;

use super::{Group, Member, POLICY_BYTES_MAX, POLICY_PARTS_MAX, PolicyLedger, PolicyName, PolicyWitness, TrustPolicy};
use super::{PolicyErrors, PolicyProblem, PolicyProblemKind as Kind};
use crate::tlog::note::{KeyError, SignatureType, VerifierKey};
use crate::tlog::text::decimal;

/// The name that stands for no witness.
pub(super) const NONE: &[u8] = b"none";

pub(super) fn read(bytes: &[u8]) -> Result<TrustPolicy, PolicyErrors> {
    let mut reader = Reader::default();
    if bytes.len() > POLICY_BYTES_MAX {
        reader.problem(Kind::TooLong);
        return Err(PolicyErrors::new(reader.problems));
    }
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        reader.line += 1;
        let Some(line) = line.strip_suffix(b"\n") else {
            reader.problem(Kind::LineWithoutEnd);
            continue;
        };
        if let Err(kind) = reader.read_line(line) {
            reader.problem(kind);
        }
    }
    reader.line += 1;
    if reader.quorum.is_none() {
        reader.problem(Kind::NoQuorum);
    }
    match reader.quorum {
        Some((_, quorum)) if reader.problems.is_empty() => {
            Ok(TrustPolicy { ledgers: reader.ledgers, witnesses: reader.witnesses, groups: reader.groups, quorum, unwitnessed: false })
        }
        _ => Err(PolicyErrors::new(reader.problems)),
    }
}

#[derive(Default)]
struct Reader<'a> {
    /// The line at hand, from 1.
    line: usize,
    problems: Vec<PolicyProblem>,
    ledgers: Vec<PolicyLedger>,
    witnesses: Vec<PolicyWitness>,
    groups: Vec<Group>,
    /// Names so far; `None` where the line that defines one is wrong, so that those that use it are not wrong as well.
    names: HashMap<&'a [u8], Option<Member>>,
    /// Names that are members of a group, and the line that says so.
    members: HashMap<&'a [u8], usize>,
    /// Public keys so far, of ledgers and of witnesses, and their lines.
    keys: HashMap<(SignatureType, [u8; 32]), usize>,
    /// The line of the quorum, and what it is.
    quorum: Option<(usize, Option<Member>)>,
}

impl<'a> Reader<'a> {
    fn problem(&mut self, kind: Kind) {
        self.problems.push(PolicyProblem::new(self.line, kind));
    }

    fn read_line(&mut self, line: &'a [u8]) -> Result<(), Kind> {
        if line.iter().any(|byte| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f) {
            return Err(Kind::ForbiddenByte);
        }
        let words: Vec<&[u8]> = line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with(b"#") => Ok(()),
            [b"log", key] => self.read_ledger(key, None),
            [b"log", key, url] => self.read_ledger(key, Some(url)),
            [b"witness", name, key] => self.read_witness(name, key, None),
            [b"witness", name, key, url] => self.read_witness(name, key, Some(url)),
            [b"group", name, threshold, members @ ..] if !members.is_empty() => self.read_group(name, threshold, members),
            [b"quorum", name] => self.read_quorum(name),
            [b"log" | b"witness" | b"group" | b"quorum", ..] => Err(Kind::Words),
            _ => Err(Kind::Keyword),
        }
    }

    fn read_ledger(&mut self, key: &[u8], url: Option<&[u8]>) -> Result<(), Kind> {
        let key = self.read_key(key, SignatureType::Ed25519)?;
        if self.ledgers.len() == POLICY_PARTS_MAX {
            return Err(Kind::TooMany);
        }
        self.ledgers.push(PolicyLedger { key, url: url.map(<[u8]>::to_vec) });
        Ok(())
    }

    fn read_witness(&mut self, name: &'a [u8], key: &[u8], url: Option<&[u8]>) -> Result<(), Kind> {
        let named = self.define(name);
        let key = self.read_key(key, SignatureType::CosignatureV1);
        named?;
        let key = key?;
        if self.witnesses.len() == POLICY_PARTS_MAX {
            return Err(Kind::TooMany);
        }
        self.names.insert(name, Some(Member::Witness(self.witnesses.len())));
        self.witnesses.push(PolicyWitness { name: PolicyName(name.to_vec()), key, url: url.map(<[u8]>::to_vec) });
        Ok(())
    }

    fn read_group(&mut self, name: &'a [u8], threshold: &[u8], names: &[&'a [u8]]) -> Result<(), Kind> {
        // Members first, since a group is no member of itself; but the name is defined even if a member is wrong.
        let members = self.read_members(names);
        self.define(name)?;
        let members = members?;
        let threshold = match threshold {
            b"any" => 1,
            b"all" => names.len(),
            number => {
                let number = std::str::from_utf8(number).ok().and_then(decimal).and_then(|number| usize::try_from(number).ok());
                number.filter(|number| (1..=names.len()).contains(number)).ok_or(Kind::Threshold { members: names.len() })?
            }
        };
        if self.groups.len() == POLICY_PARTS_MAX {
            return Err(Kind::TooMany);
        }
        if members.len() == names.len() {
            self.names.insert(name, Some(Member::Group(self.groups.len())));
            self.groups.push(Group { name: PolicyName(name.to_vec()), threshold, members });
        }
        Ok(())
    }

    fn read_members(&mut self, names: &[&'a [u8]]) -> Result<Vec<Member>, Kind> {
        let mut members = Vec::new();
        for name in names {
            // `None` is one whose own line is wrong, which has been said.
            members.extend(self.lookup(name)?);
            if let Some(line) = self.members.insert(name, self.line) {
                return Err(Kind::MemberTwice { line });
            }
        }
        Ok(members)
    }

    fn read_quorum(&mut self, name: &'a [u8]) -> Result<(), Kind> {
        if let Some((line, _)) = self.quorum {
            return Err(Kind::QuorumTwice { line });
        }
        // Also when the name is unknown, which is said: that there is no quorum is not said on top of it.
        self.quorum = Some((self.line, None));
        if name != NONE {
            let member = self.lookup(name)?;
            self.quorum = Some((self.line, member));
        }
        Ok(())
    }

    fn define(&mut self, name: &'a [u8]) -> Result<(), Kind> {
        if name == NONE {
            return Err(Kind::ReservedName);
        }
        if self.names.contains_key(name) {
            return Err(Kind::NameTaken);
        }
        self.names.insert(name, None);
        Ok(())
    }

    fn lookup(&self, name: &[u8]) -> Result<Option<Member>, Kind> {
        self.names.get(name).copied().ok_or(Kind::UnknownName)
    }

    fn read_key(&mut self, word: &[u8], signature_type: SignatureType) -> Result<VerifierKey, Kind> {
        let text = std::str::from_utf8(word).map_err(|_| Kind::Key(KeyError::Form))?;
        let key = VerifierKey::parse(text).map_err(Kind::Key)?;
        if key.signature_type() != signature_type {
            return Err(Kind::KeyType);
        }
        match self.keys.insert((signature_type, key.public_key()), self.line) {
            Some(line) => Err(Kind::KeyTwice { line }),
            None => Ok(key),
        }
    }
}
