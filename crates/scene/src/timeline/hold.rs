//! What a hand can take hold of on the timeline: the pins of what was done from outside, and the stretch that playback
//! repeats, by its edges.

use ackscope_sim::ids::NodeId;
use ackscope_sim::time::Time;

use super::Timeline;
use crate::picture::{Anchor, Dash, Fill, Picture, Point, Source, Stroke, Style, point};
use crate::story::Deed;
use crate::text;
use crate::tokens::Tone;

/// Half of a pin's width, and its height.
const PIN: (f32, f32) = (4.5, 6.5);
/// How near to an edge of a stretch a press means it.
const EDGE_REACH: f32 = 7.0;
/// The ruler's height above the lanes; the overview is above it.
const RULER: f32 = 18.0;
/// No time is said more finely than this.
const FINEST_NANOS: u64 = 1_000;

/// A pin on its way to another time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    pub node: NodeId,
    pub from: Time,
    pub to: Time,
}

/// A stretch of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    pub from: Time,
    pub to: Time,
}

/// What a hand takes hold of at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grip {
    Overview,
    /// The left or right edge of the window in the overview.
    WindowEdge {
        left: bool,
    },
    Ruler,
    /// The left or right edge of the stretch that playback repeats.
    RepeatedEdge {
        left: bool,
    },
    Pin(Deed),
    Lanes,
}

impl Timeline<'_> {
    /// What lies under a point for a hand with this reach.
    pub fn grip(&self, at: Point, reach: f32) -> Grip {
        if at.y >= self.top {
            return self.pin_at(at, reach).map_or(Grip::Lanes, |&deed| Grip::Pin(deed));
        }
        if at.y < self.top - RULER {
            let window = self.view.window;
            let edges = (self.overview_x(window.from), self.overview_x(window.to));
            let edge = if window == self.scale.axis.whole() { None } else { edge_at(edges, at.x) };
            return edge.map_or(Grip::Overview, |left| Grip::WindowEdge { left });
        }
        let edges =
            |stretch: Stretch| (self.scale.x_from_time(stretch.from), self.scale.x_from_time(stretch.to));
        let edge = self.view.repeated.and_then(|stretch| edge_at(edges(stretch), at.x));
        edge.map_or(Grip::Ruler, |left| Grip::RepeatedEdge { left })
    }

    /// Whether a pin at a time is as good as at `x`: letting it go there moves nothing.
    pub fn is_still(&self, from: Time, x: f32) -> bool {
        (self.scale.x_from_time(from) - x).abs() < EDGE_REACH / 2.0
    }

    /// What was done from outside hangs from the top of its lane, and can be moved there.
    pub(super) fn pins(&self, picture: &mut Picture) {
        for deed in self.story.deeds.iter().filter(|deed| self.is_shown(deed.at)) {
            let Some(lane) = self.lane(deed.node) else { continue };
            let x = self.scale.x_from_time(deed.at);
            picture.source = Source::Happening(deed.happening);
            self.pin(picture, point(x, lane.top), Tone::Ink2);
        }
        picture.source = Source::None;
    }

    fn pin(&self, picture: &mut Picture, at: Point, tone: Tone) {
        let (half, height) = PIN;
        let corners = [point(at.x - half, at.y), point(at.x + half, at.y), point(at.x, at.y + height)];
        picture.area(corners, Some(Fill::plain(tone)), Some(Stroke::new(Tone::Surface, 1.0)));
    }

    /// The pin that a hand at a point means: the nearest one within its reach.
    fn pin_at(&self, at: Point, reach: f32) -> Option<&Deed> {
        let far = |deed: &Deed| {
            let lane = self.lane(deed.node)?;
            let dx = (self.scale.x_from_time(deed.at) - at.x).abs() - PIN.0;
            let dy = (lane.top - at.y).max(at.y - lane.top - PIN.1);
            Some(dx.max(0.0).hypot(dy.max(0.0)))
        };
        let shown = self.story.deeds.iter().filter(|deed| self.view.overview && self.is_shown(deed.at));
        let near = shown.filter_map(|deed| Some((far(deed)?, deed))).filter(|(far, _)| *far <= reach);
        near.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, deed)| deed)
    }

    /// The time at `x`, as round as a hand can point there, and what it was rounded to.
    pub fn round_time(&self, x: f32) -> (Time, u64) {
        let time = self.scale.time_from_x(x.clamp(self.scale.left, self.scale.right));
        let pixel = self.scale.time_from_x(x + 0.5).nanos.abs_diff(self.scale.time_from_x(x - 0.5).nanos);
        let mut unit = FINEST_NANOS;
        while unit * 10 <= pixel {
            unit *= 10;
        }
        (Time { nanos: (time.nanos + unit / 2) / unit * unit }, unit)
    }

    /// A pin in a hand: where it was, where it would be.
    pub(super) fn held(&self, picture: &mut Picture, held: Held) {
        let Some(lane) = self.lane(held.node) else { return };
        let (was, x) = (self.scale.x_within(held.from), self.scale.x_within(held.to));
        picture.segment(
            point(was, lane.top + 1.0),
            point(x, lane.top + 1.0),
            Stroke::new(Tone::Ink, 1.4).dash(Dash::Dotted),
        );
        picture.segment(point(x, lane.top), point(x, lane.bottom), Stroke::new(Tone::Ink, 1.6));
        self.pin(picture, point(x, lane.top), Tone::Ink);
        let label = held.to.to_string();
        let width = text::width(&label, 10.5, true) * 1.08 + 10.0;
        let left = if x + 8.0 + width < self.scale.right { x + 6.0 } else { x - 6.0 - width };
        picture.rounded(left, lane.top + 3.0, width, 15.0, 3.0, Some(Fill::plain(Tone::Ink)), None);
        let style = Style::new(10.5, Tone::OnInk).bold();
        picture.words(point(left + width / 2.0, lane.top + 14.3), &label, style, Anchor::Middle);
    }

    /// The stretch that playback repeats: a bar on the ruler, its edges down through the lanes.
    pub(super) fn repeated(&self, picture: &mut Picture, stretch: Stretch) {
        let (scale, top) = (&self.scale, self.top);
        let (a, b) = (scale.x_from_time(stretch.from), scale.x_from_time(stretch.to));
        let (from, to) = (a.clamp(scale.left, scale.right), b.clamp(scale.left, scale.right));
        picture.opacity = 0.13;
        picture.rect(from, top - 17.0, to - from, 16.0, Fill::plain(Tone::Ink));
        picture.opacity = 1.0;
        picture.rect(from, top - 2.5, to - from, 2.5, Fill::plain(Tone::Ink2));
        for x in [a, b].into_iter().filter(|x| (scale.left - 0.5..=scale.right + 0.5).contains(x)) {
            let stroke = Stroke::new(Tone::Ink2, 1.0).dash(Dash::Dashed);
            picture.segment(point(x, top), point(x, self.bottom), stroke);
            picture.rounded(x - 2.5, top - 17.0, 5.0, 17.0, 2.0, Some(Fill::plain(Tone::Ink2)), None);
        }
        if self.view.overview {
            let (a, b) = (self.overview_x(stretch.from), self.overview_x(stretch.to));
            picture.rect(a, super::overview::STRIP_FOOT, (b - a).max(2.0), 2.0, Fill::plain(Tone::Ink2));
        }
    }
}

/// Which of two edges lies within a hand's reach of `x`: the left one?
fn edge_at((left, right): (f32, f32), x: f32) -> Option<bool> {
    let (left, right) = ((left - x).abs(), (right - x).abs());
    (left.min(right) < EDGE_REACH).then_some(left < right)
}
