//! The words of a command line.

use std::ops::RangeInclusive;

use ackscope_sim::run::budget::Budget;

use crate::budget;

/// Something that the user has to put right.
#[derive(Debug)]
pub struct Failed(pub String);

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Args {
    /// What is neither an option nor its value.
    pub words: Vec<String>,
    /// The options that were given, as they are written.
    given: Vec<String>,
    pub json: bool,
    pub happenings: bool,
    pub all: bool,
    pub slim: bool,
    pub variants: Vec<String>,
    pub seed: Option<u64>,
    pub seeds: u64,
    pub until: Option<String>,
    pub theme: Option<String>,
    pub width: Option<u64>,
    pub set: Vec<(String, String)>,
    pub budget: Budget,
}

const OPTIONS: &str = "--json, --happenings, --all, --slim, --variant NAME, --seed N, --seeds N, --until TIME, --theme NAME, \
     --width PIXELS, --set PATH=VALUE, --budget NAME=N";

/// What can stand more than once.
const REPEATED: [&str; 2] = ["--variant", "--set"];

/// A seed is a whole number of TOML.
pub const SEEDS: RangeInclusive<u64> = 0..=i64::MAX as u64;
/// More than anybody waits for.
const MORE_SEEDS: RangeInclusive<u64> = 0..=10_000;
/// From a narrow phone to a wall.
const WIDTHS: RangeInclusive<u64> = 320..=4_000;

impl Args {
    pub fn read(words: impl IntoIterator<Item = String>) -> Result<Args, Failed> {
        let mut args = Args::default();
        let mut words = words.into_iter().peekable();
        while let Some(word) = words.next() {
            if !word.starts_with('-') || word == "-" {
                args.words.push(word);
                continue;
            }
            let (option, attached) = match word.split_once('=') {
                Some((option, value)) => (option.to_owned(), Some(value.to_owned())),
                None => (word, None),
            };
            if args.given.contains(&option) && !REPEATED.contains(&option.as_str()) {
                return Err(Failed(format!("{option} is given twice; accepted: once")));
            }
            args.given.push(option.clone());
            let mut value = |what: &str| {
                let next = || words.next_if(|next| !next.starts_with("--"));
                let missing = || Failed(format!("{option} has no value; accepted: {option} and {what}"));
                attached.clone().or_else(next).ok_or_else(missing)
            };
            match option.as_str() {
                "--json" => args.json = true,
                "--happenings" => args.happenings = true,
                "--all" => args.all = true,
                "--slim" => args.slim = true,
                "--variant" => args.variants.push(variant(value("the name of a variant")?)?),
                "--seed" => args.seed = Some(number(&option, &value("a number")?, SEEDS)?),
                "--seeds" => args.seeds = number(&option, &value("a number")?, MORE_SEEDS)?,
                "--theme" => args.theme = Some(value("light, dark or system")?),
                "--width" => args.width = Some(number(&option, &value("a number of pixels")?, WIDTHS)?),
                "--until" => args.until = Some(value("a time such as \"12 s\"")?),
                "--budget" => args.budget = budget::read(&value("events=N, records=N or memory=SIZE")?)?,
                "--set" => args.set.push(pair(&value("PATH=VALUE")?)?),
                _ => return Err(Failed(format!("there is no option {option:?}; accepted: {OPTIONS}"))),
            }
            if let ("--json" | "--happenings" | "--all" | "--slim", Some(value)) = (option.as_str(), attached)
            {
                return Err(Failed(format!("{option}: found the value {value:?}; accepted: {option} alone")));
            }
        }
        Ok(args)
    }

    /// No option but these: one without effect would be a silent mistake.
    pub fn only(&self, command: &str, accepted: Option<&[&str]>) -> Result<(), Failed> {
        let Some(accepted) = accepted else { return Ok(()) };
        match self.given.iter().find(|given| !accepted.contains(&given.as_str())) {
            None => Ok(()),
            Some(odd) => {
                let accepted = if accepted.is_empty() { "no option".to_owned() } else { accepted.join(", ") };
                Err(Failed(format!("{odd:?} has no effect on {command}; accepted: {accepted}")))
            }
        }
    }

