//! Asking witnesses to cosign a checkpoint: the ledger's side of [c2sp.org/tlog-witness](https://c2sp.org/tlog-witness).
//!
//! [`Asking`] knows the witnesses and remembers what each has seen last. [`Asking::collect`] asks all of them at once, sends each the consistency proof from
//! the size it has, and comes back with the cosignatures when there are enough, or when the time is up. What a witness answers is believed
//! only as far as its key has signed it: signatures of other keys are left out, and a cosignature that is wrong counts as none.

mod http;

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use bezwaar_ledger::tlog::Hash;
use bezwaar_ledger::tlog::checkpoint::{CheckpointError, SignedCheckpoint};
use bezwaar_ledger::tlog::cosignature::PosixSeconds;
use bezwaar_ledger::tlog::note::VerifierKey;
use bezwaar_ledger::tlog::policy::TrustPolicy;
use bezwaar_ledger::tlog::witness::{AddCheckpoint, AnswerError, accept_cosignatures};

pub(crate) use http::agent;
pub use http::{HttpError, HttpWitness};

/// A proof that could not be made, for whatever reason its maker has.
pub type ProofFailure = Box<dyn Error + Send + Sync>;

/// A way to a witness.
pub trait AskWitness: Send + Sync {
    /// Sends the body of an `add-checkpoint` request and waits for the answer, not for ever.
    fn add_checkpoint(&self, body: &[u8]) -> Result<Answer, HttpError>;
}

/// What a witness answers, believed in nothing yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 200: what should be signature lines.
    Cosigned(Vec<u8>),
    /// 409: the size of the latest checkpoint it has cosigned.
    OtherSize(u64),
    /// Anything else: the HTTP status.
    Refused(u16),
}

/// A witness to ask.
#[derive(Clone)]
pub struct Asked {
    /// What it is called here: its name in the trust policy.
    pub name: String,
    /// The key its cosignatures are verified with.
    pub key: VerifierKey,
    /// The way to it.
    pub way: Arc<dyn AskWitness>,
}

/// The witnesses of a ledger, and the size of the tree that each has cosigned last, as far as is known.
pub struct Asking {
    witnesses: Vec<Asked>,
    last_sizes: BTreeMap<String, u64>,
}

impl Asking {
    /// Knows these witnesses, and not yet what they have seen: the first answer of each tells. Names must differ.
    pub fn new(witnesses: Vec<Asked>) -> Asking {
        Asking { witnesses, last_sizes: BTreeMap::new() }
    }

    /// The witnesses of a trust policy that it gives an address for, each of which may take so long for an answer.
    pub fn of_policy(policy: &TrustPolicy, within: Duration) -> Result<Asking, HttpError> {
        let with_address = policy.witnesses().iter().filter_map(|witness| Some((witness, witness.url()?)));
        let asked = with_address.map(|(witness, url)| {
            let way = Arc::new(HttpWitness::new(url, within)?);
            Ok(Asked { name: witness.name().to_string(), key: witness.key().clone(), way })
        });
        Ok(Asking::new(asked.collect::<Result<_, HttpError>>()?))
    }

    /// The witnesses.
    pub fn witnesses(&self) -> &[Asked] {
        &self.witnesses
    }

    /// Asks all witnesses for cosignatures on a checkpoint the ledger has signed, until `enough` says of the checkpoint with those collected so far that no more
    /// are needed, or until the time is up.
    ///
    /// For a trust policy, `enough` is `|checkpoint| policy.check(checkpoint).is_ok()`. `proof` gives the consistency proof from a smaller size, which is never 0, to the checkpoint's; it is called on this thread only.
    pub fn collect<E: Into<ProofFailure>>(
        &mut self,
        checkpoint: &SignedCheckpoint,
        within: Duration,
        proof: impl Fn(u64) -> Result<Vec<Hash>, E>,
        enough: impl Fn(&SignedCheckpoint) -> bool,
    ) -> Collected {
        let until = Instant::now() + within;
        let (sender, answers) = channel();
        let mut round = Round { asked: checkpoint, sender, collected: Collected::none(checkpoint), waiting: 0 };
        for (number, witness) in self.witnesses.iter().enumerate() {
            let old_size = self.last_sizes.get(&witness.name).copied().unwrap_or(0);
            round.ask(number, witness, Try { old_size, first: true }, &proof);
        }
        round.collected.enough = enough(&round.collected.checkpoint);
        while round.waiting > 0 && !round.collected.enough {
            let Some((number, attempt, answer)) = next(&answers, until) else { break };
            round.waiting -= 1;
            let Some(witness) = self.witnesses.get(number) else { continue };
            match round.judge(witness, attempt, answer) {
                Step::Done(size) => {
                    self.last_sizes.insert(witness.name.clone(), size);
                    round.collected.enough = enough(&round.collected.checkpoint);
                }
                Step::Again(size) => {
                    self.last_sizes.insert(witness.name.clone(), size);
                    round.ask(number, witness, Try { old_size: size, first: false }, &proof);
                }
                Step::Failed => {}
            }
        }
        round.collected
    }
}

