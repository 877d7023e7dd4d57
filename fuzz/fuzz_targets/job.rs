//! Job files: any text gives a job or problems that lie within the text.
#![no_main]

use bezwaar_gate::job::Job;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Err(error) = Job::parse("job.toml", text, std::path::Path::new("nowhere")) {
        assert!(error.problems().iter().all(|(problem, _)| problem.span().end <= text.len()));
    }
});
