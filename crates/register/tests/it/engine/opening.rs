//! What an opening notices, what it puts right, and what it refuses.

use std::path::Path;

use bezwaar_ledger::entry::{Entry, EntryKind};
use bezwaar_ledger::opening::{Salt, commit};
use bezwaar_register::engine::doctor::Health;
use bezwaar_register::engine::{Check, ErasureReason, IntegrityError, Opening, Parts, Register, RegisterError, Repair};
use bezwaar_register::folder;
use bezwaar_register::keys::{KeyRingError, Purpose};
use bezwaar_register::settings::{Settings, StoreKind};
use bezwaar_register::store::HolderId;
use bezwaar_register::vault::{SealedRow, Vault, VaultError, VaultKey};
use zeroize::Zeroizing;

use super::kit::{Witness, account, at, choice, random, with_contact};

fn settings() -> Settings {
    Settings {
        origin: "register.example/test".to_owned(),
        domain: "gate.example".to_owned(),
        store: StoreKind::Sqlite,
        anchor: "../anchor".into(),
        witnesses: None,
        covers: Vec::new(),
    }
}

fn parts() -> Parts {
    Parts::on_disk(random(7))
}

fn open_as(folder: &Path, opening: Opening) -> Result<Register, RegisterError> {
    folder::open(&folder.join("register"), parts(), opening, at(100)).map(|(register, _)| register)
}

fn open(folder: &Path) -> Result<Register, RegisterError> {
    let register = open_as(folder, Opening::default());
    // A quick opening finds the same.
    if let Err(RegisterError::Integrity(_)) = &register {
        assert!(matches!(open_as(folder, Opening { check: Check::Quick, ..Opening::default() }), Err(RegisterError::Integrity(_))));
    }
    register
}

