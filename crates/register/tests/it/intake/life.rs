use bezwaar_core::Holdings;
use bezwaar_ledger::event::VoidReason;
use bezwaar_register::intake::{Alias, Contact, Filing, Intake, IntakeError, ListCode, Refusal, Sender, State};

use super::{account, at, file, link, object, policies, register, replay, withheld};

const NOW: &str = "2026-02-01";

#[test]
fn what_was_done_is_what_a_replay_says() {
    let folder = tempfile::tempdir().unwrap();
    let mut register = register(folder.path());
    let policies = policies();
    let who = |register: &bezwaar_register::engine::Register, day: &str| -> Vec<bool> {
        let holdings = Holdings::resolve(&replay(register, day).choices);
        ["club:1", "club:2", "club:3", "club:4", "club:noor"].iter().map(|name| withheld(&policies, &holdings, name, day)).collect()
    };
    assert_eq!(who(&register, "2026-02-01"), [false; 5]);
    file(&mut register, object("o-1", "club:1", "2026-01-10"), Sender::Confirmed, NOW);
    file(&mut register, link("l-1", "club:1", "club:2"), Sender::Confirmed, NOW);
    let contact = Contact::new([("name".to_owned(), "Noor".to_owned())]);
    let filing = Filing { contact, ..Filing::own(object("o-3", "club:3", "2026-01-10"), Sender::Unconfirmed) };
    Intake::new(register.writer()).file(&filing, at(NOW)).unwrap();
    let alias = Alias { account: account("club:4"), handle: account("club:noor"), from: at("2020-01-01"), until: None };
    file(&mut register, object("o-4", "club:noor", "2026-01-10"), Sender::Unconfirmed, NOW);
    assert_eq!(who(&register, NOW), [true, true, true, false, true]);
    let learnt = Intake::new(register.writer()).learn(&[(1, alias)], at(NOW)).unwrap();
    assert_eq!((learnt.aliases, learnt.copies), (1, 1));
    assert_eq!(who(&register, NOW), [true; 5]);
    assert_eq!(replay(&register, NOW).provisional, 3);

    // Void, and confirmed before and after.
    let mut intake = Intake::new(register.writer());
    for id in ["o-3", "o-4"] {
        intake.void(id, VoidReason::NotAuthorisedByAccountHolder, ["lead", "deputy"], at(NOW)).unwrap();
    }
    assert_eq!(intake.outbox().unwrap().len(), 2);
    intake.outbox_sent(2, at(NOW)).unwrap();
    assert_eq!(intake.confirm("o-3", &account("club:3"), at("2026-02-10")).unwrap().acts, ["o-3"]);
    assert_eq!(who(&register, "2026-02-14"), [true; 5]);
    assert_eq!(who(&register, "2026-02-15"), [true, true, true, false, false]);
    let confirmed = Intake::new(register.writer()).confirm("o-4", &account("club:noor"), at("2026-02-20")).unwrap();
    // The account that had the handle then is theirs as well.
    assert_eq!((confirmed.acts.as_slice(), confirmed.left.len()), (["o-4".to_owned(), "o-4+1".to_owned()].as_slice(), 0));
    assert_eq!(who(&register, "2026-02-20"), [true; 5]);

    // The contact goes, the objection stays.
    Intake::new(register.writer()).erase_contact(&account("club:3"), at("2026-02-21")).unwrap();
    assert_eq!(register.reader().unwrap().contact_of(&account("club:3")).unwrap(), None);
    assert_eq!(who(&register, "2026-02-21"), [true; 5]);

    // Forgotten in two steps; what was linked stays covered.
    let request = Intake::new(register.writer()).ask_to_forget(&account("club:1"), at("2026-02-22")).unwrap();
    assert_eq!(who(&register, "2026-02-22"), [true; 5]);
    let mut intake = Intake::new(register.writer());
    let forgotten = intake.forget(&request.token, &account("club:1"), at("2026-02-23")).unwrap();
    assert_eq!((forgotten.acts, forgotten.copies), (2, 1));
    assert_eq!(who(&register, "2026-02-23"), [false, true, true, true, true]);
    let mut intake = Intake::new(register.writer());
    let again = intake.file(&Filing::own(object("o-1", "club:1", "2026-01-10"), Sender::Confirmed), at("2026-02-24")).unwrap();
    assert_eq!(again.state, State::Erased);
    assert!(matches!(
        intake.forget(&request.token, &account("club:1"), at("2026-02-24")),
        Err(IntakeError::Refused(Refusal::UnknownToken))
    ));
    let back = intake.file(&Filing::own(object("o-9", "club:1", "2026-02-24"), Sender::Confirmed), at("2026-02-24")).unwrap();
    assert_eq!(back.state, State::New);
    assert_eq!(who(&register, "2026-02-24"), [true; 5]);
    assert_eq!(Intake::new(register.writer()).list_counts().unwrap().counts.get(&ListCode::FiledAgain), None);
    register.publish().unwrap();
}
