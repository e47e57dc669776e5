//! Colour by role: every tone once, for both themes. Painters look tones up here and the page's style sheet is made from
//! here; nothing else names a colour.

use ackscope_sim::ids::LeaderEpoch;

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    #[default]
    Light,
    Dark,
}

macro_rules! tones {
    ($($(#[$doc:meta])* $name:ident $css:literal $light:literal $dark:literal;)*) => {
        /// What a colour is for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Tone { $($(#[$doc])* $name,)* }

        impl Tone {
            pub const ALL: &'static [Tone] = &[$(Tone::$name,)*];

            /// The name of its CSS variable, without the dashes.
            pub const fn name(self) -> &'static str { match self { $(Tone::$name => $css,)* } }

            /// `#rrggbb`.
            pub const fn hex(self, theme: Theme) -> &'static str {
                match (self, theme) { $((Tone::$name, Theme::Light) => $light, (Tone::$name, Theme::Dark) => $dark,)* }
            }
        }
    };
}

tones! {
    /// Around the pictures: the side panel.
    Bg "bg" "#f7f7f4" "#0f1214";
    /// Under the pictures.
    Surface "surface" "#ffffff" "#16191c";
    /// Folds, narration.
    Sunken "sunken" "#f0f1ed" "#1c2023";
    Line "line" "#dfe1db" "#2a2f33";
    LineStrong "line-strong" "#adb2ac" "#59626a";
    /// Text, playhead, selection, leader outline, produce.
    Ink "ink" "#191d20" "#eceeee";
    /// Running text.
    Ink2 "ink-2" "#454c51" "#bcc3c8";
    /// Labels, ticks, replication.
    Ink3 "ink-3" "#62696e" "#939ca3";
    /// What stands on ink.
    OnInk "on-ink" "#ffffff" "#111416";
    /// Leader epochs: edge and text, committed, uncommitted.
    E0 "e0" "#0a5f95" "#7fc0ec";
    E0Fill "e0-fill" "#a9cfe9" "#1d537c";
    E0Tint "e0-tint" "#e6f1f9" "#152833";
    E1 "e1" "#7d5700" "#efc25a";
    E1Fill "e1-fill" "#f6d788" "#755512";
    E1Tint "e1-tint" "#fcf2d6" "#2c2512";
    E2 "e2" "#7a3f76" "#dc9fd4";
    E2Fill "e2-fill" "#dfb6d9" "#75406f";
    E2Tint "e2-tint" "#f6eaf4" "#2b1c2a";
    /// Lost records, crashes, truncation, errors.
    Lost "lost" "#a93a00" "#ff9a66";
    LostFill "lost-fill" "#d55e00" "#ee6f22";
    LostTint "lost-tint" "#fadccb" "#4a2611";
    /// Acknowledgements, kept records.
    Kept "kept" "#00694f" "#52cda6";
    KeptFill "kept-fill" "#009e73" "#1f9c78";
    KeptTint "kept-tint" "#ddf1ea" "#12302a";
    /// The controller: elections, ISR, sessions.
    Ctl "ctl" "#7a3f76" "#dc9fd4";
    CtlTint "ctl-tint" "#f3e8f1" "#2b1f2a";
    /// The lab's ramp, from little to much.
    Q0 "q0" "#f3f6f7" "#1b2126";
    Q1 "q1" "#dfebf3" "#1d2c37";
    Q2 "q2" "#c5dcec" "#1f3a4c";
    Q3 "q3" "#a5cae4" "#224d68";
    Q4 "q4" "#5f9fcb" "#2b6a91";
    Q5 "q5" "#2b78ae" "#62a9d8";
    Q6 "q6" "#0a4f80" "#a9d6f5";
}

/// The three tones of a leader epoch, and the pattern that tells it from the next epoch of the same hue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochTones {
    /// Outline, and text on the tint.
    pub edge: Tone,
    /// Committed.
    pub fill: Tone,
    /// Above the high watermark.
    pub tint: Tone,
    pub pattern: Option<Pattern>,
}

/// Hues repeat after three epochs, patterns after four: twelve epochs look different.
pub const fn epoch_tones(epoch: LeaderEpoch) -> EpochTones {
    let (edge, fill, tint) = match epoch.0 % 3 {
        0 => (Tone::E0, Tone::E0Fill, Tone::E0Tint),
        1 => (Tone::E1, Tone::E1Fill, Tone::E1Tint),
        _ => (Tone::E2, Tone::E2Fill, Tone::E2Tint),
    };
    let pattern = match epoch.0 % 4 {
        0 => None,
        1 => Some(Pattern::Dots),
        2 => Some(Pattern::Rules),
        _ => Some(Pattern::Grid),
    };
    EpochTones { edge, fill, tint, pattern }
}

/// A texture laid over a fill: the second carrier of what a colour says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pattern {
    // leader epochs
    Dots,
    Rules,
    Grid,
    /// Acknowledged and lost.
    Crosses,
    /// The process is down.
    Diagonal,
    /// The process is paused.
    Stripes,
}

