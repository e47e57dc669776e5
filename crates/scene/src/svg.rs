//! Paints a picture as a standalone SVG file: for the command line, the documentation and sharing.

use std::fmt::Write as _;

use ackscope_sim::shown::shown;

use crate::picture::{Anchor, Fill, Mark, Picture, Point, Shape, Stroke};
use crate::tokens::{Pattern, Theme, Tone, css};

/// Which colours the file shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colours {
    /// Those of the reader's system.
    #[default]
    System,
    Only(Theme),
}

const FONT: &str = "system-ui,-apple-system,\"Segoe UI\",Roboto,\"Noto Sans\",Ubuntu,Cantarell,sans-serif";
const MONO: &str = "ui-monospace,\"SF Mono\",\"Cascadia Mono\",\"Roboto Mono\",Menlo,Consolas,\"DejaVu Sans Mono\",monospace";

/// The whole file. `title` is what a screen reader says.
pub fn file(picture: &Picture, title: &str, colours: Colours) -> String {
    let mut out = String::with_capacity(picture.shapes.len() * 96 + 4096);
    let (width, height) = (Number(picture.width), Number(picture.height));
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\"><title>"
    );
    escape(&mut out, title);
    out.push_str("</title><style>");
    match colours {
        Colours::System => {
            let _ = write!(
                out,
                "svg{{color-scheme:light dark;{}}}@media (prefers-color-scheme:dark){{svg{{{}}}}}",
                css(Theme::Light),
                css(Theme::Dark)
            );
        }
        Colours::Only(theme) => {
            let _ = write!(out, "svg{{{}}}", css(theme));
        }
    }
    let _ = write!(
        out,
        "text{{font-family:{FONT};font-variant-numeric:tabular-nums}}.m{{font-family:{MONO}}}.b{{font-weight:600}}.h{{paint-order:stroke;stroke-width:3.4px;stroke-linejoin:round}}</style>"
    );
    patterns(&mut out, picture);
    let ground = Fill::plain(Tone::Surface);
    out.push_str("<rect width=\"100%\" height=\"100%\"");
    fill(&mut out, Some(ground));
    out.push_str("/>");
    for shape in &picture.shapes {
        paint(&mut out, picture, shape);
    }
    out.push_str("</svg>\n");
    out
}

/// The picture as an element of a page, which has the colours, the fonts and a description of its own.
pub fn inline(picture: &Picture, class: &str) -> String {
    let mut out = String::new();
    let (width, height) = (Number(picture.width), Number(picture.height));
    let _ = write!(
        out,
        "<svg class=\"{class}\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\">"
    );
    patterns(&mut out, picture);
    for shape in &picture.shapes {
        paint(&mut out, picture, shape);
    }
    out.push_str("</svg>");
    out
}

/// A number with at most two decimals.
struct Number(f32);

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hundredths = (self.0 * 100.0).round() as i64;
        if hundredths < 0 {
            f.write_str("-")?;
        }
        let (whole, rest) = (hundredths.abs() / 100, hundredths.abs() % 100);
        match rest {
            0 => write!(f, "{whole}"),
            _ if rest % 10 == 0 => write!(f, "{whole}.{}", rest / 10),
            _ => write!(f, "{whole}.{rest:02}"),
        }
    }
}

/// What XML cannot hold is shown as its escape.
fn escape(out: &mut String, text: &str) {
    for character in shown(text).chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(character),
        }
    }
}

