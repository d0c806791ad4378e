//! Prompts are those of Hugging Face's `transformers`, on the templates of the models; what a folder has wrong is named.
#![allow(clippy::unwrap_used)]

use sayso_language::chat::{Chat, Conversation, SYSTEM_PROMPT, SYSTEM_PROMPT_FILE, TRAINED_PROMPT_FILE};
use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;

/// A folder with this configuration of the tokenizer and this system prompt.
fn folder(config: &Value, system: Option<&str>) -> TempDir {
    let place = TempDir::new().unwrap();
    std::fs::write(place.path().join("tokenizer_config.json"), config.to_string()).unwrap();
    if let Some(system) = system {
        std::fs::write(place.path().join(SYSTEM_PROMPT_FILE), system).unwrap();
    }
    place
}

fn open(config: &Value) -> Result<Chat, String> {
    Chat::open(folder(config, None).path()).map_err(|error| error.to_string())
}

#[track_caller]
fn refused(config: Value, expected: &str) {
    let found = open(&config).expect_err(expected);
    assert!(found.contains(expected), "{found} lacks {expected}");
}

#[test]
fn prompts_are_those_of_transformers() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let prompts: Vec<Value> =
        serde_json::from_str(&std::fs::read_to_string(fixtures.join("prompts.json")).unwrap()).unwrap();
    assert!(prompts.len() > 80);
    for case in &prompts {
        let text = |name: &str| case[name].as_str().unwrap();
        let template = std::fs::read_to_string(fixtures.join(format!("{}.jinja", text("template")))).unwrap();
        let config =
            json!({"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "chat_template": template});
        let chat = Chat::open(folder(&config, Some(text("system"))).path()).unwrap();
        assert_eq!(chat.render(text("dictation")), text("prompt"), "{}", text("template"));
    }
}

#[test]
fn the_system_prompt_is_that_of_the_training_unless_the_folder_has_another() {
    let config = json!({"chat_template": "{{ messages[0].content }}|{{ messages[1].content }}"});
    assert_eq!(open(&config).unwrap().render("x"), format!("{SYSTEM_PROMPT}|x"));
    let with = |system| Chat::open(folder(&config, Some(system)).path()).unwrap().render("x");
    assert_eq!(with("Another."), "Another.|x");
    assert_eq!(with("Another. \n"), "Another. |x");
}

#[test]
fn a_template_may_stand_in_a_file_or_among_others() {
    let named = json!([
        {"name": "tool_use", "template": "no"},
        {"name": "default", "template": "{{ eos_token }}{{ messages[1].content }}"},
    ]);
    let config = json!({"eos_token": {"content": "</s>", "lstrip": false}, "chat_template": named});
    assert_eq!(open(&config).unwrap().render("x"), "</s>x");
    let place = folder(&config, None);
    std::fs::write(place.path().join("chat_template.jinja"), "file {{ messages[1].content }}").unwrap();
    assert_eq!(Chat::open(place.path()).unwrap().render("x"), "file x");
}

#[test]
fn a_template_that_cannot_be_filled_is_refused_when_it_is_opened() {
    let check = |template: &str, expected: &str| refused(json!({"chat_template": template}), expected);
    refused(json!({}), "it has no chat_template");
    check("{% if %}", "its chat template cannot be rendered: syntax error");
    check("{{ raise_exception('No system prompt') }}", "No system prompt");
    check("{{ messages[0].content }}", "writes the dictation 0 times");
    check("{{ messages[1].content }}{{ messages[1].content }}", "writes the dictation 2 times");
    check("{{ messages[1].content }}{{ open('/etc/passwd') }}", "unknown function: open is unknown");
    check(
        "{% for a in range(99999) %}{% for b in range(99999) %}{{ b }}{% endfor %}{% endfor %}",
        "out of fuel",
    );
    check("{{ 'a' * 100000000 * 100 }}", "its chat template cannot be rendered");
}

#[test]
fn a_trained_folder_keeps_the_prompt_of_its_training() {
    let config = json!({"chat_template": "<{{ messages[0].content }}>{{ messages[1].content }}|"});
    let place = folder(&config, Some("Do."));
    let trained = Chat::open(place.path()).unwrap().trained();
    std::fs::write(place.path().join(TRAINED_PROMPT_FILE), serde_json::to_string(&trained).unwrap()).unwrap();
    Chat::open(place.path()).unwrap();
    std::fs::write(place.path().join(SYSTEM_PROMPT_FILE), "Do it.").unwrap();
    let error = Chat::open(place.path()).unwrap_err().to_string();
    assert!(error.contains("was trained with \"<Do.>\" before"), "{error}");
}

#[test]
fn a_whole_conversation_begins_with_the_prompt() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    for name in ["qwen2.5", "qwen3", "smollm2"] {
        let template = std::fs::read_to_string(fixtures.join(format!("{name}.jinja"))).unwrap();
        let config = json!({"eos_token": "<|im_end|>", "chat_template": template});
        let place = folder(&config, Some("Do."));
        let conversation = Conversation::open(place.path(), None).unwrap();
        let asked = [("system", "Do."), ("user", "list")];
        let prompt = conversation.render(&asked, true).unwrap();
        assert_eq!(prompt, Chat::open(place.path()).unwrap().render("list"), "{name}");
        assert_eq!(prompt, conversation.chat("Do.").unwrap().render("list"), "{name}");
        let whole = conversation.render(&[asked[0], asked[1], ("assistant", "ls")], false).unwrap();
        assert_eq!(whole.strip_prefix(&prompt), Some("ls<|im_end|>\n"), "{name}");
    }
    let other = Conversation::open(folder(&json!({}), None).path(), Some("{{ messages[1].content }}:"));
    assert_eq!(other.unwrap().chat("").unwrap().render("x"), "x:");
}
