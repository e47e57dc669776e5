//! `ackscope link`: the address fragment that opens a scenario in the page.

use ackscope_scenario::{library, link};

use crate::args::{Args, Failed};
use crate::budget::Verdict;
use crate::out::Out;
use crate::source;

pub fn link(args: &Args, out: &mut Out) -> Result<Verdict, Failed> {
    let name = &args.exactly(1, "link <id|file> [--variant NAME] [--set PATH=VALUE]…")?[0];
    let document = source::document(name, args)?;
    let chosen = args.variant(1)?;
    source::variant(&document, chosen)?;
    let view = link::View { variant: chosen.cloned(), ..link::View::default() };
    let mut overrides = args.set.clone();
    overrides.extend(args.seed.map(|seed| ("seed".to_owned(), seed.to_string())));
    overrides.extend(args.until.clone().map(|until| ("until".to_owned(), until)));
    let fragment = if library::find(name).is_some() {
        link::to_named(name, &overrides, &view)
    } else if overrides.is_empty() {
        link::to_text(&document.text, &view)
    } else {
        return Err(Failed("put values for your own document into its text, not into its link".to_owned()));
    };
    if args.json {
        out.json(&serde_json::json!({ "fragment": format!("#{fragment}") }))?;
    } else {
        say!(out, "#{fragment}");
    }
    Ok(Verdict::Holds)
}