fn patterns(out: &mut String, picture: &Picture) {
    let used = picture.shapes.iter().filter_map(|shape| match shape.mark {
        Mark::Rect { fill, .. } | Mark::Area { fill, .. } => fill?.pattern,
        Mark::Line { .. } | Mark::Strokes { .. } | Mark::Text { .. } => None,
    });
    let used: Vec<(Pattern, Tone)> = ackscope_sim::order::distinct(used);
    out.push_str("<defs>");
    for (pattern, tone) in used {
        let tile = pattern.tile();
        let _ = write!(
            out,
            "<pattern id=\"{}-{}\" width=\"{size}\" height=\"{size}\" patternUnits=\"userSpaceOnUse\"><g opacity=\"{}\" stroke=\"var(--{tone})\" stroke-width=\"{}\" fill=\"none\">",
            pattern.name(),
            tone.name(),
            tile.opacity,
            tile.stroke_width,
            size = tile.size,
            tone = tone.name(),
        );
        for [x1, y1, x2, y2] in tile.strokes {
            let _ = write!(out, "<path d=\"M{x1} {y1}L{x2} {y2}\"/>");
        }
        for [x, y, radius] in tile.dots {
            let _ = write!(
                out,
                "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" stroke=\"none\" fill=\"var(--{})\"/>",
                tone.name()
            );
        }
        out.push_str("</g></pattern>");
    }
    out.push_str("</defs>");
}

fn fill(out: &mut String, fill: Option<Fill>) {
    match fill.and_then(|fill| fill.tone) {
        Some(tone) => {
            let _ = write!(out, " fill=\"var(--{})\"", tone.name());
        }
        None => out.push_str(" fill=\"none\""),
    }
}

fn stroke(out: &mut String, stroke: Option<Stroke>) {
    let Some(stroke) = stroke else { return };
    let _ =
        write!(out, " stroke=\"var(--{})\" stroke-width=\"{}\"", stroke.tone.name(), Number(stroke.width));
    if let Some([on, off]) = stroke.dash.lengths() {
        let _ = write!(out, " stroke-dasharray=\"{on} {off}\"");
    }
    if stroke.dash.is_round() {
        out.push_str(" stroke-linecap=\"round\"");
    }
}

fn opacity(out: &mut String, opacity: f32) {
    if opacity < 1.0 {
        let _ = write!(out, " opacity=\"{}\"", Number(opacity));
    }
}

fn trail(out: &mut String, points: &[Point]) {
    for (place, at) in points.iter().enumerate() {
        let _ = write!(out, "{}{} {}", if place == 0 { "M" } else { "L" }, Number(at.x), Number(at.y));
    }
}

fn paint(out: &mut String, picture: &Picture, shape: &Shape) {
    match shape.mark {
        Mark::Rect { x, y, width, height, radius, fill: inside, stroke: edge } => {
            let mut one = |inside: &dyn Fn(&mut String), edge: Option<Stroke>| {
                let _ = write!(
                    out,
                    "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"",
                    Number(x),
                    Number(y),
                    Number(width),
                    Number(height)
                );
                if radius > 0.0 {
                    let _ = write!(out, " rx=\"{}\"", Number(radius));
                }
                inside(out);
                stroke(out, edge);
                opacity(out, shape.opacity);
                out.push_str("/>");
            };
            if inside.is_some_and(|fill| fill.tone.is_some()) || edge.is_some() {
                one(&|out| fill(out, inside), edge);
            }
            if let Some((pattern, tone)) = inside.and_then(|fill| fill.pattern) {
                one(&|out| texture(out, pattern, tone), None);
            }
        }
        Mark::Area { points, fill: inside, stroke: edge } => {
            let mut one = |inside: &dyn Fn(&mut String), edge: Option<Stroke>| {
                out.push_str("<path d=\"");
                trail(out, picture.points(points));
                out.push_str("Z\"");
                inside(out);
                stroke(out, edge);
                opacity(out, shape.opacity);
                out.push_str("/>");
            };
            if inside.is_some_and(|fill| fill.tone.is_some()) || edge.is_some() {
                one(&|out| fill(out, inside), edge);
            }
            if let Some((pattern, tone)) = inside.and_then(|fill| fill.pattern) {
                one(&|out| texture(out, pattern, tone), None);
            }
        }
        Mark::Line { points, stroke: edge } => {
            out.push_str("<path fill=\"none\" stroke-linejoin=\"round\" d=\"");
            trail(out, picture.points(points));
            out.push('"');
            stroke(out, Some(edge));
            opacity(out, shape.opacity);
            out.push_str("/>");
        }
        Mark::Strokes { points, stroke: edge } => {
            out.push_str("<path fill=\"none\" d=\"");
            for pair in picture.points(points).chunks_exact(2) {
                trail(out, pair);
            }
            out.push('"');
            stroke(out, Some(edge));
            opacity(out, shape.opacity);
            out.push_str("/>");
        }
        Mark::Text { at, text, style, anchor } => {
            let _ = write!(
                out,
                "<text x=\"{}\" y=\"{}\" font-size=\"{}\" fill=\"var(--{})\"",
                Number(at.x),
                Number(at.y),
                Number(style.size),
                style.tone.name()
            );
            match anchor {
                Anchor::Start => {}
                Anchor::Middle => out.push_str(" text-anchor=\"middle\""),
                Anchor::End => out.push_str(" text-anchor=\"end\""),
            }
            let class = match (style.bold, style.mono, style.halo.is_some()) {
                (false, false, false) => "",
                (true, false, false) => "b",
                (false, true, false) => "m",
                (true, true, false) => "b m",
                (false, false, true) => "h",
                (true, false, true) => "b h",
                (false, true, true) => "m h",
                (true, true, true) => "b m h",
            };
            if !class.is_empty() {
                let _ = write!(out, " class=\"{class}\"");
            }
            if let Some(halo) = style.halo {
                let _ = write!(out, " stroke=\"var(--{})\"", halo.name());
            }
            opacity(out, shape.opacity);
            out.push('>');
            escape(out, picture.text(text));
            out.push_str("</text>");
        }
    }
}

