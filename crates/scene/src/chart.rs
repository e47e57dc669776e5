//! The lab's charts, drawn with plotters on whatever backend: what more throughput costs in latency, every combination as
//! a table, and how full batches were. They draw what has been measured so far.

use ackscope_sim::order::sorted;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::tokens::{Theme, Tone};

/// One pair of settings and what came out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Places in the grid.
    pub linger: usize,
    pub batch_size: usize,
    pub p50_us: u64,
    pub p99_us: u64,
    /// Records per second that it carries at most.
    pub capacity: u64,
    pub records_per_batch: f64,
    /// How many records would have fitted.
    pub records_that_fit: f64,
}

/// What is charted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sheet {
    pub lingers_ms: Vec<f64>,
    pub batch_sizes: Vec<u32>,
    pub samples: Vec<Sample>,
    /// The workload's records per second; None: flat out.
    pub load: Option<u64>,
    /// The present settings' place in the grid.
    pub present: Option<(usize, usize)>,
}

/// Where a sample was drawn, in px of the chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Among the sheet's samples.
    pub sample: usize,
    pub x: i32,
    pub y: i32,
    /// Nothing: a point.
    pub width: i32,
    pub height: i32,
}

pub type Drawn<DB> = Result<(), DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>>;

fn colour(tone: Tone, theme: Theme) -> RGBColor {
    let hex = tone.hex(theme);
    let channel = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap_or(0);
    RGBColor(channel(1), channel(3), channel(5))
}

/// Text in the page's own font.
fn text(size: f64, tone: Tone, theme: Theme, horizontal: HPos) -> TextStyle<'static> {
    let style = ("system-ui, sans-serif", size).into_font().color(&colour(tone, theme));
    style.pos(Pos::new(horizontal, VPos::Center))
}

fn bold(size: f64, tone: Tone, theme: Theme, horizontal: HPos) -> TextStyle<'static> {
    let font = ("system-ui, sans-serif", size).into_font().style(FontStyle::Bold);
    font.color(&colour(tone, theme)).pos(Pos::new(horizontal, VPos::Center))
}

impl Sheet {
    fn at(&self, linger: usize, batch_size: usize) -> Option<&Sample> {
        self.samples.iter().find(|sample| (sample.linger, sample.batch_size) == (linger, batch_size))
    }

    /// Samples that no other beats in both latency and capacity, by rising latency.
    pub fn frontier(&self) -> Vec<&Sample> {
        let mut sorted = sorted(&self.samples, |sample| (sample.p99_us, std::cmp::Reverse(sample.capacity)));
        let mut best = 0;
        sorted.retain(|sample| {
            // Less than one part in fifty is no gain.
            let better = sample.capacity * 50 > best * 51;
            if better {
                best = sample.capacity;
            }
            better
        });
        sorted
    }

    /// The first `linger.ms` from which waiting longer fills batches no further; beyond the last where it always does.
    fn full_from(&self, batch_size: usize) -> usize {
        let count = self.lingers_ms.len();
        let filled = |linger| self.at(linger, batch_size).map_or(0.0, |sample| sample.records_per_batch);
        let Some(most) = count.checked_sub(1).map(filled) else { return count };
        let first = (0..count).find(|&linger| filled(linger) >= 0.93 * most).unwrap_or(count);
        if first + 1 < count { first } else { count }
    }

    fn name(&self, sample: &Sample) -> String {
        format!(
            "{} ms, {}",
            number(self.lingers_ms[sample.linger]),
            size(self.batch_sizes[sample.batch_size])
        )
    }
}