fn made(folder: &Path) -> (Register, Witness) {
    let mut register = folder::create(&folder.join("register"), &settings(), parts(), at(0)).unwrap();
    let mut witness = Witness::default();
    let records = [with_contact("a", "noor", "n"), choice("b", "ada"), choice("c", "noor")];
    let placed = register.append(&records, at(1)).unwrap();
    witness.was_told(&records, &placed);
    witness.saw(register.publish().unwrap());
    (register, witness)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn restore_store(from: &Path, to: &Path) {
    for name in ["register.sqlite", "register.sqlite-wal", "register.sqlite-shm"] {
        drop(std::fs::remove_file(to.join(name)));
        if from.join(name).exists() {
            std::fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
}

#[test]
fn an_old_backup_is_noticed_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (register, mut witness) = made(folder.path());
    drop(register);
    copy(&folder.path().join("register"), &folder.path().join("backup"));
    let mut register = open(folder.path()).unwrap();
    register.append(&[choice("d", "noor")], at(101)).unwrap();
    witness.saw(register.publish().unwrap());
    drop(register);
    restore_store(&folder.path().join("backup"), &folder.path().join("register"));
    let error = open(folder.path()).unwrap_err();
    assert!(matches!(error, RegisterError::Integrity(IntegrityError::RolledBack { store: 7, signed: 8 })), "{error:?}");
}

#[test]
fn a_backup_of_just_before_an_erasure_is_erased_again() {
    let folder = tempfile::tempdir().unwrap();
    let (mut register, witness) = made(folder.path());
    let erasure = register.writer().all_of(&account("noor"), ErasureReason::ForgottenByPerson).unwrap();
    drop(register);
    copy(&folder.path().join("register"), &folder.path().join("backup"));
    let mut register = open(folder.path()).unwrap();
    let tombstone = register.erase(&erasure, at(101)).unwrap()[0].clone();
    drop(register);
    restore_store(&folder.path().join("backup"), &folder.path().join("register"));
    let mut register = open(folder.path()).unwrap();
    assert_eq!(register.repairs(), [Repair::ErasedAgain { erasures: 1 }]);
    let mut reader = register.reader().unwrap();
    assert!(reader.acts_of(&account("noor")).unwrap().is_empty() && reader.contact_of(&account("noor")).unwrap().is_none());
    assert_eq!(reader.entry(tombstone.index).unwrap(), tombstone.entry);
    witness.check(&register);
    assert_eq!(register.check_erasures().health, Health::Good);
    // Had more been entered before the erasure than the backup has, that is noticed as well.
    drop((reader, register));
    let mut register = open(folder.path()).unwrap();
    register.append(&[choice("d", "ada")], at(102)).unwrap();
    let erasure = register.writer().all_of(&account("ada"), ErasureReason::Retention).unwrap();
    register.erase(&erasure, at(103)).unwrap();
    drop(register);
    restore_store(&folder.path().join("backup"), &folder.path().join("register"));
    let error = open(folder.path()).unwrap_err();
    assert!(matches!(error, RegisterError::Integrity(IntegrityError::ErasureRolledBack { .. })), "{error:?}");
}

#[test]
fn a_lost_or_rolled_back_public_folder_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (register, mut witness) = made(folder.path());
    let public = folder.path().join("register/public");
    copy(&public, &folder.path().join("old"));
    drop(register);
    let mut register = open(folder.path()).unwrap();
    let records: Vec<_> = (0..600).map(|number| choice(&format!("n{number}"), "ada")).collect();
    witness.was_told(&records, &register.append(&records, at(101)).unwrap());
    witness.saw(register.publish().unwrap());
    assert!(register.checks(true, at(101)).iter().all(|finding| finding.health != Health::Failure), "{:?}", register.checks(true, at(101)));
    drop(register);
    for old in [Some(folder.path().join("old")), None] {
        std::fs::remove_dir_all(&public).unwrap();
        if let Some(old) = old {
            copy(&old, &public);
        }
        let mut register = open(folder.path()).unwrap();
        assert_eq!(register.repairs(), [Repair::PublishedAgain]);
        witness.check(&register);
        assert_eq!(register.check_public().health, Health::Good);
        // A single tile that is lost is found, and made anew when asked.
        std::fs::remove_file(public.join("tile/0/000")).unwrap();
        assert_eq!(register.check_public().health, Health::Failure);
        register.publisher().rebuild().unwrap();
        assert_eq!(register.check_public().health, Health::Good);
    }
}

#[test]
fn a_lost_anchor_a_lost_key_an_open_key_and_a_wrong_vault_key_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (register, mut witness) = made(folder.path());
    drop(register);
    let (anchor, keys) = (folder.path().join("anchor"), folder.path().join("register/keys"));
    std::fs::rename(&anchor, folder.path().join("away")).unwrap();
    assert!(matches!(open(folder.path()), Err(RegisterError::Integrity(IntegrityError::AnchorLost))));
    std::fs::rename(folder.path().join("away"), &anchor).unwrap();

    std::fs::rename(keys.join("vault.key"), keys.join("away")).unwrap();
    assert!(matches!(open(folder.path()), Err(RegisterError::Keys(KeyRingError::VaultLost))));
    let text = std::fs::read_to_string(keys.join("away")).unwrap();
    let mut other = text.trim_end().trim_end_matches('"').to_owned();
    let last = other.pop().unwrap();
    let other = format!("{other}{}\"\n", if last == '0' { '1' } else { '0' });
    std::fs::write(keys.join("vault.key"), other).unwrap();
    std::fs::set_permissions(keys.join("vault.key"), std::fs::metadata(keys.join("away")).unwrap().permissions()).unwrap();
    assert!(matches!(open(folder.path()), Err(RegisterError::Keys(KeyRingError::Vault(VaultError::OtherKey)))));
    std::fs::rename(keys.join("away"), keys.join("vault.key")).unwrap();

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(keys.join("ledger.key"), std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(open(folder.path()), Err(RegisterError::Keys(KeyRingError::Mode { mode: 0o640, .. }))));
        std::fs::set_permissions(keys.join("ledger.key"), std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    std::fs::remove_file(keys.join("ledger.key")).unwrap();
    let error = open(folder.path()).unwrap_err();
    assert!(matches!(error, RegisterError::Keys(KeyRingError::Lost { purpose: Purpose::Ledger })));
    assert!(error.help().contains("receipts already given stay valid"));
    let mut register = open_as(folder.path(), Opening { without_lost_keys: true, ..Opening::default() }).unwrap();
    register.append(&[choice("x", "ada")], at(101)).unwrap();
    assert!(matches!(register.publish(), Err(RegisterError::Keys(KeyRingError::Lost { .. }))));
    register.rotate_ledger(at(102)).unwrap();
    witness.saw(register.publish().unwrap());
    witness.check(&register);
}

#[test]
fn one_program_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let (register, _) = made(folder.path());
    assert!(matches!(open_as(folder.path(), Opening::default()), Err(RegisterError::Locked)));
    drop(register);
    assert!(open(folder.path()).is_ok());
    assert!(matches!(folder::create(&folder.path().join("register"), &settings(), parts(), at(0)), Err(RegisterError::Exists)));
}

