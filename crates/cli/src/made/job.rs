//! Job files that gate a made-up corpus.

use std::fmt::Write;

use super::Plan;
use super::people::Service;
use super::write::{Format, KINDS, RELATIONS, VISIBILITIES};
use bezwaar_core::item::Relation;

/// A question that goes with some of the services.
struct Question {
    file: &'static str,
    name: &'static str,
    use_id: &'static str,
    recipient: &'static str,
    services: &'static [Service],
}

const QUESTIONS: [Question; 3] = [
    Question {
        file: "job.toml",
        name: "made up: public content, Meta",
        use_id: "meta/public-content",
        recipient: "meta-ai",
        services: &[Service::Facebook, Service::Instagram],
    },
    Question { file: "x.job.toml", name: "made up: X's own models", use_id: "x/own-ml", recipient: "x", services: &[Service::X] },
    Question {
        file: "whatsapp.job.toml",
        name: "made up: messages to Meta AI",
        use_id: "whatsapp/meta-ai",
        recipient: "meta-ai",
        services: &[Service::Whatsapp],
    },
];

/// The job files of a plan, by name. The exchange format needs one: its items are all in one file.
pub(super) fn job_files(plan: &Plan) -> Vec<(&'static str, String)> {
    let questions = QUESTIONS.iter().take(if plan.format == Format::Items { 1 } else { QUESTIONS.len() });
    questions.map(|question| (question.file, job(plan, question))).collect()
}

fn job(plan: &Plan, question: &Question) -> String {
    let Question { name, use_id, recipient, services, .. } = question;
    let folder = question.file.trim_end_matches("job.toml").trim_end_matches('.');
    let mut text = format!(
        "\
# Made up by `bezwaar generate`. Paths are relative to this file. The extract is made from choices.jsonl.
[job]
name = \"{name}\"

[question]
policies = {policies}
use = \"{use_id}\"
recipient = \"{recipient}\"
reading = \"protective\"                   # stated | protective | consent

[extract]
path = \"choices.extract\"
key = \"choices.key\"
allow_unsigned = true
",
        policies = quoted(&plan.policies)
    );
    let services: Vec<Service> = if plan.format == Format::Items { services.iter().copied().take(1).collect() } else { services.to_vec() };
    for service in services {
        // Writing to a text cannot fail.
        let _ = input(plan.format, service, &mut text);
    }
    let folder = if folder.is_empty() { "gated".to_owned() } else { format!("gated-{folder}") };
    text + &format!("\n[output]\npath = \"{folder}\"\nform = \"copy\"\n")
}

/// A text as TOML writes it, which is as JSON does.
fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

fn input(format: Format, service: Service, text: &mut String) -> std::fmt::Result {
    let form = match format {
        Format::Items => "items",
        Format::Jsonl => "jsonl",
        Format::Csv => "csv",
    };
    writeln!(text, "\n[[input]]\npaths = [\"{}\"]\nformat = \"{form}\"", format.file_name(service))?;
    if format == Format::Items {
        return Ok(());
    }
    let nested = format == Format::Jsonl;
    let (service_name, kind) = match service {
        Service::Facebook => ("facebook", ", kind = \"id\""),
        Service::X => ("x", ", kind = \"id\""),
        Service::Whatsapp => ("whatsapp", ", kind = \"phone\""),
        // Some go by a number, some by a handle.
        Service::Instagram | Service::None => ("instagram", ""),
    };
    let list = |name: &str| if nested { format!("[\"{name}\", \"[]\"]") } else { format!("\"{name}\"") };
    let user = |jsonl: &str, csv: &str| if nested { format!("[\"user\", \"{jsonl}\"]") } else { format!("\"{csv}\"") };
    let chat = |jsonl: &str, csv: &str| if nested { format!("[\"chat\", \"{jsonl}\"]") } else { format!("\"{csv}\"") };
    let time = |name: &str| match nested {
        true => format!("{{ column = \"{name}_utc\", unit = \"ms\" }}"),
        false => format!("{{ column = \"{name}\", format = \"rfc3339\" }}"),
    };
    writeln!(text, "\n[input.map]\nid = {{ column = \"id\" }}")?;
    writeln!(text, "author = {{ column = {}, service = \"{service_name}\"{kind} }}", user("id_str", "user"))?;
    writeln!(text, "about = [")?;
    for (name, relation) in RELATIONS {
        let named = if relation == Relation::Depict { String::new() } else { format!(", service = \"{service_name}\"{kind}") };
        writeln!(text, "  {{ column = {}{named}, as = \"{}\" }},", list(name), relation.as_str())?;
    }
    writeln!(text, "  {{ column = {}, service = \"{service_name}\"{kind} }},   # not said how: always counts\n]", list("made_with"))?;
    let kinds: Vec<String> = KINDS.iter().map(|(word, category)| format!("{word} = \"{}\"", category.as_str())).collect();
    writeln!(text, "category = {{ column = \"kind\", values = {{ {} }} }}", kinds.join(", "))?;
    let audiences: Vec<String> = VISIBILITIES.iter().map(|(word, audience)| format!("{word} = \"{}\"", audience.as_str())).collect();
    writeln!(text, "audience = {{ column = \"visibility\", values = {{ {} }} }}", audiences.join(", "))?;
    for (field, name) in [("created_at", "created"), ("collected_at", "collected"), ("deleted_at", "deleted")] {
        writeln!(text, "{field} = {}", time(name))?;
    }
    writeln!(text, "author_age = {{ birth_date = {}, on = \"collected_at\" }}", user("birth_date", "birth_date"))?;
    writeln!(text, "region = {{ column = {} }}", user("country", "country"))?;
    writeln!(text, "hold = {{ column = \"hold\" }}")?;
    for (field, jsonl, csv) in [("kind", "type", "chat"), ("ai_participant", "has_ai", "has_ai"), ("ai_addressed", "to_ai", "to_ai")] {
        writeln!(text, "conversation.{field} = {{ column = {} }}", chat(jsonl, csv))?;
    }
    Ok(())
}
