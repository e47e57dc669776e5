//! How a Kafka setting is defined and how a value for it is judged: type, default per version, range, Kafka's complaint.
//! The settings themselves are in the tables beside this file.

use crate::error::Failure;
use crate::time::Duration;
use crate::version::KafkaVersion;

/// A loop that has nothing to wait for turns as often as its processor lets it, tens of thousands of times a second. Kafka's
/// clocks count whole milliseconds, so that all the turns of one millisecond see and do the same: here they are one. A
/// spinning loop costs time, and time goes on.
pub const TURN: Duration = Duration::from_millis(1);

/// One of Kafka's settings, as data.
#[derive(Debug)]
pub struct Setting {
    pub key: &'static str,
    pub kind: Kind,
    /// From each of these versions on, this default (None: not set); before the first one the setting does not exist.
    pub defaults: &'static [(KafkaVersion, Option<&'static str>)],
    pub valid: Valid,
    pub group: Group,
    pub importance: Importance,
    /// What it changes here. Empty: recognised, but nothing in this model hangs on it.
    pub effect: &'static str,
}

impl Setting {
    pub fn exists_in(&self, version: KafkaVersion) -> bool {
        self.defaults.first().is_none_or(|&(since, _)| version >= since)
    }

    /// What can be chosen among, where that is a short list.
    pub fn choices(&self) -> &'static [&'static str] {
        match (self.kind, self.valid) {
            (Kind::Boolean, _) => &["true", "false"],
            (_, Valid::OneOf(choices)) => choices,
            (_, Valid::OffsetReset) => &["earliest", "latest", "none"],
            _ => &[],
        }
    }

    /// What it may be, in a few words; empty: anything.
    pub fn range(&self) -> String {
        match (self.valid, self.kind) {
            (Valid::AtLeast(low), _) => format!("at least {low}"),
            (Valid::Between(low, high), _) => format!("from {low} to {high}"),
            (Valid::BetweenOrMinusOne(low, high), _) => format!("from {low} to {high}, or -1"),
            (Valid::NonEmpty, _) => "not empty".to_owned(),
            (Valid::Any, Kind::Int | Kind::Long) => "a whole number".to_owned(),
            (Valid::Any, Kind::Class) => "a class of Kafka".to_owned(),
            (Valid::Any | Valid::OneOf(_) | Valid::OffsetReset, _) => String::new(),
        }
    }

    pub fn default(&self, version: KafkaVersion) -> Option<&'static str> {
        self.defaults.iter().rev().find(|&&(since, _)| version >= since).and_then(|&(_, default)| default)
    }
}

/// `ConfigDef.Type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Boolean,
    Int,
    Long,
    Text,
    Class,
}

/// `ConfigDef.Validator`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Valid {
    Any,
    AtLeast(i64),
    Between(i64, i64),
    /// Between these two, or -1.
    BetweenOrMinusOne(i64, i64),
    OneOf(&'static [&'static str]),
    NonEmpty,
    OffsetReset,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    Durability,
    Ordering,
    Batching,
    Timeouts,
    Partitioning,
    Replication,
    Elections,
    Reading,
    Network,
    Capacity,
    Other,
}