/// `0.5`, `5`, `20`.
fn number(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

/// `3.2`, `12`, `103`.
fn millis(us: u64) -> String {
    let ms = us as f64 / 1e3;
    if ms < 9.95 { format!("{ms:.1}") } else { format!("{ms:.0}") }
}

fn size(bytes: u32) -> String {
    if bytes >= 1 << 20 && bytes.is_multiple_of(1 << 20) {
        format!("{} MB", bytes >> 20)
    } else if bytes >= 1024 {
        format!("{} kB", bytes / 1024)
    } else {
        format!("{bytes} B")
    }
}

fn thousands(records: u64) -> String {
    match records {
        0..1_000 => records.to_string(),
        1_000..10_000 => format!("{:.1}k", records as f64 / 1e3),
        10_000..1_000_000 => format!("{}k", records / 1_000),
        _ => format!("{:.1}M", records as f64 / 1e6),
    }
}

/// Round values to draw lines at, 1 – 2 – 5 apart, within a range.
fn round_values(low: f64, high: f64) -> Vec<f64> {
    let decades = (low.log10().floor() as i32)..=(high.log10().ceil() as i32);
    let all = decades.flat_map(|decade| [1.0, 2.0, 5.0].map(|step| step * 10f64.powi(decade)));
    all.filter(|value| (low..=high).contains(value)).collect()
}

/// What more throughput costs in latency: the settings that no other beats, p99 over capacity, a stem down to p50.
/// `places` gets where each sample lies.
pub fn latency_over_capacity<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    sheet: &Sheet,
    theme: Theme,
    places: &mut Vec<Place>,
) -> Drawn<DB> {
    area.fill(&colour(Tone::Surface, theme))?;
    let all = &sheet.samples;
    let capacities =
        all.iter().map(|sample| sample.capacity as f64).chain(sheet.load.map(|load| load as f64));
    let (left, right) = bounds(capacities.filter(|&capacity| capacity > 0.0), 1.2);
    let latencies = all.iter().flat_map(|sample| [sample.p50_us, sample.p99_us]).map(|us| us as f64 / 1e3);
    let (low, high) = bounds(latencies.filter(|&ms| ms > 0.0), 1.3);
    let mut chart = ChartBuilder::on(area)
        .margin_top(22)
        .margin_right(18)
        .x_label_area_size(40)
        .y_label_area_size(46)
        .build_cartesian_2d((left..right).log_scale(), (low..high).log_scale())?;
    let (wide, tall) = chart.plotting_area().dim_in_pixel();
    let grid = colour(Tone::Line, theme);
    let edge = chart.plotting_area().get_pixel_range();
    for value in round_values(left, right) {
        chart.draw_series([PathElement::new(vec![(value, low), (value, high)], grid)])?;
        let x = chart.backend_coord(&(value, low)).0;
        let words = thousands(value as u64);
        area.draw(&Text::new(words, (x, edge.1.end + 14), text(11.0, Tone::Ink3, theme, HPos::Center)))?;
    }
    for value in round_values(low, high) {
        chart.draw_series([PathElement::new(vec![(left, value), (right, value)], grid)])?;
        let y = chart.backend_coord(&(left, value)).1;
        area.draw(&Text::new(
            number(value),
            (edge.0.start - 8, y),
            text(11.0, Tone::Ink3, theme, HPos::Right),
        ))?;
    }
    let note = text(11.0, Tone::Ink3, theme, HPos::Left);
    area.draw(&Text::new("p99 from send() to answer, ms", (6, 9), note.clone()))?;
    area.draw(&Text::new("records per second carried at most", (edge.0.start, edge.1.end + 31), note))?;

    if let Some(load) = sheet.load.map(|load| load as f64) {
        let (top, foot) = (chart.backend_coord(&(load, high)), chart.backend_coord(&(load, low)));
        let ink = colour(Tone::Ink, theme);
        for y in (top.1..foot.1).step_by(7) {
            area.draw(&PathElement::new(vec![(top.0, y), (top.0, (y + 4).min(foot.1))], ink))?;
        }
        let right_half = top.0 > edge.0.start + wide as i32 * 2 / 3;
        let (x, side) = if right_half { (top.0 - 6, HPos::Right) } else { (top.0 + 6, HPos::Left) };
        area.draw(&Text::new("your load", (x, top.1 + 8), bold(11.0, Tone::Ink, theme, side)))?;
    }

    let line = colour(Tone::E0, theme);
    let frontier = sheet.frontier();
    for sample in all.iter().filter(|sample| !frontier.contains(sample)) {
        let place = (sample.capacity as f64, sample.p99_us as f64 / 1e3);
        chart.draw_series([Circle::new(place, 2, colour(Tone::LineStrong, theme).filled())])?;
    }
    let place = |sample: &Sample| (sample.capacity as f64, sample.p99_us as f64 / 1e3);
    places.extend(all.iter().enumerate().map(|(index, sample)| {
        let (x, y) = chart.backend_coord(&place(sample));
        Place { sample: index, x, y, width: 0, height: 0 }
    }));
    for sample in &frontier {
        let (x, p99) = place(sample);
        let stem = vec![(x, p99), (x, (sample.p50_us as f64 / 1e3).max(low))];
        chart.draw_series([PathElement::new(stem, line.mix(0.55))])?;
    }
    chart.draw_series(LineSeries::new(frontier.iter().map(|sample| place(sample)), line.stroke_width(2)))?;
    let mut taken: Vec<(i32, i32)> = Vec::new();
    let present = sheet.present.and_then(|(linger, batch)| sheet.at(linger, batch));
    if let Some(sample) = present {
        let (x, y) = chart.backend_coord(&place(sample));
        area.draw(&Circle::new((x, y), 9, colour(Tone::Ink, theme).stroke_width(2)))?;
        let words = format!("now: {}", sheet.name(sample));
        area.draw(&Text::new(words, (x - 14, y - 10), bold(11.5, Tone::Ink, theme, HPos::Right)))?;
        taken.push((x, y));
    }
    for sample in &frontier {
        let (x, y) = chart.backend_coord(&place(sample));
        chart.draw_series([Circle::new(place(sample), 4, line.filled())])?;
        let crowded = taken.iter().any(|(a, b)| (a - x).abs() < tall.min(90) as i32 && (b - y).abs() < 16);
        if crowded {
            continue;
        }
        taken.push((x, y));
        let fits_left = x - 100 > edge.0.start;
        let (at, side) = if fits_left { (x - 9, HPos::Right) } else { (x + 9, HPos::Left) };
        area.draw(&Text::new(sheet.name(sample), (at, y - 7), text(11.0, Tone::Ink2, theme, side)))?;
    }
    area.present()
}