/// One tile of a pattern: strokes from `(x, y)` to `(x, y)` and dots of a radius.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tile {
    pub size: f32,
    pub strokes: &'static [[f32; 4]],
    pub dots: &'static [[f32; 3]],
    pub stroke_width: f32,
    pub opacity: f32,
}

impl Pattern {
    pub const ALL: [Pattern; 6] =
        [Pattern::Dots, Pattern::Rules, Pattern::Grid, Pattern::Crosses, Pattern::Diagonal, Pattern::Stripes];

    pub const fn name(self) -> &'static str {
        match self {
            Pattern::Dots => "dots",
            Pattern::Rules => "rules",
            Pattern::Grid => "grid",
            Pattern::Crosses => "crosses",
            Pattern::Diagonal => "diagonal",
            Pattern::Stripes => "stripes",
        }
    }

    pub const fn tile(self) -> Tile {
        const NO_DOTS: &[[f32; 3]] = &[];
        const NO_STROKES: &[[f32; 4]] = &[];
        match self {
            Pattern::Dots => Tile {
                size: 6.0,
                strokes: NO_STROKES,
                dots: &[[1.5, 1.5, 0.8], [4.5, 4.5, 0.8]],
                stroke_width: 0.0,
                opacity: 0.42,
            },
            Pattern::Rules => Tile {
                size: 4.0,
                strokes: &[[0.0, 2.0, 4.0, 2.0]],
                dots: NO_DOTS,
                stroke_width: 1.0,
                opacity: 0.4,
            },
            Pattern::Grid => Tile {
                size: 5.0,
                strokes: &[[0.0, 2.5, 5.0, 2.5], [2.5, 0.0, 2.5, 5.0]],
                dots: NO_DOTS,
                stroke_width: 0.8,
                opacity: 0.38,
            },
            Pattern::Crosses => Tile {
                size: 10.0,
                strokes: &[[2.5, 2.5, 6.9, 6.9], [6.9, 2.5, 2.5, 6.9]],
                dots: NO_DOTS,
                stroke_width: 1.15,
                opacity: 0.75,
            },
            // One diagonal and the two corners that it needs to meet its neighbours.
            Pattern::Diagonal => Tile {
                size: 8.0,
                strokes: &[[0.0, 8.0, 8.0, 0.0], [-1.0, 1.0, 1.0, -1.0], [7.0, 9.0, 9.0, 7.0]],
                dots: NO_DOTS,
                stroke_width: 1.0,
                opacity: 0.75,
            },
            Pattern::Stripes => Tile {
                size: 5.0,
                strokes: &[[2.0, 0.0, 2.0, 5.0]],
                dots: NO_DOTS,
                stroke_width: 1.0,
                opacity: 0.75,
            },
        }
    }
}

/// `--bg:#f7f7f4;--surface:#ffffff;…`, for a style sheet.
pub fn css(theme: Theme) -> String {
    let mut out = String::new();
    for tone in Tone::ALL {
        for part in ["--", tone.name(), ":", tone.hex(theme), ";"] {
            out.push_str(part);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Theme, Tone};

    fn luminance(hex: &str) -> f64 {
        let channel = |at: usize| {
            let value = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).expect("two hex digits")) / 255.0;
            if value <= 0.03928 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// WCAG AA for small text on every ground on which a role sets text, and 3 : 1 for edges that carry meaning.
    #[test]
    fn text_and_edges_stand_out_from_every_ground_they_are_put_on() {
        use Tone::*;
        let text: &[(Tone, &[Tone])] = &[
            (
                Ink,
                &[
                    Bg, Surface, Sunken, E0Fill, E0Tint, E1Fill, E1Tint, E2Fill, E2Tint, LostTint, KeptTint,
                    CtlTint, Q0, Q1, Q2, Q3, Q4,
                ],
            ),
            (Ink2, &[Bg, Surface, Sunken, E0Tint, E1Tint, LostTint]),
            (Ink3, &[Bg, Surface, Sunken]),
            (E0, &[Bg, Surface, Sunken, E0Tint]),
            (E1, &[Bg, Surface, Sunken, E1Tint]),
            (E2, &[Bg, Surface, Sunken, E2Tint]),
            (Lost, &[Bg, Surface, Sunken, LostTint]),
            (Kept, &[Bg, Surface, Sunken, KeptTint]),
            (Ctl, &[Bg, Surface, Sunken, CtlTint]),
            (OnInk, &[Ink, Q5, Q6]),
        ];
        let edges: &[(Tone, &[Tone])] =
            &[(E0, &[Surface, E0Fill]), (E1, &[Surface, E1Fill]), (E2, &[Surface]), (LostFill, &[Surface])];
        for (rows, least) in [(text, 4.5), (edges, 3.0)] {
            for theme in [Theme::Light, Theme::Dark] {
                for (role, grounds) in rows {
                    for ground in *grounds {
                        let ratio = contrast(role.hex(theme), ground.hex(theme));
                        assert!(ratio >= least, "{theme:?}: {role:?} on {ground:?} is only {ratio:.2}");
                    }
                }
            }
        }
    }
}
