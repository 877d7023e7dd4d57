//! What a manifest says, as far as a seal depends on it. All that keeps it from being sealed is told at once.

use bezwaar_core::Reading;
use bezwaar_core::time::Instant;
use bezwaar_ledger::tlog::Hash;
use serde_json::Value;

use super::error::ManifestProblem;
use crate::hex;

/// The longest manifest, in bytes, that is read.
pub const MANIFEST_BYTES_MAX: usize = 256 << 20;

/// What a manifest says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claims {
    pub(super) use_id: String,
    pub(super) recipient: String,
    pub(super) reading: Reading,
    pub(super) form: String,
    pub(super) extract_sha256: Hash,
    pub(super) through: Instant,
    pub(super) expires_at: Instant,
    /// The names of policies with the hashes of their texts.
    pub(super) policies: Vec<(String, Hash)>,
    pub(super) records: u64,
    pub(super) provisional: u64,
    pub(super) subjects_count: u64,
    pub(super) subjects_sha256: Hash,
}

impl Claims {
    /// Reads a manifest that is to be sealed.
    pub(super) fn read(bytes: &[u8]) -> Result<Claims, Vec<ManifestProblem>> {
        Claims::read_within(bytes, MANIFEST_BYTES_MAX)
    }

    /// As [`Claims::read`], if it has no more than so many bytes.
    fn read_within(bytes: &[u8], bytes_max: usize) -> Result<Claims, Vec<ManifestProblem>> {
        let value: Value = Some(bytes)
            .filter(|bytes| bytes.len() <= bytes_max)
            .and_then(|bytes| serde_json::from_slice(bytes).ok())
            .filter(|value: &Value| value.get("bezwaar_manifest").and_then(Value::as_u64) == Some(1))
            .ok_or_else(|| vec![ManifestProblem::NotAManifest])?;
        let is = |path: &str| value.pointer(path).and_then(Value::as_bool);
        let kinds = [
            (is("/signed") == Some(false), ManifestProblem::Signed),
            (is("/replay") == Some(false), ManifestProblem::Replay),
            (is("/extract/expired") == Some(false), ManifestProblem::ExtractExpired),
            (value.get("subjects").is_some_and(Value::is_object), ManifestProblem::NoSubjects),
        ];
        let mut problems: Vec<ManifestProblem> = kinds.into_iter().filter(|(good, _)| !good).map(|(_, problem)| problem).collect();
        let claims = Claims::fields(&value, &mut problems);
        claims.filter(|_| problems.is_empty()).ok_or(problems)
    }

    fn fields(value: &Value, problems: &mut Vec<ManifestProblem>) -> Option<Claims> {
        let mut field = Field { value, problems };
        let use_id = field.text("/question/use");
        let (recipient, form) = (field.text("/question/recipient"), field.text("/form/kind"));
        let reading = field.at("/question/reading", |value| {
            let word = value.as_str()?;
            Reading::ALL.into_iter().find(|reading| reading.as_str() == word)
        });
        let extract_sha256 = field.hash("/extract/sha256");
        let (through, expires_at) = (field.instant("/extract/through"), field.instant("/extract/expires_at"));
        let policies = field.at("/policies", |value| {
            let policies = value.as_object()?.iter();
            policies.map(|(name, hash)| Some((name.clone(), hex::decode(hash.as_str()?)?))).collect::<Option<Vec<_>>>()
        });
        let (records, provisional) = (field.at("/counts/kept", Value::as_u64), field.at("/counts/provisional", Value::as_u64));
        // Told above if there are none at all.
        let (subjects_count, subjects_sha256) = match field.value.get("subjects") {
            Some(_) => (field.at("/subjects/count", Value::as_u64), field.hash("/subjects/sha256")),
            None => (None, None),
        };
        Some(Claims {
            use_id: use_id?,
            recipient: recipient?,
            reading: reading?,
            form: form?,
            extract_sha256: extract_sha256?,
            through: through?,
            expires_at: expires_at?,
            policies: policies?,
            records: records?,
            provisional: provisional?,
            subjects_count: subjects_count?,
            subjects_sha256: subjects_sha256?,
        })
    }
}

/// Reads fields, and notes those that cannot be read.
struct Field<'a> {
    value: &'a Value,
    problems: &'a mut Vec<ManifestProblem>,
}

impl Field<'_> {
    fn at<T>(&mut self, path: &'static str, read: impl FnOnce(&Value) -> Option<T>) -> Option<T> {
        let read = self.value.pointer(path).and_then(read);
        if read.is_none() {
            self.problems.push(ManifestProblem::Field { path });
        }
        read
    }

    fn text(&mut self, path: &'static str) -> Option<String> {
        self.at(path, |value| value.as_str().map(str::to_owned))
    }

    fn hash(&mut self, path: &'static str) -> Option<Hash> {
        self.at(path, |value| hex::decode(value.as_str()?))
    }

    fn instant(&mut self, path: &'static str) -> Option<Instant> {
        self.at(path, |value| Instant::parse(value.as_str()?).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_no_longer_than_it_may_be() {
        let text = b"{\"bezwaar_manifest\":1}";
        let problems = |max: usize| Claims::read_within(text, max).err().unwrap();
        assert!(!problems(text.len()).contains(&ManifestProblem::NotAManifest), "it is read, and lacks much");
        assert_eq!(problems(text.len() - 1), [ManifestProblem::NotAManifest]);
        assert_eq!(MANIFEST_BYTES_MAX, 268_435_456);
    }
}