#[test]
fn each_way_to_meddle_with_a_row_has_its_own_name() {
    let mut random = random(3);
    let key = VaultKey::from_bytes(Zeroizing::new([5; 32]));
    let (vault, wrapped) = Vault::create(&key, "o", &mut random).unwrap();
    assert!(Vault::open(&key, "o", &wrapped).is_ok() && matches!(Vault::open(&key, "p", &wrapped), Err(VaultError::OtherKey)));
    let holder = |id: u64, random: &mut dyn bezwaar_register::randomness::Randomness| {
        vault.new_holder(HolderId(id), vault.holder_name(&id.to_string(), 0), random).unwrap()
    };
    let (first, second) = (holder(1, &mut random), holder(2, &mut random));
    let row = |index: u64, body: &[u8]| {
        let salt = [index as u8; 32];
        let hash = commit(EntryKind::Choice, &Salt::from_bytes(salt), body).unwrap();
        let entry = Entry { kind: EntryKind::Choice, recorded_at: at(1), hash }.to_bytes();
        SealedRow {
            index,
            entry,
            holder: Some(HolderId(1)),
            sealed: vault.seal_opening(Some((HolderId(1), &first.1)), index, &entry, &salt, body),
        }
    };
    let good = row(4, b"{}");
    let check = |row: &SealedRow, key, error| assert_eq!(vault.unseal_opening(row.clone(), Some(key)).err(), error);
    check(&good, &first.1, None);
    check(&SealedRow { sealed: row(5, b"{}").sealed, ..good.clone() }, &first.1, Some(VaultError::Swapped { index: 4, of: 5 }));
    check(
        &SealedRow { holder: Some(HolderId(2)), ..good.clone() },
        &second.1,
        Some(VaultError::OtherHolder { index: 4, holder: 2, of: 1 }),
    );
    check(&good, &second.1, Some(VaultError::Damaged { index: 4 }));
    check(&SealedRow { entry: row(4, b"[]").entry, ..good.clone() }, &first.1, Some(VaultError::Damaged { index: 4 }));
    for place in 17..good.sealed.len() {
        let mut bad = good.clone();
        bad.sealed[place] ^= 1;
        check(&bad, &first.1, Some(VaultError::Damaged { index: 4 }));
    }
    for length in 0..good.sealed.len() {
        let bad = SealedRow { sealed: good.sealed[..length].to_vec(), ..good.clone() };
        assert!(vault.unseal_opening(bad, Some(&first.1)).is_err());
    }
    let mut exchanged = first.0.clone();
    exchanged.wrapped_key = second.0.wrapped_key.clone();
    assert!(matches!(vault.holder_key(&exchanged), Err(VaultError::KeyDamaged { holder: 1 })));
}

#[test]
fn a_lock_that_is_let_go_in_a_moment_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    drop(made(folder.path()));
    let lock = std::fs::File::options().write(true).open(folder.path().join("register").join("lock")).unwrap();
    lock.lock().unwrap();
    let holder = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(200));
        drop(lock);
    });
    open_as(folder.path(), Opening::default()).unwrap();
    holder.join().unwrap();
}
