//! How wide a text will be, near enough to place it without asking a browser: fonts differ by 15 % from system to system,
//! and layouts leave that much.

/// Advance widths of the printable ASCII characters in hundredths of the font size, for a system sans serif at its widest.
const ADVANCE: [u8; 95] = [
    27, 29, 40, 62, 61, 88, 68, 24, 35, 35, 47, 62, 28, 43, 28, 38, 61, 61, 61, 61, 61, 61, 61, 61, 61, 61,
    29, 29, 62, 62, 62, 52, 96, 67, 64, 71, 71, 59, 57, 73, 73, 28, 55, 65, 55, 88, 74, 75, 63, 75, 64, 63,
    63, 72, 66, 97, 65, 64, 62, 35, 38, 35, 52, 48, 36, 56, 61, 56, 61, 58, 36, 61, 59, 26, 27, 55, 26, 88,
    59, 60, 61, 61, 39, 53, 36, 59, 56, 80, 55, 56, 54, 39, 31, 39, 62,
];

/// The width of `text` set at `size` px.
pub fn width(text: &str, size: f32, bold: bool) -> f32 {
    let hundredths: u32 = text.chars().map(advance).sum();
    let weight = if bold { 1.1 } else { 1.0 };
    hundredths as f32 / 100.0 * size * weight
}

fn advance(character: char) -> u32 {
    match character {
        ' '..='~' => u32::from(ADVANCE[character as usize - 32]),
        '…' => 88,
        '“' | '”' => 45,
        '→' => 100,
        _ => 62,
    }
}

/// A span as people say it: `0.98 s`, `7.5 s`, `9 s`, `12 ms`.
pub fn duration(span: ackscope_sim::time::Duration) -> String {
    let nanos = span.nanos;
    let rounded = |unit: u64, decimals: u32| {
        let scale = 10_u64.pow(decimals);
        let value = (u128::from(nanos) * u128::from(scale) + u128::from(unit) / 2) / u128::from(unit);
        let (whole, part) = (value / u128::from(scale), value % u128::from(scale));
        if part == 0 {
            return whole.to_string();
        }
        let part = format!("{part:0width$}", width = decimals as usize);
        format!("{whole}.{}", part.trim_end_matches('0'))
    };
    match nanos {
        0 => "0 ms".to_owned(),
        1..1_000_000 => format!("{} µs", rounded(1_000, 0)),
        1_000_000..10_000_000 => format!("{} ms", rounded(1_000_000, 1)),
        10_000_000..200_000_000 => format!("{} ms", rounded(1_000_000, 0)),
        200_000_000..1_000_000_000 => format!("{} s", rounded(1_000_000_000, 2)),
        1_000_000_000..10_000_000_000 => format!("{} s", rounded(1_000_000_000, 1)),
        _ => format!("{} s", rounded(1_000_000_000, 0)),
    }
}

/// `text`, or as much of it as fits `room` with an ellipsis, or nothing.
pub fn shorten(text: &str, size: f32, bold: bool, room: f32) -> Option<std::borrow::Cow<'_, str>> {
    if width(text, size, bold) <= room {
        return Some(text.into());
    }
    let ends = text.char_indices().map(|(at, _)| at).skip(1);
    let fitting =
        ends.filter(|&end| width(text[..end].trim_end(), size, bold) + 0.88 * size <= room).last()?;
    Some(format!("{}…", text[..fitting].trim_end()).into())
}

#[cfg(test)]
mod tests {
    use ackscope_sim::time::Duration;

    use super::{duration, shorten, width};

    #[test]
    fn wider_letters_make_wider_words() {
        assert!(width("WWW", 12.0, false) > 2.0 * width("iii", 12.0, false));
        assert!(width("broker", 12.0, true) > width("broker", 12.0, false));
    }

    #[test]
    fn spans_are_said_as_people_say_them() {
        let said =
            [0, 1_700, 2_400_000, 154_000_000, 979_600_000, 1_000_000_000, 7_546_000_000, 61_200_000_000]
                .map(|nanos| duration(Duration::from_nanos(nanos)));
        assert_eq!(said, ["0 ms", "2 µs", "2.4 ms", "154 ms", "0.98 s", "1 s", "7.5 s", "61 s"]);
    }

    #[test]
    fn a_text_is_cut_only_where_it_must_be() {
        assert_eq!(shorten("killed", 11.0, false, 60.0).as_deref(), Some("killed"));
        assert_eq!(shorten("killed, disk kept", 11.0, false, 60.0).as_deref(), Some("killed, dis…"));
        assert_eq!(shorten("killed", 11.0, false, 5.0), None);
    }
}
