//! A picture as a value: few kinds of shapes in drawing order, each knowing what it stands for. Layouts decide everything
//! here; painters go through `shapes` once and obey.

use std::ops::Range;

use ackscope_sim::ids::{BrokerId, HappeningId, NodeId, Offset, Partition, RecordId};

use crate::tokens::{Pattern, Tone};

/// What a shape stands for: hover, click and selection go by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Source {
    /// Decoration.
    #[default]
    None,
    Node(NodeId),
    Partition(Partition),
    Record(RecordId),
    /// By its `MessageSent`.
    Message(HappeningId),
    Happening(HappeningId),
    /// A place in a broker's log.
    Entry {
        broker: BrokerId,
        partition: Partition,
        offset: Offset,
        record: RecordId,
    },
    /// A broker's log as a whole; the timeline narrows it down to an entry.
    Log {
        broker: BrokerId,
        partition: Partition,
    },
    /// The network between two machines' processes.
    Link(NodeId, NodeId),
    Overview,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    pub x: f32,
    pub y: f32,
}

/// A colour and what is laid over it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fill {
    /// None: only the pattern.
    pub tone: Option<Tone>,
    /// A pattern and the tone of its strokes.
    pub pattern: Option<(Pattern, Tone)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stroke {
    pub tone: Tone,
    pub width: f32,
    pub dash: Dash,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dash {
    #[default]
    Solid,
    /// Fetches, cut links.
    Dashed,
    /// The high watermark.
    Long,
    /// Heartbeats, fenced: round dots.
    Dotted,
}

impl Dash {
    /// On and off, in px; drawn with round caps where `is_round`.
    pub const fn lengths(self) -> Option<[f32; 2]> {
        match self {
            Dash::Solid => None,
            Dash::Dashed => Some([3.0, 2.4]),
            Dash::Long => Some([4.0, 2.0]),
            Dash::Dotted => Some([0.3, 3.0]),
        }
    }

    pub const fn is_round(self) -> bool {
        matches!(self, Dash::Dotted)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Anchor {
    #[default]
    Start,
    Middle,
    End,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    pub size: f32,
    pub bold: bool,
    pub tone: Tone,
    /// Painted round the letters, so that they stay readable over lines.
    pub halo: Option<Tone>,
    /// Configuration keys and values.
    pub mono: bool,
}

impl Style {
    pub const fn new(size: f32, tone: Tone) -> Style {
        Style { size, bold: false, tone, halo: None, mono: false }
    }

    pub const fn bold(self) -> Style {
        Style { bold: true, ..self }
    }

    pub const fn mono(self) -> Style {
        Style { mono: true, ..self }
    }

    pub const fn on(self, halo: Tone) -> Style {
        Style { halo: Some(halo), ..self }
    }
}

/// Indices into a picture's points or text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    start: u32,
    end: u32,
}

impl Span {
    fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mark {
    Rect {
        x: f32,
        y: f32,
        width: f32,
        height: f32,
        radius: f32,
        fill: Option<Fill>,
        stroke: Option<Stroke>,
    },
    /// An open polyline.
    Line {
        points: Span,
        stroke: Stroke,
    },
    /// Separate strokes: each pair of points is one.
    Strokes {
        points: Span,
        stroke: Stroke,
    },
    /// A closed polygon.
    Area {
        points: Span,
        fill: Option<Fill>,
        stroke: Option<Stroke>,
    },
    /// `at` is on the baseline.
    Text {
        at: Point,
        text: Span,
        style: Style,
        anchor: Anchor,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    pub mark: Mark,
    pub source: Source,
    pub opacity: f32,
}

/// Shapes in drawing order. Points and letters live in two arenas, so that a picture drawn again and again allocates
/// nothing once it has grown.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    pub width: f32,
    pub height: f32,
    pub shapes: Vec<Shape>,
    points: Vec<Point>,
    text: String,
    /// Given to the shapes that are added next.
    pub source: Source,
    /// Given to the shapes that are added next.
    pub opacity: f32,
}

impl Fill {
    pub const fn plain(tone: Tone) -> Fill {
        Fill { tone: Some(tone), pattern: None }
    }

    pub const fn pattern(pattern: Pattern, tone: Tone) -> Fill {
        Fill { tone: None, pattern: Some((pattern, tone)) }
    }
}

impl Stroke {
    pub const fn new(tone: Tone, width: f32) -> Stroke {
        Stroke { tone, width, dash: Dash::Solid }
    }

    pub const fn dash(self, dash: Dash) -> Stroke {
        Stroke { dash, ..self }
    }
}

pub const fn point(x: f32, y: f32) -> Point {
    Point { x, y }
}

impl Picture {
    /// Empties it for another drawing of that size.
    pub fn clear(&mut self, width: f32, height: f32) {
        self.width = width;
        self.height = height;
        self.shapes.clear();
        self.points.clear();
        self.text.clear();
        self.source = Source::None;
        self.opacity = 1.0;
    }

    pub fn points(&self, span: Span) -> &[Point] {
        &self.points[span.range()]
    }

    pub fn text(&self, span: Span) -> &str {
        &self.text[span.range()]
    }

    fn add(&mut self, mark: Mark) {
        self.shapes.push(Shape { mark, source: self.source, opacity: self.opacity });
    }

    pub fn rect(&mut self, x: f32, y: f32, width: f32, height: f32, fill: Fill) {
        self.rounded(x, y, width, height, 0.0, Some(fill), None);
    }

    #[allow(clippy::too_many_arguments)]
    pub fn rounded(
        &mut self,
        x: f32,
        y: f32,
        width: f32,
        height: f32,
        radius: f32,
        fill: Option<Fill>,
        stroke: Option<Stroke>,
    ) {
        if width > 0.0 && height > 0.0 {
            self.add(Mark::Rect { x, y, width, height, radius, fill, stroke });
        }
    }

    pub fn circle(&mut self, at: Point, radius: f32, fill: Option<Fill>, stroke: Option<Stroke>) {
        self.rounded(at.x - radius, at.y - radius, 2.0 * radius, 2.0 * radius, radius, fill, stroke);
    }

    fn store(&mut self, points: impl IntoIterator<Item = Point>) -> Span {
        let start = self.points.len() as u32;
        self.points.extend(points);
        Span { start, end: self.points.len() as u32 }
    }

    pub fn line(&mut self, points: impl IntoIterator<Item = Point>, stroke: Stroke) {
        let points = self.store(points);
        self.add(Mark::Line { points, stroke });
    }

    pub fn segment(&mut self, a: Point, b: Point, stroke: Stroke) {
        self.line([a, b], stroke);
    }

    /// Each pair of points is a stroke of its own.
    pub fn strokes(&mut self, points: impl IntoIterator<Item = Point>, stroke: Stroke) {
        let points = self.store(points);
        if points.start < points.end {
            self.add(Mark::Strokes { points, stroke });
        }
    }

    pub fn area(
        &mut self,
        points: impl IntoIterator<Item = Point>,
        fill: Option<Fill>,
        stroke: Option<Stroke>,
    ) {
        let points = self.store(points);
        if points.end - points.start > 2 {
            self.add(Mark::Area { points, fill, stroke });
        }
    }

    pub fn words(&mut self, at: Point, words: &str, style: Style, anchor: Anchor) {
        let start = self.text.len() as u32;
        self.text.push_str(words);
        let text = Span { start, end: self.text.len() as u32 };
        self.add(Mark::Text { at, text, style, anchor });
    }

    /// What lies at a point: the topmost thing under it, else the nearest within `reach` px. A finger reaches further
    /// than a mouse.
    pub fn hit(&self, at: Point, reach: f32) -> Source {
        let mut nearest = (reach, Source::None);
        for shape in self.shapes.iter().rev().filter(|shape| shape.source != Source::None) {
            let distance = self.distance(shape, at);
            if distance <= 0.0 {
                // A thin thing that is nearly touched wins over the broad one beneath it.
                return if nearest.0 <= reach.min(3.0) && nearest.1 != Source::None {
                    nearest.1
                } else {
                    shape.source
                };
            }
            if distance < nearest.0 {
                nearest = (distance, shape.source);
            }
        }
        nearest.1
    }

    /// From a point to a shape; zero within.
    fn distance(&self, shape: &Shape, at: Point) -> f32 {
        match shape.mark {
            Mark::Rect { x, y, width, height, .. } => {
                let dx = (x - at.x).max(at.x - x - width).max(0.0);
                let dy = (y - at.y).max(at.y - y - height).max(0.0);
                dx.hypot(dy)
            }
            Mark::Line { points, stroke } => {
                let pairs = self.points(points).windows(2);
                pairs.map(|pair| to_segment(at, pair[0], pair[1])).fold(f32::MAX, f32::min)
                    - stroke.width / 2.0
            }
            Mark::Strokes { points, stroke } => {
                let pairs = self.points(points).chunks_exact(2);
                pairs.map(|pair| to_segment(at, pair[0], pair[1])).fold(f32::MAX, f32::min)
                    - stroke.width / 2.0
            }
            Mark::Area { points, .. } => {
                let points = self.points(points);
                if contains(points, at) {
                    return 0.0;
                }
                let ends = points.iter().zip(points.iter().cycle().skip(1));
                ends.map(|(&a, &b)| to_segment(at, a, b)).fold(f32::MAX, f32::min)
            }
            Mark::Text { at: base, text, style, anchor } => {
                let width = crate::text::width(self.text(text), style.size, style.bold);
                let left = match anchor {
                    Anchor::Start => base.x,
                    Anchor::Middle => base.x - width / 2.0,
                    Anchor::End => base.x - width,
                };
                let dx = (left - at.x).max(at.x - left - width).max(0.0);
                let dy = (base.y - style.size - at.y).max(at.y - base.y - 2.0).max(0.0);
                dx.hypot(dy)
            }
        }
    }
}

fn to_segment(at: Point, a: Point, b: Point) -> f32 {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let length = dx * dx + dy * dy;
    let along = if length == 0.0 { 0.0 } else { ((at.x - a.x) * dx + (at.y - a.y) * dy) / length };
    let along = along.clamp(0.0, 1.0);
    (at.x - a.x - along * dx).hypot(at.y - a.y - along * dy)
}

/// Even-odd rule.
fn contains(polygon: &[Point], at: Point) -> bool {
    let edges = polygon.iter().zip(polygon.iter().cycle().skip(1));
    let crossings = edges.filter(|(a, b)| {
        (a.y > at.y) != (b.y > at.y) && at.x < (b.x - a.x) * (at.y - a.y) / (b.y - a.y) + a.x
    });
    crossings.count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use ackscope_sim::ids::{HappeningId, RecordId};

    use super::{Fill, Picture, Source, Stroke, point};
    use crate::tokens::Tone;

    #[test]
    fn the_topmost_thing_is_hit_and_a_thin_one_near_by_wins_over_a_broad_one_beneath() {
        let mut picture = Picture::default();
        picture.clear(100.0, 100.0);
        picture.source = Source::Record(RecordId(1));
        picture.rect(0.0, 0.0, 50.0, 50.0, Fill::plain(Tone::E0Fill));
        picture.source = Source::Record(RecordId(2));
        picture.area(
            [point(20.0, 0.0), point(50.0, 0.0), point(20.0, 40.0)],
            Some(Fill::plain(Tone::Lost)),
            None,
        );
        picture.source = Source::Message(HappeningId(7));
        picture.segment(point(10.0, 0.0), point(10.0, 50.0), Stroke::new(Tone::Ink, 1.0));
        picture.source = Source::None;
        picture.rect(0.0, 0.0, 100.0, 100.0, Fill::plain(Tone::Surface));

        assert_eq!(picture.hit(point(2.0, 2.0), 4.0), Source::Record(RecordId(1)));
        assert_eq!(picture.hit(point(30.0, 5.0), 4.0), Source::Record(RecordId(2)));
        assert_eq!(picture.hit(point(45.0, 39.0), 4.0), Source::Record(RecordId(1)));
        assert_eq!(picture.hit(point(12.0, 30.0), 4.0), Source::Message(HappeningId(7)));
        assert_eq!(picture.hit(point(53.0, 30.0), 4.0), Source::Record(RecordId(1)));
        assert_eq!(picture.hit(point(80.0, 80.0), 4.0), Source::None);
    }
}
