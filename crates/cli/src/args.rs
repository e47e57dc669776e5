//! The words of a command line.

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
}

const OPTIONS: &str = "--json, --happenings, --all, --slim, --variant NAME, --seed N, --seeds N, --until TIME, --theme NAME, \
     --width PIXELS, --set PATH=VALUE";

impl Args {
    pub fn read(words: impl IntoIterator<Item = String>) -> Result<Args, Failed> {
        let mut args = Args::default();
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            let (option, attached) = match word.split_once('=') {
                Some((option, value)) if word.starts_with("--") => {
                    (option.to_owned(), Some(value.to_owned()))
                }
                _ => (word, None),
            };
            let mut value = |what: &str| {
                attached
                    .clone()
                    .or_else(|| words.next())
                    .ok_or_else(|| Failed(format!("{option} needs {what} behind it")))
            };
            if option.starts_with('-') && option.len() > 1 {
                args.given.push(option.clone());
            }
            match option.as_str() {
                "--json" => args.json = true,
                "--happenings" => args.happenings = true,
                "--all" => args.all = true,
                "--slim" => args.slim = true,
                "--variant" => args.variants.push(value("the name of a variant")?),
                "--seed" => args.seed = Some(number(&option, &value("a number")?)?),
                "--seeds" => args.seeds = number(&option, &value("a number")?)?,
                "--theme" => args.theme = Some(value("light, dark or system")?),
                "--width" => args.width = Some(number(&option, &value("a number of pixels")?)?),
                "--until" => args.until = Some(value("a time such as \"12 s\"")?),
                "--set" => {
                    let pair = value("PATH=VALUE")?;
                    let (path, value) = pair
                        .split_once('=')
                        .ok_or_else(|| Failed(format!("--set: found {pair:?}; accepted: PATH=VALUE")))?;
                    args.set.push((path.to_owned(), value.to_owned()));
                }
                _ if option.starts_with('-') && option.len() > 1 => {
                    return Err(Failed(format!("there is no option {option:?}; accepted: {OPTIONS}")));
                }
                _ => args.words.push(option),
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
                Err(Failed(format!("{odd:?} has no effect on {command}; accepted: {}", accepted.join(", "))))
            }
        }
    }

    /// Exactly this many words.
    pub fn exactly(&self, count: usize, usage: &str) -> Result<&[String], Failed> {
        if self.words.len() == count {
            Ok(&self.words)
        } else {
            Err(Failed(format!("found {} arguments; accepted: {usage}", self.words.len())))
        }
    }
}

fn number(option: &str, text: &str) -> Result<u64, Failed> {
    text.parse().map_err(|_| Failed(format!("{option}: found {text:?}; accepted: a whole number")))
}

#[cfg(test)]
mod tests {
    use super::Args;

    fn read(line: &str) -> Result<Args, String> {
        Args::read(line.split_whitespace().map(str::to_owned)).map_err(|failed| failed.0)
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
        assert!(read("--sed 7").unwrap_err().contains("\"--sed\"; accepted: --json"));
        assert_eq!(read("--seed x").unwrap_err(), "--seed: found \"x\"; accepted: a whole number");
        assert_eq!(read("--seed").unwrap_err(), "--seed needs a number behind it");
        let odd = read("--json --seeds 3").unwrap().only("list", Some(&["--json"])).unwrap_err().0;
        assert_eq!(odd, "\"--seeds\" has no effect on list; accepted: --json");
    }
}