/// The span of some values with room around it.
fn bounds(values: impl Iterator<Item = f64>, room: f64) -> (f64, f64) {
    let (low, high) =
        values.fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
    if low > high { (1.0, 10.0) } else { (low / room, high * room) }
}

/// Every combination: the number is p99, the shade what it carries, dashed where batches fill before `linger.ms` is over.
/// `places` gets each one's cell.
pub fn every_combination<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    sheet: &Sheet,
    theme: Theme,
    places: &mut Vec<Place>,
) -> Drawn<DB> {
    const RAMP: [Tone; 7] = [Tone::Q0, Tone::Q1, Tone::Q2, Tone::Q3, Tone::Q4, Tone::Q5, Tone::Q6];
    area.fill(&colour(Tone::Surface, theme))?;
    let (width, height) = area.dim_in_pixel();
    let (gutter, top, foot) = (if width > 400 { 64 } else { 52 }, 22, 42);
    let columns = sheet.lingers_ms.len().max(1) as i32;
    let rows = sheet.batch_sizes.len().max(1) as i32;
    let (cell, tall) = ((width as i32 - gutter - 4) / columns, (height as i32 - top - foot) / rows);
    let x = |linger: usize| gutter + linger as i32 * cell;
    let y = |batch: usize| top + (rows - 1 - batch as i32) * tall;
    let mono = |horizontal| {
        let font = ("ui-monospace, monospace", 11.0).into_font();
        font.color(&colour(Tone::Ink2, theme)).pos(Pos::new(horizontal, VPos::Center))
    };
    area.draw(&Text::new("batch.size", (0, 9), mono(HPos::Left)))?;
    area.draw(&Text::new("linger.ms", (gutter, top + rows * tall + 31), mono(HPos::Left)))?;
    let label = |chosen: bool, horizontal| {
        if chosen {
            bold(11.0, Tone::Ink, theme, horizontal)
        } else {
            text(11.0, Tone::Ink3, theme, horizontal)
        }
    };
    for (place, &bytes) in sheet.batch_sizes.iter().enumerate() {
        let chosen = sheet.present.is_some_and(|(_, batch)| batch == place);
        let at = (gutter - 10, y(place) + tall / 2);
        area.draw(&Text::new(size(bytes), at, label(chosen, HPos::Right)))?;
    }
    for (place, &linger) in sheet.lingers_ms.iter().enumerate() {
        let chosen = sheet.present.is_some_and(|(linger, _)| linger == place);
        let at = (x(place) + cell / 2, top + rows * tall + 13);
        area.draw(&Text::new(number(linger), at, label(chosen, HPos::Center)))?;
    }

    let (low, high) = bounds(sheet.samples.iter().map(|sample| sample.capacity.max(1) as f64), 1.0);
    let shade = |capacity: u64| {
        let part = if high > low {
            ((capacity.max(1) as f64).ln() - low.ln()) / (high.ln() - low.ln())
        } else {
            0.0
        };
        ((part * 6.999) as usize).min(6)
    };
    places.extend(sheet.samples.iter().enumerate().map(|(index, sample)| Place {
        sample: index,
        x: x(sample.linger),
        y: y(sample.batch_size),
        width: cell,
        height: tall,
    }));
    let frontier = sheet.frontier();
    for linger in 0..sheet.lingers_ms.len() {
        for batch in 0..sheet.batch_sizes.len() {
            let corners = [(x(linger) + 1, y(batch) + 1), (x(linger) + cell - 1, y(batch) + tall - 1)];
            let Some(sample) = sheet.at(linger, batch) else {
                area.draw(&Rectangle::new(corners, colour(Tone::Sunken, theme).mix(0.6).filled()))?;
                continue;
            };
            let level = shade(sample.capacity);
            area.draw(&Rectangle::new(corners, colour(RAMP[level], theme).filled()))?;
            let tone = if level >= 5 { Tone::OnInk } else { Tone::Ink };
            let middle = (x(linger) + cell / 2, y(batch) + tall / 2);
            area.draw(&Text::new(millis(sample.p99_us), middle, text(12.0, tone, theme, HPos::Center)))?;
            if frontier.contains(&sample) {
                let corner = (x(linger) + cell - 8, y(batch) + 8);
                area.draw(&Circle::new(corner, 2, colour(tone, theme).filled()))?;
            }
        }
    }
    knee(area, sheet, theme, &x, &y, tall)?;
    if let Some((linger, batch)) = sheet.present {
        let corners = [(x(linger) - 1, y(batch) - 1), (x(linger) + cell + 1, y(batch) + tall + 1)];
        area.draw(&Rectangle::new(corners, colour(Tone::Ink, theme).stroke_width(2)))?;
    }
    area.present()
}

