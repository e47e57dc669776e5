//! From a word on the command line to a document: a built-in one by its id, or a file.

use std::fs::File;
use std::io::Read;

use ackscope_scenario::{Document, Problem, Variant, library, limits, nearest};
use ackscope_sim::shown::shown;

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
    Document::parse_within(&text, &set, args.budget).map_err(|problems| Failed(say(name, &problems)))
}

fn read_file(name: &str) -> Result<String, Failed> {
    let file = File::open(name).map_err(|error| {
        let known = library::library().iter().map(|entry| entry.id);
        let meant = nearest(name, known).map_or(String::new(), |id| format!("; did you mean {id}?"));
        let accepted = "a file, or an id of `ackscope list`";
        Failed(format!(
            "{name:?} is no built-in scenario, and as a file: {error}{meant}; accepted: {accepted}"
        ))
    })?;
    read_text(name, file, limits::TEXT_BYTES)
}

/// The text of a file, which is read no further than it may be long.
pub fn read_text(name: &str, file: File, most: usize) -> Result<String, Failed> {
    let mut bytes = Vec::new();
    let read = file.take(most as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| Failed(format!("{name:?}: {error}")))?;
    if bytes.len() > most {
        return Err(Failed(format!("{name:?}: found more than {most} bytes; accepted: at most {most}")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        Failed(format!("{name:?}: found no UTF-8 at byte {place}; accepted: text in UTF-8"))
    })
}

fn say(name: &str, problems: &[Problem]) -> String {
    let mut said =
        format!("{}: {} problem{}", shown(name), problems.len(), if problems.len() == 1 { "" } else { "s" });
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
