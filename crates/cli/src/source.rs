//! From a word on the command line to a document: a built-in one by its id, or a file.

use ackscope_scenario::{Document, Problem, Variant, library};

use crate::args::{Args, Failed};

/// The document of that id or file, with the values that the command line sets.
pub fn document(name: &str, args: &Args) -> Result<Document, Failed> {
    let text = match library::find(name) {
        Some(entry) => entry.text.to_owned(),
        None => read_file(name)?,
    };
    let seed = args.seed.map(|seed| seed.to_string());
    let mut set: Vec<(&str, &str)> =
        args.set.iter().map(|(path, value)| (path.as_str(), value.as_str())).collect();
    set.extend(seed.as_deref().map(|seed| ("seed", seed)));
    set.extend(args.until.as_deref().map(|until| ("until", until)));
    Document::parse_with(&text, &set).map_err(|problems| Failed(say(name, &problems)))
}

fn read_file(name: &str) -> Result<String, Failed> {
    std::fs::read_to_string(name).map_err(|error| {
        let ids: Vec<&str> = library::library().iter().map(|entry| entry.id).collect();
        Failed(format!(
            "{name:?} is no built-in scenario, and as a file: {error}; accepted: a file, or {}",
            ids.join(", ")
        ))
    })
}

fn say(name: &str, problems: &[Problem]) -> String {
    let mut said =
        format!("{name}: {} problem{}", problems.len(), if problems.len() == 1 { "" } else { "s" });
    for problem in problems {
        said += &format!("\n  {problem}");
    }
    said
}

/// One variant of it: the named one, or the first.
pub fn variant<'d>(document: &'d Document, name: Option<&String>) -> Result<&'d Variant, Failed> {
    let name = name.map_or("", String::as_str);
    document.variant(name).ok_or_else(|| {
        let names: Vec<&str> = document.variants.iter().map(|variant| variant.name.as_str()).collect();
        let accepted = if names == [""] { "none, it has no variants".to_owned() } else { names.join(", ") };
        Failed(format!("{} has no variant {name:?}; accepted: {accepted}", document.id))
    })
}
