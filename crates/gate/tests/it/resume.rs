//! A run that was stopped goes on where it was, and comes to the same release.

use std::process::Command;
use std::time::Duration;

use bezwaar_gate::{Engine, TaskReport};
use bezwaar_testkit::random::Draw;

use crate::support::{Site, told};

const MAP: &str = "[input.map]\nid = { column = \"id\" }\nauthor = { column = \"author\", service = \"club\" }\ncategory = { column = \"category\" }\naudience = { const = \"public\", because = \"a test\" }\n";
const MADE_AT: &str = "2026-03-01T01:00:00Z";

fn lines(seed: usize, count: usize) -> String {
    (0..count)
        .map(|number| {
            let author = if (number + seed).is_multiple_of(4) { "noor" } else { "kim" };
            format!("{{\"id\":{number},\"author\":\"{author}\",\"category\":\"post\",\"text\":\"some words of {seed}\"}}\n")
        })
        .collect()
}

fn site(files: usize, count: usize) -> Site {
    let site = Site::new();
    for number in 0..files {
        site.write(&format!("in/{number}.jsonl"), lines(number, count).as_bytes());
    }
    site
}

/// Runs what is not done, and commits: as the command line does.
fn go_on(engine: &Engine) -> String {
    engine.begin().unwrap();
    let mut done = engine.completed().unwrap();
    for task in engine.plan() {
        if !done.contains_key(&task.key) {
            done.insert(task.key.clone(), engine.run(task, &|_| {}).unwrap());
        }
    }
    let reports: Vec<TaskReport> = done.into_values().collect();
    engine.commit(&reports, MADE_AT).unwrap().to_json()
}

#[test]
fn what_is_done_is_not_done_again() {
    let site = site(4, 50);
    let text = site.job_text("in", MAP, "");
    let engine = site.open(&text).unwrap();
    engine.begin().unwrap();
    for task in &engine.plan()[..3] {
        engine.run(task, &|_| {}).unwrap();
    }
    drop(engine);
    let before = std::fs::metadata(site.path("out/0.jsonl")).unwrap().modified().unwrap();
    let engine = site.open(&text).unwrap();
    assert_eq!(engine.completed().unwrap().keys().collect::<Vec<_>>(), ["0.jsonl", "1.jsonl", "2.jsonl"]);
    let resumed = go_on(&engine);
    assert_eq!(std::fs::metadata(site.path("out/0.jsonl")).unwrap().modified().unwrap(), before);
    std::fs::rename(site.path("out"), site.path("first")).unwrap();
    assert_eq!(go_on(&site.open(&text).unwrap()), resumed);
    for name in site.files_in("first") {
        assert_eq!(std::fs::read(site.path("first").join(&name)).unwrap(), site.out(&name), "{name}");
    }
}

#[test]
fn what_was_done_for_another_run_does_not_count() {
    let site = site(3, 50);
    let text = site.job_text("in", MAP, "");
    let engine = site.open(&text).unwrap();
    engine.begin().unwrap();
    for task in engine.plan() {
        engine.run(task, &|_| {}).unwrap();
    }
    let completed = |text: &str| site.open(text).unwrap().completed().unwrap().into_keys().collect::<Vec<String>>();
    assert_eq!(completed(&text).len(), 3);
    // Another job, another question, another map.
    assert!(completed(&text.replace("name = \"test\"", "name = \"other\"")).is_empty());
    assert!(completed(&text.replace("[extract]", "reading = \"stated\"\n[extract]")).is_empty());
    assert!(completed(&text.replace("because = \"a test\"", "because = \"another\"")).is_empty());
    // Another input, of the same size.
    let changed = lines(1, 50).replace("some words of 1", "some words of 9");
    site.write("in/1.jsonl", changed.as_bytes());
    assert_eq!(completed(&text), ["0.jsonl", "2.jsonl"]);
    site.write("in/1.jsonl", lines(1, 50).as_bytes());
    assert_eq!(completed(&text).len(), 3);
    // An output that is gone, cut off, or another.
    let good = site.out("2.jsonl");
    site.write("out/2.jsonl", &good[..good.len() - 1]);
    assert_eq!(completed(&text), ["0.jsonl", "1.jsonl"]);
    std::fs::remove_file(site.path("out/2.jsonl")).unwrap();
    assert_eq!(completed(&text), ["0.jsonl", "1.jsonl"]);
    site.write("out/2.jsonl", &good);
    assert_eq!(completed(&text).len(), 3);
    // Another policy text.
    let policy = std::fs::read_to_string(site.path("policies/club/2026-01-01.toml")).unwrap();
    site.write("policies/club/2026-01-01.toml", format!("{policy}\n# changed\n").as_bytes());
    assert!(completed(&text).is_empty());
    site.write("policies/club/2026-01-01.toml", policy.as_bytes());
    // A mark that was cut off is no mark.
    for name in site.files_in("out/.bezwaar-run").iter().filter(|name| name.ends_with(".json")) {
        let path = site.path("out/.bezwaar-run").join(name);
        let mark = std::fs::read(&path).unwrap();
        std::fs::write(&path, &mark[..mark.len() / 2]).unwrap();
    }
    assert!(completed(&text).is_empty());
    // Another extract.
    let later = bezwaar_core::time::Instant::parse("2026-03-02T00:00:00Z").unwrap();
    let extract = crate::support::extract_bytes(&bezwaar_core::account::Services::default(), &crate::support::objections(), later, &[]);
    site.write("acts.extract", &extract);
    let digest = site.open(&text).unwrap().run_digest().to_owned();
    assert_ne!(digest, engine.run_digest());
}