/// One request to one witness.
#[derive(Clone, Copy)]
struct Try {
    old_size: u64,
    first: bool,
}

/// Which witness, what it was asked, and its answer.
type Answered = (usize, Try, Result<Answer, HttpError>);

enum Step {
    /// It has cosigned, and so has seen a tree of this size.
    Done(u64),
    /// It has seen this size, and is asked again from there.
    Again(u64),
    Failed,
}

struct Round<'checkpoint> {
    asked: &'checkpoint SignedCheckpoint,
    sender: Sender<Answered>,
    collected: Collected,
    /// How many answers are still to come.
    waiting: usize,
}

impl Round<'_> {
    fn size(&self) -> u64 {
        self.asked.unverified().size()
    }

    /// Sends a request on a thread of its own, which nobody waits for longer than for the round.
    fn ask<E: Into<ProofFailure>>(&mut self, number: usize, witness: &Asked, attempt: Try, proof: &impl Fn(u64) -> Result<Vec<Hash>, E>) {
        let body = match self.body(attempt.old_size, proof) {
            Ok(body) => body,
            Err(error) => return self.failed(witness, error),
        };
        let (way, sender) = (witness.way.clone(), self.sender.clone());
        let work = move || {
            let answer = way.add_checkpoint(body.as_bytes());
            // Nobody listens any more once the round is over.
            let _ = sender.send((number, attempt, answer));
        };
        match thread::Builder::new().name("ask-witness".to_owned()).spawn(work) {
            Ok(_) => self.waiting += 1,
            Err(error) => self.failed(witness, AskError::Http(HttpError::Thread(error))),
        }
    }

    fn body<E: Into<ProofFailure>>(&self, old_size: u64, proof: &impl Fn(u64) -> Result<Vec<Hash>, E>) -> Result<String, AskError> {
        if old_size > self.size() {
            return Err(AskError::Ahead { held: old_size, asked: self.size() });
        }
        let proof = if old_size == 0 || old_size == self.size() {
            Vec::new()
        } else {
            proof(old_size).map_err(|error| AskError::Proof { old_size, error: error.into() })?
        };
        let request = AddCheckpoint::new(old_size, proof, self.asked.clone()).map_err(|error| AskError::Body(error.into()))?;
        Ok(request.to_string())
    }

    fn judge(&mut self, witness: &Asked, attempt: Try, answer: Result<Answer, HttpError>) -> Step {
        let error = match answer {
            Ok(Answer::Cosigned(lines)) => match self.add(witness, &lines) {
                Ok(cosigned_at) => {
                    self.collected.answers.insert(witness.name.clone(), Ok(cosigned_at));
                    return Step::Done(self.size());
                }
                Err(error) => error,
            },
            Ok(Answer::OtherSize(held)) if held == attempt.old_size && held == self.size() => AskError::OtherTree { size: held },
            Ok(Answer::OtherSize(held)) if held > self.size() => AskError::Ahead { held, asked: self.size() },
            Ok(Answer::OtherSize(held)) if attempt.first && held != attempt.old_size => return Step::Again(held),
            Ok(Answer::OtherSize(held)) => AskError::Unsteady { held },
            Ok(Answer::Refused(status)) => AskError::Refused { status },
            Err(error) => AskError::Http(error),
        };
        self.failed(witness, error);
        Step::Failed
    }

    /// Adds what the witness's own key has signed, and nothing else of its answer.
    fn add(&mut self, witness: &Asked, lines: &[u8]) -> Result<PosixSeconds, AskError> {
        let accepted = accept_cosignatures(lines, self.asked, std::slice::from_ref(&witness.key)).map_err(AskError::NotCosigned)?;
        let latest = accepted.into_iter().max_by_key(|cosignature| cosignature.cosigned_at);
        let latest = latest.ok_or(AskError::NotCosigned(AnswerError::NotSignatureLines))?;
        self.collected.checkpoint.add(latest.signature).map_err(AskError::Add)?;
        Ok(latest.cosigned_at)
    }

    fn failed(&mut self, witness: &Asked, error: AskError) {
        self.collected.answers.insert(witness.name.clone(), Err(error));
    }
}

