//! Full disks, closed pipes, odd files and odd words: what is printed, and how the program exits all the same.
#![cfg(target_os = "linux")]

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A document whose only expectation does not hold.
const FAILS: &str = "ackscope = 1\nid = 'fails'\ntitle = 'Fails'\nuntil = '1 s'\n[topic.t]\n[producer.p]\n[expect]\n'one is sent' = { offered = 1 }\n";

fn file(name: &str, text: impl AsRef<[u8]>) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).expect("a file");
    path.to_str().expect("a path in UTF-8").to_owned()
}

fn ackscope(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ackscope"));
    command.args(words).stdin(Stdio::null());
    command
}

fn output(words: &[&str]) -> Output {
    ackscope(words).output().expect("the program runs")
}

fn full() -> File {
    File::options().write(true).open("/dev/full").expect("a full disk")
}

/// The writing end of a pipe that nobody reads.
fn closed() -> io::PipeWriter {
    io::pipe().expect("a pipe").1
}

/// Each command with something to say, and the exit code of its verdict.
fn commands(fails: &str) -> Vec<(Vec<&str>, i32)> {
    let recorded = concat!(env!("CARGO_MANIFEST_DIR"), "/../golden/runs/rf1-wiped.json");
    vec![
        (vec!["list"], 0),
        (vec!["list", "--json"], 0),
        (vec!["run", "healthy"], 0),
        (vec!["run", fails], 1),
        (vec!["run", fails, "--json", "--happenings"], 1),
        (vec!["check", "healthy", "--seeds", "1"], 0),
        (vec!["check", fails, "healthy"], 1),
        (vec!["check", fails, "--json"], 1),
        (vec!["why", "acks-1-leader-crash", "w2"], 0),
        (vec!["why", "acks-1-leader-crash", "w2", "--json"], 0),
        (vec!["compare", "healthy", fails], 1),
        (vec!["compare", "healthy", fails, "--json"], 1),
        (vec!["link", "healthy"], 0),
        (vec!["link", "healthy", "--json"], 0),
        (vec!["render", "healthy"], 0),
        (vec!["replay", recorded], 0),
        (vec!["help"], 0),
    ]
}

#[test]
fn a_full_disk_is_an_error_in_every_command() {
    let fails = file("full.toml", FAILS);
    for (words, _) in commands(&fails) {
        let output = ackscope(&words).stdout(full()).output().expect("the program runs");
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        let said = String::from_utf8(output.stderr).expect("text");
        assert!(said.starts_with("ackscope: standard output: No space left"), "{words:?}: {said}");
    }
}

#[test]
fn a_closed_pipe_leaves_the_verdict_in_the_exit_code() {
    let fails = file("closed.toml", FAILS);
    for (words, code) in commands(&fails) {
        let output = ackscope(&words).stdout(closed()).output().expect("the program runs");
        assert_eq!(output.status.code(), Some(code), "{words:?}");
        assert!(output.stderr.is_empty(), "{words:?}");
    }
}

#[test]
fn complaints_that_nobody_hears_still_exit_2() {
    for words in [&["chek"][..], &["run", "no-such-file"], &["replay", "no-such-file"]] {
        let to_full = ackscope(words).stderr(full()).status().expect("the program runs");
        let to_nobody = ackscope(words).stderr(closed()).status().expect("the program runs");
        assert_eq!((to_full.code(), to_nobody.code()), (Some(2), Some(2)), "{words:?}");
    }
}

/// An expectation that wipes the line on which it says FAILS, and texts that steer a terminal.
#[test]
fn control_characters_in_texts_are_shown_and_never_sent() {
    let hostile = "\\u001b[2K\\u0007\\u009b\\u007f\\u202e\\u2066";
    let text = format!(
        "ackscope = 1\nid = 'odd'\ntitle = \"{hostile}\\nforged\"\nquestion = \"{hostile}\"\nuntil = '1 s'\n[topic.t]\n\
         [producer.p]\n[do]\n\"{hostile}\" = {{ at = '1 ms', send = \"{hostile}x\", note = \"{hostile}\" }}\n\
         [expect]\n\"{hostile} ok\" = {{ offered = 2 }}\n"
    );
    let odd = file("odd.toml", text);
    let record = "\u{1b}[2K\u{7}\u{9b}\u{7f}\u{202e}\u{2066}x";
    let told = [
        &["run", &odd][..],
        &["run", &odd, "--json", "--happenings"],
        &["check", &odd],
        &["check", &odd, "--json"],
        &["why", &odd, record],
        &["why", &odd, record, "--json"],
        &["compare", &odd, &odd],
        &["render", &odd],
        &["why", &odd, "\u{1b}[2K"],
        &["run", &odd, "--set", "\u{1b}=\u{202e}"],
        &["run", "\u{1b}[2K\n"],
        &["\u{1b}[2K"],
    ];
    for words in told {
        let output = output(words);
        let all = String::from_utf8([output.stdout, output.stderr].concat()).expect("text");
        let sent = all.chars().find(|letter| {
            letter.is_control() && *letter != '\n'
                || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        });
        assert_eq!(sent, None, "{words:?}: {all}");
        assert!(!all.contains("\nforged"), "{words:?}: {all}");
        assert!(all.contains("\\u001b") || all.contains("\\u{1b}"), "{words:?}: {all}");
    }
    let json: serde_json::Value =
        serde_json::from_slice(&output(&["why", &odd, record, "--json"]).stdout).expect("JSON");
    assert_eq!(json[0]["value"], record);
}