/// Left of this line `linger.ms` closes the batches, right of it `batch.size` does.
fn knee<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    sheet: &Sheet,
    theme: Theme,
    x: &impl Fn(usize) -> i32,
    y: &impl Fn(usize) -> i32,
    tall: i32,
) -> Drawn<DB> {
    let complete = sheet.samples.len() == sheet.lingers_ms.len() * sheet.batch_sizes.len();
    if !complete || sheet.samples.is_empty() {
        return Ok(());
    }
    let edge = |batch: usize| x(sheet.full_from(batch));
    let mut corners = Vec::new();
    for batch in (0..sheet.batch_sizes.len()).rev() {
        corners.extend([(edge(batch), y(batch)), (edge(batch), y(batch) + tall)]);
    }
    let ink = colour(Tone::Ink, theme).stroke_width(2);
    for pair in corners.windows(2) {
        let ((a, b), (c, d)) = (pair[0], pair[1]);
        let length = (c - a).abs().max((d - b).abs());
        let mut at = 0;
        while at < length {
            let end = (at + 6).min(length);
            let point = |along: i32| (a + (c - a).signum() * along, b + (d - b).signum() * along);
            area.draw(&PathElement::new(vec![point(at), point(end)], ink))?;
            at += 9;
        }
    }
    Ok(())
}

/// How full batches were along `linger.ms`, at the present `batch.size`.
pub fn fill_of_batches<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    sheet: &Sheet,
    theme: Theme,
) -> Drawn<DB> {
    area.fill(&colour(Tone::Surface, theme))?;
    let batch = sheet.present.map_or(sheet.batch_sizes.len() / 2, |(_, batch)| batch);
    let (width, height) = area.dim_in_pixel();
    let columns = sheet.lingers_ms.len().max(1) as i32;
    let (column, top, foot) = (width as i32 / columns, 14, height as i32 - 22);
    for (linger, &value) in sheet.lingers_ms.iter().enumerate() {
        let left = linger as i32 * column;
        let frame = [(left + 3, top), (left + column - 3, foot)];
        area.draw(&Rectangle::new(frame, colour(Tone::Sunken, theme).filled()))?;
        let chosen = sheet.present.is_some_and(|(present, _)| present == linger);
        let style = if chosen {
            bold(11.0, Tone::Ink, theme, HPos::Center)
        } else {
            text(11.0, Tone::Ink3, theme, HPos::Center)
        };
        area.draw(&Text::new(number(value), (left + column / 2, foot + 12), style))?;
        let Some(sample) = sheet.at(linger, batch) else { continue };
        let part = (sample.records_per_batch / sample.records_that_fit.max(1.0)).clamp(0.0, 1.0);
        let level = foot - ((foot - top) as f64 * part) as i32;
        let by_size = linger >= sheet.full_from(batch);
        let (fill, edge) = if by_size { (Tone::E1Fill, Tone::E1) } else { (Tone::E0Fill, Tone::E0) };
        let bar = [(left + 3, level), (left + column - 3, foot)];
        area.draw(&Rectangle::new(bar, colour(fill, theme).filled()))?;
        if by_size {
            area.draw(&Rectangle::new(bar, colour(edge, theme)))?;
        }
        let words = if sample.records_per_batch < 9.95 {
            format!("{:.1}", sample.records_per_batch)
        } else {
            format!("{:.0}", sample.records_per_batch)
        };
        let y = if level - top < 14 { level + 9 } else { level - 7 };
        area.draw(&Text::new(words, (left + column / 2, y), text(10.5, Tone::Ink, theme, HPos::Center)))?;
    }
    area.present()
}