impl Group {
    pub fn title(self) -> &'static str {
        match self {
            Group::Durability => "Durability",
            Group::Ordering => "Order and duplicates",
            Group::Batching => "Batching",
            Group::Timeouts => "Timeouts and retries",
            Group::Partitioning => "Partitioning",
            Group::Replication => "Replication",
            Group::Elections => "Failure detection and elections",
            Group::Reading => "Reading",
            Group::Network => "Connections",
            Group::Capacity => "Memory, sizes and threads",
            Group::Other => "Other",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Importance {
    High,
    Medium,
    Low,
}

/// Rows of `key Kind [version default, …] validator Group Importance "effect";`, in Kafka's own order: of several bad
/// values it complains about the first one here.
macro_rules! settings {
    ($(#[$doc:meta])* $name:ident: $($key:literal $kind:ident [$($since:ident $default:expr),*] $valid:expr, $group:ident $importance:ident $effect:literal;)*) => {
        $(#[$doc])*
        pub static $name: &[$crate::config::define::Setting] = {
            #[allow(unused_imports)]
            use $crate::config::define::Valid::{Any, AtLeast, Between, BetweenOrMinusOne, NonEmpty, OffsetReset, OneOf};
            &[$($crate::config::define::Setting {
                key: $key,
                kind: $crate::config::define::Kind::$kind,
                defaults: &[$(($crate::version::KafkaVersion::$since, $default)),*],
                valid: $valid,
                group: $crate::config::define::Group::$group,
                importance: $crate::config::define::Importance::$importance,
                effect: $effect,
            }),*]
        };
    };
}
pub(crate) use settings;

/// A configuration that was accepted, and what its user should hear about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configured<T> {
    pub config: T,
    /// What Kafka changed or ignored without refusing it.
    pub notices: Vec<Notice>,
    /// Keys that this version of Kafka does not know.
    pub unknown: Vec<Box<str>>,
    /// Keys that Kafka knows, but on which nothing in this model hangs.
    pub without_effect: Vec<Box<str>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub key: &'static str,
    /// The value that counts now, where it is not the one that was asked for.
    pub now: Option<Box<str>>,
    pub why: Box<str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Unset,
    Boolean(bool),
    Number(i64),
    Text(Box<str>),
}

/// All values of one configuration: given ones and defaults, each of them judged.
pub(super) struct Values {
    table: &'static [Setting],
    version: KafkaVersion,
    values: Vec<Value>,
    given: Vec<bool>,
    unknown: Vec<Box<str>>,
    without_effect: Vec<Box<str>>,
}

// Run once for each configuration, called in a hundred places: none of it is worth its size twice.
impl Values {
    /// `recognised`: further keys that Kafka knows; they are not judged.
    #[inline(never)]
    pub(super) fn read(
        table: &'static [Setting],
        recognised: &[&str],
        version: KafkaVersion,
        properties: &[(&str, &str)],
    ) -> Result<Values, Failure> {
        let mut values = Values {
            table,
            version,
            values: Vec::with_capacity(table.len()),
            given: Vec::with_capacity(table.len()),
            unknown: Vec::new(),
            without_effect: Vec::new(),
        };
        for setting in table {
            // as in a properties file, the last one counts
            let given = properties.iter().rev().find(|(key, _)| *key == setting.key).map(|&(_, value)| value);
            let given = given.filter(|_| setting.exists_in(version));
            let value = match given.or(setting.default(version)) {
                Some(text) => judge(setting, text)?,
                None => Value::Unset,
            };
            values.values.push(value);
            values.given.push(given.is_some());
        }
        for &(key, _) in properties {
            let setting = table.iter().find(|setting| setting.key == key && setting.exists_in(version));
            let list = match setting {
                Some(setting) if !setting.effect.is_empty() => continue,
                Some(_) => &mut values.without_effect,
                None if recognised.contains(&key) => &mut values.without_effect,
                None => &mut values.unknown,
            };
            if !list.iter().any(|known| &**known == key) {
                list.push(key.into());
            }
        }
        Ok(values)
    }

    #[inline(never)]
    fn place(&self, key: &str) -> usize {
        self.table.iter().position(|setting| setting.key == key).expect("a setting of this table")
    }

    #[inline(never)]
    pub(super) fn is_given(&self, key: &str) -> bool {
        self.given[self.place(key)]
    }

    pub(super) fn flag(&self, key: &str) -> bool {
        self.optional_flag(key).unwrap_or(false)
    }

    #[inline(never)]
    pub(super) fn optional_flag(&self, key: &str) -> Option<bool> {
        match self.values[self.place(key)] {
            Value::Boolean(flag) => Some(flag),
            _ => None,
        }
    }

    #[inline(never)]
    pub(super) fn number(&self, key: &str) -> Option<i64> {
        match self.values[self.place(key)] {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// A number whose range excludes negative ones; 0 where this version has no such setting.
    #[inline(never)]
    pub(super) fn count(&self, key: &str) -> u64 {
        self.number(key).unwrap_or(0).max(0) as u64
    }

    #[inline(never)]
    pub(super) fn small(&self, key: &str) -> u32 {
        u32::try_from(self.count(key)).unwrap_or(u32::MAX)
    }

    #[inline(never)]
    pub(super) fn millis(&self, key: &str) -> Duration {
        Duration::from_millis(self.count(key))
    }

    /// A wait between two turns of a loop: without one the loop spins.
    pub(super) fn pause(&self, key: &str) -> Duration {
        self.millis(key).max(TURN)
    }

    /// A wait that doubles with each failure, up to a most; a most below the wait itself is the wait. Nothing doubled is
    /// nothing: then the loop spins, however often it fails.
    pub(super) fn backoff(&self, key: &str, most: &str) -> (Duration, Duration) {
        let wait = self.millis(key);
        let most = if self.exists(most) { self.millis(most) } else { wait };
        if wait.is_zero() || most.is_zero() { (TURN, TURN) } else { (wait, most) }
    }

    /// The same for reconnects, where a wait that alone is given does not grow
    /// (`CommonClientConfigs.postProcessReconnectBackoffConfigs`).
    pub(super) fn reconnect_backoff(&self) -> (Duration, Duration) {
        let (wait, most) = self.backoff("reconnect.backoff.ms", "reconnect.backoff.max.ms");
        if self.is_given("reconnect.backoff.ms") && !self.is_given("reconnect.backoff.max.ms") {
            return (wait, wait);
        }
        (wait, most)
    }

    /// Tells which of these waits was given as none.
    pub(super) fn spinning(&self, pauses: &[&'static str]) -> Vec<Notice> {
        let none = |key: &&'static str| self.is_given(key) && self.number(key).is_some_and(|wait| wait <= 0);
        let notice = |key| Notice { key, now: None, why: SPINS.into() };
        pauses.iter().copied().filter(none).map(notice).collect()
    }

    #[inline(never)]
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        match &self.values[self.place(key)] {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    #[inline(never)]
    pub(super) fn exists(&self, key: &str) -> bool {
        self.table[self.place(key)].exists_in(self.version)
    }

    pub(super) fn configured<T>(self, config: T, notices: Vec<Notice>) -> Configured<T> {
        Configured { config, notices, unknown: self.unknown, without_effect: self.without_effect }
    }
}

/// Between two turns of a client's loops.
pub(super) const BACKOFFS: &[&str] =
    &["reconnect.backoff.ms", "reconnect.backoff.max.ms", "retry.backoff.ms", "retry.backoff.max.ms"];

/// What a user hears of a loop without a pause.
const SPINS: &str = "no pause: the loop that it sets the pace of turns as often as its processor lets it; here it turns once \
                     a millisecond, which is all that its clock can tell apart";

/// `ConfigException(name, value, message)`.
pub(super) fn invalid(key: &str, value: &str, message: &str) -> Failure {
    Failure::new("ConfigException", format!("Invalid value {value} for configuration {key}: {message}"))
}

/// Whether `text` would be accepted for this setting alone.
pub fn check(setting: &Setting, text: &str) -> Result<(), Failure> {
    judge(setting, text).map(|_| ())
}

#[inline(never)]
fn judge(setting: &Setting, text: &str) -> Result<Value, Failure> {
    let complain = |message: &str| Err(invalid(setting.key, text, message));
    let trimmed = text.trim();
    let value = match setting.kind {
        Kind::Boolean if trimmed.eq_ignore_ascii_case("true") => Value::Boolean(true),
        Kind::Boolean if trimmed.eq_ignore_ascii_case("false") => Value::Boolean(false),
        Kind::Boolean => return complain("Expected value to be either true or false"),
        Kind::Int => match trimmed.parse::<i32>() {
            Ok(number) => Value::Number(number.into()),
            Err(_) => return complain("Not a number of type INT"),
        },
        Kind::Long => match trimmed.parse::<i64>() {
            Ok(number) => Value::Number(number),
            Err(_) => return complain("Not a number of type LONG"),
        },
        // Of classes only Kafka's own are there.
        Kind::Class if !trimmed.starts_with("org.apache.kafka.") => {
            return complain(&format!("Class {trimmed} could not be found."));
        }
        Kind::Text | Kind::Class => Value::Text(trimmed.into()),
    };
    match (setting.valid, &value) {
        (Valid::AtLeast(low) | Valid::Between(low, _), Value::Number(number)) if *number < low => {
            complain(&format!("Value must be at least {low}"))
        }
        (Valid::Between(_, high), Value::Number(number)) if *number > high => {
            complain(&format!("Value must be no more than {high}"))
        }
        (Valid::BetweenOrMinusOne(low, high), Value::Number(number))
            if *number != -1 && !(low..=high).contains(number) =>
        {
            complain(&format!("Value must be between {low} and {high} or equal to -1"))
        }
        (Valid::OneOf(all), Value::Text(text)) if !all.contains(&&**text) => {
            complain(&format!("String must be one of: {}", all.join(", ")))
        }
        (Valid::NonEmpty, Value::Text(text)) if text.is_empty() => complain("String must be non-empty"),
        (Valid::OffsetReset, Value::Text(reset))
            if !matches!(&**reset, "earliest" | "latest" | "none") && !reset.starts_with("by_duration:") =>
        {
            complain(&format!(
                "Invalid value `{reset}` for configuration {}. The value must be either 'earliest', 'latest', \
                 'none' or of the format 'by_duration:<PnDTnHnMn.nS.>'.",
                setting.key
            ))
        }
        _ => Ok(value),
    }
}