fn texture(out: &mut String, pattern: Pattern, tone: Tone) {
    let _ = write!(out, " fill=\"url(#{}-{})\"", pattern.name(), tone.name());
}

#[cfg(test)]
mod tests {
    use super::{Colours, Number, file};
    use crate::picture::{Anchor, Fill, Picture, Style, point};
    use crate::tokens::{Pattern, Theme, Tone};

    #[test]
    fn numbers_are_short() {
        let written: Vec<String> =
            [0.0, -0.001, 1.5, -1.25, 2.71601, 12.0, -0.5].map(|value| Number(value).to_string()).into();
        assert_eq!(written, ["0", "0", "1.5", "-1.25", "2.72", "12", "-0.5"]);
    }

    #[test]
    fn a_file_holds_its_patterns_both_themes_and_escaped_words() {
        let mut picture = Picture::default();
        picture.clear(20.0, 10.0);
        picture.rect(
            0.0,
            0.0,
            5.0,
            5.0,
            Fill { tone: Some(Tone::E1Fill), pattern: Some((Pattern::Dots, Tone::E1)) },
        );
        picture.words(point(1.0, 9.0), "a<b", Style::new(11.0, Tone::Ink).on(Tone::Surface), Anchor::Start);
        let system = file(&picture, "A & B", Colours::System);
        for part in [
            "<title>A &amp; B</title>",
            "<pattern id=\"dots-e1\"",
            "url(#dots-e1)",
            "a&lt;b",
            Tone::Ink.hex(Theme::Dark),
        ] {
            assert!(system.contains(part), "{part} is missing from {system}");
        }
        assert!(!file(&picture, "", Colours::Only(Theme::Light)).contains(Tone::Ink.hex(Theme::Dark)));
    }

    /// XML 1.0 has tab, newline, return and what lies from U+0020 to U+FFFD or beyond U+FFFF.
    #[test]
    fn a_title_with_characters_that_xml_forbids_gives_a_file_that_xml_allows() {
        let title = "a\u{0}\u{1}\u{1b}[2K\u{b}\u{fffe}\u{ffff}b";
        let written = file(&Picture::default(), title, Colours::System);
        assert!(
            written.contains("<title>a\\u0000\\u0001\\u001b[2K\\u000b\\ufffe\\uffffb</title>"),
            "{written}"
        );
        assert!(written.chars().all(|letter| {
            matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
        }));
    }
}