/// A chart as an SVG file.
pub fn svg(
    width: u32,
    height: u32,
    draw: impl for<'a> FnOnce(&DrawingArea<SVGBackend<'a>, Shift>) -> Drawn<SVGBackend<'a>>,
) -> String {
    let mut out = String::new();
    {
        let area = SVGBackend::with_string(&mut out, (width, height)).into_drawing_area();
        // Writing into a string cannot fail.
        let _ = draw(&area);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Sample, Sheet, every_combination, fill_of_batches, latency_over_capacity, svg};
    use crate::tokens::Theme;

    fn sheet(measured: usize) -> Sheet {
        let (lingers, batches) = (4, 3);
        let samples = (0..lingers * batches).take(measured).map(|place| {
            let (linger, batch_size) = (place % lingers, place / lingers);
            Sample {
                linger,
                batch_size,
                p50_us: 2_000 + 3_000 * linger as u64,
                p99_us: 4_000 + 6_000 * linger as u64,
                capacity: 9_000 * (1 + batch_size as u64 * 3) + 100 * linger as u64,
                records_per_batch: 1.0 + linger as f64 * 2.0,
                records_that_fit: 1.0 + 4.0 * batch_size as f64,
            }
        });
        Sheet {
            lingers_ms: vec![0.0, 5.0, 20.0, 100.0],
            batch_sizes: vec![1_024, 16_384, 65_536],
            samples: samples.collect(),
            load: Some(10_000),
            present: Some((1, 1)),
        }
    }

    #[test]
    fn charts_say_the_numbers_and_can_be_drawn_before_anything_is_measured() {
        for measured in [0, 1, 12] {
            let sheet = sheet(measured);
            let (mut dots, mut cells) = (Vec::new(), Vec::new());
            let drawn = [
                svg(600, 418, |area| latency_over_capacity(area, &sheet, Theme::Light, &mut dots)),
                svg(600, 418, |area| every_combination(area, &sheet, Theme::Dark, &mut cells)),
                svg(280, 108, |area| fill_of_batches(area, &sheet, Theme::Light)),
            ];
            for chart in &drawn {
                assert!(chart.starts_with("<svg") && chart.trim_end().ends_with("</svg>"), "{chart}");
            }
            assert_eq!(drawn[0].contains("now: 5 ms, 16 kB"), measured == 12);
            assert!(drawn[1].contains("linger.ms"));
            for place in dots.iter().chain(&cells) {
                assert!(place.x >= 0 && place.x + place.width <= 600, "{place:?}");
                assert!(place.y >= 0 && place.y + place.height <= 418, "{place:?}");
            }
            assert_eq!((dots.len(), cells.len()), (measured, measured));
            // Where a dot is said to lie, a circle is drawn.
            for dot in &dots {
                assert!(drawn[0].contains(&format!("cx=\"{}\" cy=\"{}\"", dot.x, dot.y)), "{dot:?}");
            }
        }
    }

    #[test]
    fn the_frontier_leaves_out_what_is_beaten() {
        let sheet = sheet(12);
        let frontier: Vec<(usize, usize)> =
            sheet.frontier().iter().map(|sample| (sample.linger, sample.batch_size)).collect();
        assert_eq!(frontier, [(0, 2)]);
    }
}