    /// Exactly this many words.
    pub fn exactly(&self, count: usize, usage: &str) -> Result<&[String], Failed> {
        if self.words.len() == count {
            Ok(&self.words)
        } else {
            let found = self.words.len();
            let s = if found == 1 { "" } else { "s" };
            Err(Failed(format!("found {found} argument{s}; accepted: {usage}")))
        }
    }

    /// The variant that was chosen, if one was; `most` of them can be.
    pub fn variant(&self, most: usize) -> Result<Option<&String>, Failed> {
        match self.variants.get(most) {
            None => Ok(self.variants.first()),
            Some(_) => {
                let count = self.variants.len();
                Err(Failed(format!("--variant is given {count} times; accepted: at most {most}")))
            }
        }
    }
}

fn number(option: &str, text: &str, range: RangeInclusive<u64>) -> Result<u64, Failed> {
    text.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
        let (low, high) = (range.start(), range.end());
        Failed(format!("{option}: found {text:?}; accepted: a whole number from {low} to {high}"))
    })
}

fn variant(name: String) -> Result<String, Failed> {
    if name.is_empty() {
        return Err(Failed("--variant: found \"\"; accepted: the name of a variant".to_owned()));
    }
    Ok(name)
}

fn pair(text: &str) -> Result<(String, String), Failed> {
    match text.split_once('=') {
        Some((path, value)) => Ok((path.to_owned(), value.to_owned())),
        None => Err(Failed(format!("--set: found {text:?}; accepted: PATH=VALUE"))),
    }
}

#[cfg(test)]
mod tests {
    use super::Args;

    fn read(line: &str) -> Result<Args, String> {
        Args::read(line.split(' ').map(str::to_owned)).map_err(|failed| failed.0)
    }

    #[test]
    fn options_stand_anywhere() {
        let args = read("healthy --json --seed 7 --set a.b=c --variant=x").unwrap();
        assert_eq!(args.words, ["healthy"]);
        assert!(args.json);
        assert_eq!(
            (args.seed, args.variants, args.set),
            (Some(7), vec!["x".to_owned()], vec![("a.b".to_owned(), "c".to_owned())])
        );
    }

    #[test]
    fn mistakes_are_named() {
        for (line, want) in [
            ("--seed x", "--seed: found \"x\"; accepted: a whole number from 0 to 9223372036854775807"),
            (
                "--seed 18446744073709551614",
                "--seed: found \"18446744073709551614\"; accepted: a whole number from 0 to 9223372036854775807",
            ),
            ("--width -1", "--width: found \"-1\"; accepted: a whole number from 320 to 4000"),
            ("--seeds=1e9", "--seeds: found \"1e9\"; accepted: a whole number from 0 to 10000"),
            ("--seed", "--seed has no value; accepted: --seed and a number"),
            ("--until --json", "--until has no value; accepted: --until and a time such as \"12 s\""),
            ("--seed 1 --seed 1", "--seed is given twice; accepted: once"),
            ("--variant=", "--variant: found \"\"; accepted: the name of a variant"),
            ("--json=yes", "--json: found the value \"yes\"; accepted: --json alone"),
            ("--set a.b", "--set: found \"a.b\"; accepted: PATH=VALUE"),
        ] {
            assert_eq!(read(line).unwrap_err(), want, "{line}");
        }
        assert!(read("--sed 7").unwrap_err().contains("\"--sed\"; accepted: --json"));
        let odd = read("--json --seeds 3").unwrap();
        assert_eq!(
            odd.only("list", Some(&["--json"])).unwrap_err().0,
            "\"--seeds\" has no effect on list; accepted: --json"
        );
        let two = read("--variant a --variant b").unwrap();
        assert_eq!(two.variant(1).unwrap_err().0, "--variant is given 2 times; accepted: at most 1");
        assert_eq!(two.variant(2).unwrap().unwrap(), "a");
    }
}