#[test]
fn reports_travel_merge_in_any_order_and_count_once() {
    let site = site(5, 40);
    let text = site.job_text("in", MAP, "");
    let engine = site.open(&text).unwrap();
    engine.begin().unwrap();
    let mut reports: Vec<TaskReport> = engine.plan().iter().map(|task| engine.run(task, &|_| {}).unwrap()).collect();
    for report in &reports {
        let travelled: TaskReport = serde_json::from_str(&serde_json::to_string(report).unwrap()).unwrap();
        assert_eq!(travelled, *report);
    }
    for task in engine.plan() {
        let travelled: bezwaar_gate::Task = serde_json::from_str(&serde_json::to_string(task).unwrap()).unwrap();
        assert_eq!(travelled, *task);
    }
    // Not all of them, or one of another run, or of nothing: no release.
    assert!(engine.commit(&reports[1..], MADE_AT).unwrap_err().to_string().contains("1 tasks have no report"));
    let strange = TaskReport { run: "00".into(), ..reports[0].clone() };
    assert!(engine.commit(&[strange], MADE_AT).unwrap_err().to_string().contains("belongs to another run"));
    let mut more = reports.clone();
    more.push(TaskReport { task: "no.jsonl".into(), ..reports[0].clone() });
    assert!(engine.commit(&more, MADE_AT).unwrap_err().to_string().contains("is of no input of this job"));
    // An output that is gone again.
    let good = site.out("3.jsonl");
    std::fs::remove_file(site.path("out/3.jsonl")).unwrap();
    assert_eq!(engine.commit(&reports, MADE_AT).unwrap_err().kind(), bezwaar_gate::ErrorKind::Integrity);
    site.write("out/3.jsonl", &good);
    assert!(!site.path("out/manifest.json").exists());
    let once = engine.commit(&reports, MADE_AT).unwrap().to_json();
    for round in 0..5 {
        Draw::new(round).shuffle(&mut reports);
        let mut twice = reports.clone();
        twice.extend(reports[..round as usize].iter().cloned());
        std::fs::remove_file(site.path("out/manifest.json")).unwrap();
        assert_eq!(engine.commit(&twice, MADE_AT).unwrap().to_json(), once);
    }
}

/// The process that is killed: it runs the job of the folder it is told.
#[test]
fn child() {
    let Ok(folder) = std::env::var("BEZWAAR_TEST_SITE") else { return };
    let folder = std::path::PathBuf::from(folder);
    let text = std::fs::read_to_string(folder.join("job.toml")).unwrap();
    let engine = Engine::open(bezwaar_gate::job::Job::parse("job.toml", &text, &folder).unwrap()).unwrap();
    go_on(&engine);
}

#[test]
fn a_run_killed_at_any_moment_comes_to_the_same_release() {
    let site = site(6, 4000);
    let text = site.job_text("in", MAP, "");
    site.write("job.toml", text.as_bytes());
    let undisturbed = go_on(&site.open(&text).unwrap_or_else(|error| panic!("{}", told(&error))));
    std::fs::rename(site.path("out"), site.path("undisturbed")).unwrap();
    let start = || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "resume::child", "--test-threads=1", "--quiet"])
            .env("BEZWAAR_TEST_SITE", site.dir.path())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap()
    };
    let mut draw = Draw::new(3);
    let mut killed = 0;
    for _ in 0..200 {
        let mut child = start();
        std::thread::sleep(Duration::from_micros(500 + draw.below(40_000) as u64));
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            killed += 1;
        }
        child.wait().unwrap();
        if site.path("out/manifest.json").exists() {
            break;
        }
    }
    assert!(killed > 0, "no run was killed");
    if !site.path("out/manifest.json").exists() {
        assert!(start().wait().unwrap().success());
    }
    let manifest = String::from_utf8(site.out("manifest.json")).unwrap();
    assert_eq!(manifest, undisturbed);
    let mut left = site.files_in("out");
    // Killed between the manifest and the end: the marks are still there, and nothing else.
    left.retain(|name| !name.starts_with(".bezwaar-run/"));
    assert_eq!(left, site.files_in("undisturbed"));
    for name in left {
        assert_eq!(site.out(&name), std::fs::read(site.path("undisturbed").join(&name)).unwrap(), "{name}");
    }
}
