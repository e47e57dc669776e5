//! Quantities as people write them: `5 ms`, `16 KiB`, `1000/s`, `>= 3`, `v0..v4`.

use ackscope_sim::time::Duration;

use crate::limits;

const TIMES: &[(&str, u64)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("min", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

const SIZES: &[(&str, u64)] = &[
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

/// `1.5 s`; exact, in whole numbers.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    quantity(text, TIMES).map(Duration::from_nanos)
}

/// `16 KiB`
pub fn bytes(text: &str) -> Option<u64> {
    quantity(text, SIZES)
}

/// The gap between two of `1000/s` or `30/min`; a nanosecond at least.
pub(crate) fn rate(text: &str) -> Option<Duration> {
    let (count, per) = text.split_once('/')?;
    let (_, unit) = TIMES.iter().find(|(name, _)| *name == per.trim())?;
    let count = count.trim().parse::<u64>().ok().filter(|count| (1..=*unit).contains(count))?;
    Some(Duration::from_nanos(unit / count))
}

fn quantity(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim();
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_'))?;
    let (number, unit) = text.split_at(split);
    let &(_, factor) = units.iter().find(|(name, _)| *name == unit.trim())?;
    let number = number.replace('_', "");
    let (whole, fraction) = number.split_once('.').unwrap_or((&number, ""));
    if whole.is_empty() || fraction.len() > 9 {
        return None;
    }
    let whole = whole.parse::<u64>().ok()?.checked_mul(factor)?;
    let fraction = match fraction {
        "" => 0,
        digits => {
            let scaled = u128::from(digits.parse::<u64>().ok()?) * u128::from(factor);
            u64::try_from(scaled / 10_u128.pow(digits.len() as u32)).ok()?
        }
    };
    whole.checked_add(fraction)
}

/// The shortest text that reads back as the same span.
pub fn write_duration(span: Duration) -> String {
    for &(unit, factor) in [TIMES[4], TIMES[3], TIMES[1]].iter() {
        let (whole, rest) = (span.nanos / factor, span.nanos % factor);
        // up to three digits behind the point
        if (whole > 0 || span.nanos == 0) && rest % (factor / 1_000) == 0 {
            let thousandths = rest / (factor / 1_000);
            if thousandths == 0 {
                return format!("{whole} {unit}");
            }
            return format!("{whole}.{:03}", thousandths).trim_end_matches('0').to_owned() + " " + unit;
        }
    }
    format!("{} ns", span.nanos)
}

/// What a measured number must be: `5`, `>= 5`, `< 20 ms`, `3..7` (both ends included).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    pub low: i128,
    pub high: i128,
}

impl Bounds {
    pub const fn exactly(number: i128) -> Bounds {
        Bounds { low: number, high: number }
    }

    pub const fn at_least(number: i128) -> Bounds {
        Bounds { low: number, high: i128::MAX }
    }

    pub fn contains(&self, number: i128) -> bool {
        (self.low..=self.high).contains(&number)
    }

    /// `unit` reads one number. Beyond 64 bits there is none, so that nothing that is done with them overflows.
    pub(crate) fn parse(text: &str, unit: impl Fn(&str) -> Option<i128>) -> Option<Bounds> {
        let unit = |text: &str| unit(text).filter(|&number| i64::try_from(number).is_ok());
        let text = text.trim();
        let signs = [(">=", 0, true), ("<=", 0, false), (">", 1, true), ("<", 1, false)];
        for (sign, off, low) in signs {
            if let Some(rest) = text.strip_prefix(sign) {
                let number = unit(rest.trim())?;
                return Some(if low {
                    Bounds { low: number + off, high: i128::MAX }
                } else {
                    Bounds { low: i128::MIN, high: number - off }
                });
            }
        }
        if let Some((low, high)) = text.split_once("..") {
            let (low, high) = (unit(low.trim())?, unit(high.trim())?);
            return (low <= high).then_some(Bounds { low, high });
        }
        unit(text).map(Bounds::exactly)
    }
}

/// `1.25` as 1250.
pub(crate) fn thousandths(text: &str) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole = whole.parse::<u32>().ok()?;
    let fraction = format!("{fraction:0<3}").parse::<i128>().ok()?;
    Some(i128::from(whole) * 1_000 + fraction)
}

/// Why a list of values cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoValues {
    /// It cannot be read, or one of them is too long.
    Unreadable,
    /// There are more than asked for.
    TooMany,
}