/// The next answer, unless the time is up.
fn next(answers: &Receiver<Answered>, until: Instant) -> Option<Answered> {
    answers.recv_timeout(until.saturating_duration_since(Instant::now())).ok()
}

/// What a round of asking came to.
#[derive(Debug)]
pub struct Collected {
    /// The checkpoint with the cosignatures that were verified.
    pub checkpoint: SignedCheckpoint,
    /// Whether they are enough.
    pub enough: bool,
    /// What each witness said, by its name: the time of its cosignature, or why there is none. Those missing had not answered yet.
    pub answers: BTreeMap<String, Result<PosixSeconds, AskError>>,
}

impl Collected {
    fn none(checkpoint: &SignedCheckpoint) -> Collected {
        Collected { checkpoint: checkpoint.clone(), enough: false, answers: BTreeMap::new() }
    }
}

/// Why a witness's cosignature could not be had.
#[derive(Debug)]
#[non_exhaustive]
pub enum AskError {
    /// No answer, or none that can be read. May pass.
    Http(HttpError),
    /// The consistency proof could not be made.
    Proof {
        /// The size the witness has.
        old_size: u64,
        /// Why.
        error: ProofFailure,
    },
    /// The request could not be put together.
    Body(ProofFailure),
    /// The witness said no.
    Refused {
        /// The HTTP status: 403 the signature, 404 the ledger, 422 the proof.
        status: u16,
    },
    /// The witness has cosigned a larger tree of this ledger. Passes if that one is the ledger's own and newer; if there is none, the ledger was rolled back.
    Ahead {
        /// The size the witness has.
        held: u64,
        /// The size it was asked to cosign.
        asked: u64,
    },
    /// The witness has cosigned another tree of the same size. The ledger has forked. Fatal.
    OtherTree {
        /// The size of both.
        size: u64,
    },
    /// The witness asked for another size twice; somebody else is asking it too. May pass.
    Unsteady {
        /// The size it named last.
        held: u64,
    },
    /// What the witness sent is not its cosignature on this checkpoint.
    NotCosigned(AnswerError),
    /// The checkpoint has as many signatures as it can have.
    Add(CheckpointError),
}

impl AskError {
    /// Whether the ledger itself is in doubt, and nothing more should be signed until a person has looked.
    pub fn is_integrity(&self) -> bool {
        matches!(self, AskError::OtherTree { .. })
    }

    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            AskError::Http(error) => error.help(),
            AskError::Proof { .. } | AskError::Body(_) => "see what the cause says",
            AskError::Refused { status: 404 } => "ask whoever runs the witness to watch this ledger, and give them its public key",
            AskError::Refused { status: 403 } => "ask whoever runs the witness which of the ledger's keys it knows; it may have an old one",
            AskError::Refused { .. } => "try again; if it stays so, ask whoever runs the witness",
            AskError::Ahead { .. } => {
                "if a newer checkpoint is on its way, there is nothing to do; if not, the ledger has lost entries: stop it, and compare it with its anchor"
            }
            AskError::OtherTree { .. } => {
                "stop the ledger: it has signed two trees of one size; get the witness's checkpoint and compare it with the ledger's own"
            }
            AskError::Unsteady { .. } => "let only one program ask for this ledger, and try again",
            AskError::NotCosigned(error) => error.help(),
            AskError::Add(error) => error.help(),
        }
    }
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AskError::Http(_) => f.write_str("the witness gives no answer that can be used"),
            AskError::Proof { old_size, .. } => write!(f, "the consistency proof from size {old_size} could not be made"),
            AskError::Body(_) => f.write_str("the request could not be put together"),
            AskError::Refused { status } => write!(f, "the witness refused (HTTP status {status})"),
            AskError::Ahead { held, asked } => {
                write!(f, "the witness has cosigned {held} entries already, more than the {asked} it was asked for")
            }
            AskError::OtherTree { size } => write!(f, "the witness has cosigned another ledger of {size} entries under this name"),
            AskError::Unsteady { held } => write!(f, "the witness keeps asking for another proof, now from size {held}"),
            AskError::NotCosigned(_) => f.write_str("what the witness sent is not its cosignature on this checkpoint"),
            AskError::Add(_) => f.write_str("the cosignature cannot be added to the checkpoint"),
        }
    }
}

impl Error for AskError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            AskError::Http(error) => Some(error),
            AskError::Proof { error, .. } | AskError::Body(error) => Some(error.as_ref()),
            AskError::NotCosigned(error) => Some(error),
            AskError::Add(error) => Some(error),
            _ => None,
        }
    }
}
