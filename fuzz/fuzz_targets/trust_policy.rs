//! Trust policies: any bytes give a policy that is the same when written and read again, or problems.
#![no_main]

use bezwaar_ledger::tlog::policy::TrustPolicy;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    match TrustPolicy::parse(bytes) {
        Ok(policy) => assert_eq!(TrustPolicy::parse(&policy.to_bytes()).expect("what was written is read"), policy),
        Err(errors) => assert!(!errors.problems().is_empty()),
    }
});