#[test]
fn odd_files_are_answered_with_what_they_are() {
    let huge = file("huge.toml", "#".repeat(70_000));
    let binary = file("binary.toml", b"ackscope = 1\n\xff\xfe");
    let folder = env!("CARGO_TARGET_TMPDIR");
    for (name, want) in [
        (huge.as_str(), "found more than 65536 bytes; accepted: at most 65536"),
        (&binary, "found no UTF-8 at byte 13; accepted: text in UTF-8"),
        ("/dev/zero", "found more than 65536 bytes"),
        ("/dev/null", "4 problems"),
        (folder, "Is a directory"),
        ("", "\"\" is no built-in scenario"),
        ("helthy", "did you mean healthy?"),
    ] {
        for words in
            [&["run", name][..], &["check", name], &["why", name, "x"], &["link", name], &["render", name]]
        {
            let output = output(words);
            let said = String::from_utf8(output.stderr).expect("text");
            assert_eq!(output.status.code(), Some(2), "{words:?}: {said}");
            assert!(said.contains(want) && output.stdout.is_empty(), "{words:?}: {said}");
        }
    }
    for name in ["/dev/zero", folder, &binary, "/dev/null"] {
        let output = output(&["replay", name]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(!output.stderr.is_empty() && output.stdout.is_empty(), "{name}");
    }
}

#[test]
fn odd_words_are_answered_with_what_is_accepted() {
    for (words, want) in [
        (&["run", "healthy", "--width", "-1"][..], "accepted: a whole number from 320 to 4000"),
        (&["run", "healthy", "--until", ""], "until: a span of time is expected; found \"\"; accepted: "),
        (&["run", "healthy", "--until="], "until: a span of time is expected"),
        (&["run", "healthy", "--seed"], "--seed has no value; accepted: "),
        (&["run", "healthy", "--json", "--json"], "--json is given twice; accepted: once"),
        (
            &["run", "healthy", "--variant", "a", "--variant", "b"],
            "--variant is given 2 times; accepted: at most 1",
        ),
        (&["run", ""], "accepted: a file, or an id"),
        (&[""], "there is no command \"\"; accepted: list"),
        (&["run", "healthy", ""], "found 2 arguments; accepted: run"),
        (&["run", "healthy", "--"], "there is no option \"--\"; accepted: "),
        (&["help", "me"], "found 1 argument; accepted: help"),
        (&["check", "unclean-on", "--variant", "nobody"], "has no variant \"nobody\"; accepted: "),
        (&["check", "healthy", "--seeds", "10001"], "accepted: a whole number from 0 to 10000"),
    ] {
        let output = output(words);
        let said = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(2), "{words:?}: {said}");
        assert!(said.contains(want) && output.stdout.is_empty(), "{words:?}: {said}");
    }
}

#[test]
fn an_argument_that_is_not_utf_8_is_answered() {
    for words in [&[&b"\xff"[..]][..], &[b"run", b"\xff\xfe.toml"], &[b"run", b"healthy", b"--seed", b"\xff"]]
    {
        let mut command = ackscope(&[]);
        let output =
            command.args(words.iter().map(|word| OsStr::from_bytes(word))).output().expect("it runs");
        let said = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("not UTF-8: \"\\xFF") && said.contains("; accepted: text in UTF-8"), "{said}");
    }
}

#[test]
fn settings_without_effect_are_told_in_the_text_of_a_run() {
    let text = FAILS
        .replace("[producer.p]\n", "[producer.p]\nconfig.transactional.id = 'x'\nconfig.client.id = 'y'\n");
    let text = text.replace("[topic.t]\n", "[topic.t]\nconfig.retention.ms = 1000\n");
    let said = output(&["run", &file("without-effect.toml", text)]).stdout;
    let said = String::from_utf8(said).expect("text");
    assert!(said.contains("topic t: known to Kafka, no effect here: retention.ms\n"), "{said}");
    assert!(
        said.contains("producer p: known to Kafka, no effect here: transactional.id, client.id\n"),
        "{said}"
    );
}