/// `v0..v4, x` as the values they stand for, at most `limit` of them.
pub(crate) fn values(text: &str, limit: usize) -> Result<Vec<String>, NoValues> {
    use NoValues::{TooMany, Unreadable};
    let mut values = Vec::new();
    for part in text.split(',').map(str::trim) {
        match part.contains("..") {
            false if part.is_empty() => return Err(Unreadable),
            false => values.push(part.to_owned()),
            true => {
                let (prefix, low, high) = series(part).ok_or(Unreadable)?;
                if high - low >= (limit - values.len()) as u64 {
                    return Err(TooMany);
                }
                values.extend((low..=high).map(|number| format!("{prefix}{number}")));
            }
        }
        if values.len() > limit {
            return Err(TooMany);
        }
        if values.last().is_some_and(|last| last.chars().count() > limits::WORD) {
            return Err(Unreadable);
        }
    }
    Ok(values)
}

/// `v0..v4` as `v`, 0 and 4.
pub(crate) fn series(text: &str) -> Option<(&str, u64, u64)> {
    let (first, last) = text.split_once("..")?;
    let ((prefix, low), (again, high)) = (numbered(first)?, numbered(last)?);
    (prefix == again && low <= high).then_some((prefix, low, high))
}

/// How a list of records is written.
pub(crate) fn records_accepted() -> String {
    format!("\"v0\", \"v0..v4\" or \"a, b, c\", each of up to {} letters", limits::WORD)
}

/// `v12` as `v` and 12.
pub(crate) fn numbered(text: &str) -> Option<(&str, u64)> {
    let digits = text.len() - text.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let (prefix, number) = text.split_at(text.len() - digits);
    // `v01` would not come back as it was written
    (digits > 0 && (digits == 1 || !number.starts_with('0'))).then_some(())?;
    Some((prefix, number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::{Bounds, NoValues, bytes, duration, rate, values, write_duration};
    use crate::limits;
    use ackscope_sim::time::Duration;

    #[test]
    fn durations_are_exact() {
        assert_eq!(duration("1.2 s"), Some(Duration::from_millis(1_200)));
        assert_eq!(duration("5ms"), Some(Duration::from_millis(5)));
        assert_eq!(duration("0.5 µs"), Some(Duration::from_nanos(500)));
        assert_eq!(duration("2 min"), Some(Duration::from_secs(120)));
        for wrong in ["5", "ms", "5 parsecs", "-1 s", ".5 s", "1..2 s", "99999999999999999999 s"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn durations_are_written_as_they_are_read() {
        for text in ["1.2 s", "5 ms", "0 s", "2.5 ms", "10 us", "120 s", "1 ns"] {
            assert_eq!(write_duration(duration(text).unwrap()), text);
        }
    }

    #[test]
    fn sizes_rates_and_values() {
        assert_eq!(bytes("16 KiB"), Some(16_384));
        assert_eq!(rate("1000/s"), Some(Duration::from_millis(1)));
        // A gap of less than a nanosecond is none at all.
        assert_eq!(rate("1000000000/s"), Some(Duration::from_nanos(1)));
        assert_eq!((rate("0/s"), rate("1000000001/s"), rate("1001/us")), (None, None, None));
        assert_eq!(values("v0..v2, x", 10).unwrap(), ["v0", "v1", "v2", "x"]);
        for (text, most) in [("v0..v2", 2), ("v0..v2, v0..v2", 5), ("v0..v18446744073709551614", 10)] {
            assert_eq!(values(text, most), Err(NoValues::TooMany), "{text}");
        }
        let long = "x".repeat(limits::WORD + 1);
        for text in ["v2..v0", "v0..w2", "v0..", "", &long] {
            assert_eq!(values(text, 10), Err(NoValues::Unreadable), "{text}");
        }
    }

    #[test]
    fn bounds_read_like_mathematics() {
        let number = |text: &str| text.parse().ok();
        let read = |text| Bounds::parse(text, number).unwrap();
        assert!(read("5").contains(5) && !read("5").contains(6));
        assert!(read("> 5").contains(6) && !read("> 5").contains(5));
        assert!(read("<=5").contains(5) && !read("<= 5").contains(6));
        assert!(read("3..5").contains(3) && read("3 .. 5").contains(5) && !read("3..5").contains(2));
        assert_eq!(Bounds::parse("5..3", number), None);
    }

    #[test]
    fn numbers_beyond_64_bits_are_no_bounds() {
        let number = |text: &str| text.parse().ok();
        assert_eq!(Bounds::parse(&format!("> {}", i64::MAX), number).unwrap().low, i128::from(i64::MAX) + 1);
        for sign in ["", ">", ">=", "<", "<="] {
            for text in [i128::MAX.to_string(), i128::MIN.to_string(), "9223372036854775808".to_owned()] {
                assert_eq!(Bounds::parse(&format!("{sign} {text}"), number), None, "{sign} {text}");
            }
        }
    }
}
