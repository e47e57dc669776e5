//! What everything else stands on: folds, lanes, hatching for states, life lines, and what each broker was.

use ackscope_sim::ids::NodeId;
use ackscope_sim::time::Time;

use super::{Form, Future, LaneBox, Room, Timeline};
use crate::narration::{broker_state, broker_state_short};
use crate::picture::{Anchor, Dash, Fill, Picture, Source, Stroke, Style, point};
use crate::story::{Band, BandRole, State};
use crate::text;
use crate::tokens::{Pattern, Tone, epoch_tones};

/// How far below its log a broker's role is drawn.
const ROLE: f32 = 6.0;

impl Timeline<'_> {
    /// Folded stretches: a sunken ground between torn edges.
    pub(super) fn folds(&self, picture: &mut Picture) {
        for (left, right) in self.fold_edges() {
            picture.rect(left, self.top, right - left, self.bottom - self.top, Fill::plain(Tone::Sunken));
            picture.opacity = 0.55;
            for x in [left, right] {
                let steps = ((self.bottom - self.top) / 5.0).ceil() as usize;
                let torn = (0..=steps).map(|step| {
                    let y = (self.top + step as f32 * 5.0).min(self.bottom);
                    point(if step % 2 == 0 { x } else { x + 2.0 }, y)
                });
                picture.line(torn, Stroke::new(Tone::LineStrong, 1.0));
            }
            picture.opacity = 1.0;
        }
        for y in [self.top].into_iter().chain(self.lanes.iter().map(|lane| lane.bottom)) {
            let stroke = Stroke::new(Tone::Line, 1.0);
            picture.segment(point(2.0, y), point(self.scale.right, y), stroke);
        }
    }

    /// The folds within the window, as x from and to.
    pub(super) fn fold_edges(&self) -> impl Iterator<Item = (f32, f32)> + '_ {
        let window = self.view.window;
        let folds = self.scale.axis.folds.iter();
        folds
            .filter(move |fold| fold.to > window.from && fold.from < window.to)
            .map(|fold| (self.scale.x_within(fold.from), self.scale.x_within(fold.to)))
    }

    fn bands(&self, lane: &LaneBox) -> impl Iterator<Item = &Band> {
        let window = self.view.window;
        let bands = self.story.node(lane.node).map_or(&[][..], |story| &story.bands);
        bands.iter().filter(move |band| band.to > window.from && band.from < window.to)
    }

    /// A stretch of time as x, drawn a little past the edges, where the gutter covers it.
    pub(super) fn span(&self, from: Time, to: Time) -> (f32, f32) {
        let (left, right) = (self.scale.left - 6.0, self.scale.right + 6.0);
        (self.scale.x_from_time(from).clamp(left, right), self.scale.x_from_time(to).clamp(left, right))
    }

    /// Hatching where a process is not simply running.
    pub(super) fn regions(&self, picture: &mut Picture) {
        for lane in &self.lanes {
            for band in self.bands(lane) {
                let (pattern, tone) = match band.state {
                    State::Down => (Pattern::Diagonal, None),
                    State::Dark => (Pattern::Diagonal, Some(Tone::Sunken)),
                    State::Paused => (Pattern::Stripes, None),
                    State::DiskFailed => (Pattern::Diagonal, Some(Tone::LostTint)),
                    State::Starting | State::Fenced => continue,
                };
                let (left, right) = self.span(band.from, band.to);
                let fill = Fill { tone, pattern: Some((pattern, Tone::LineStrong)) };
                picture.source = band.happening.map_or(Source::Node(lane.node), Source::Happening);
                picture.rect(left, lane.top + 1.0, right - left, lane.bottom - lane.top - 2.0, fill);
            }
        }
        picture.source = Source::None;
    }

    /// Clients' and the controller's life lines, and the ground on which the logs stand.
    pub(super) fn baselines(&self, picture: &mut Picture) {
        for lane in &self.lanes {
            let y = match lane.node {
                NodeId::Broker(_) if lane.form != Form::Full => continue,
                NodeId::Broker(_) => lane.base + 0.5,
                _ => lane.base,
            };
            let stroke = Stroke::new(Tone::LineStrong, 1.0);
            picture.segment(point(self.scale.left, y), point(self.scale.right, y), stroke);
        }
    }

    /// Leading is thick, following thin, fenced dotted, down nothing.
    pub(super) fn roles(&self, picture: &mut Picture) {
        let window = self.view.window;
        for lane in &self.lanes {
            let NodeId::Broker(broker) = lane.node else { continue };
            if lane.form == Form::Partitions {
                continue;
            }
            let Some(replica) = self.replica(broker) else { continue };
            let slim = lane.form == Form::Slim;
            let y = if slim { lane.base } else { lane.base + ROLE };
            let fenced =
                || self.bands(lane).filter(|band| matches!(band.state, State::Starting | State::Fenced));
            picture.source = Source::Node(lane.node);
            for band in replica.roles.iter().filter(|band| band.to > window.from && band.from < window.to) {
                match band.role {
                    BandRole::Leading(epoch) => {
                        let (left, right) = self.span(band.from, band.to);
                        let half = if slim { 2.5 } else { 1.8 };
                        let fill = Fill::plain(epoch_tones(epoch).edge);
                        picture.rect(left, y - half, right - left, 2.0 * half, fill);
                    }
                    BandRole::Following => {
                        // Where it is fenced, dots say so.
                        let mut from = band.from;
                        for state in fenced().filter(|state| state.to > band.from && state.from < band.to) {
                            self.follow(picture, y, from, state.from);
                            from = from.max(state.to);
                        }
                        self.follow(picture, y, from, band.to);
                    }
                }
            }
            for band in fenced() {
                let (left, right) = self.span(band.from, band.to);
                let stroke = Stroke::new(Tone::Ink3, 1.6).dash(Dash::Dotted);
                picture.segment(point(left, y), point(right, y), stroke);
            }
        }
        picture.source = Source::None;
    }

    fn follow(&self, picture: &mut Picture, y: f32, from: Time, to: Time) {
        let (left, right) = self.span(from, to);
        if right > left {
            picture.segment(point(left, y), point(right, y), Stroke::new(Tone::Ink3, 1.1));
        }
    }

    /// Names of the lanes, on paper that hides what runs out of the window.
    pub(super) fn gutter(&self, picture: &mut Picture) {
        let ground = Fill::plain(Tone::Surface);
        let (left, right) = (self.scale.left, self.scale.right);
        let height = self.bottom - self.top + 2.0;
        picture.rect(0.0, self.top - 1.0, left, height, ground);
        picture.rect(right, self.top - 1.0, self.view.width - right, height, ground);
        for y in [self.top].into_iter().chain(self.lanes.iter().map(|lane| lane.bottom)) {
            picture.segment(point(2.0, y), point(left, y), Stroke::new(Tone::Line, 1.0));
        }
        let name_size = if self.view.room == Room::Phone { 10.5 } else { 12.0 };
        let (x, room) = (self.gutter_x(), self.gutter_room());
        for lane in &self.lanes {
            let Some(story) = self.story.node(lane.node) else { continue };
            picture.source = Source::Node(lane.node);
            let is_broker = matches!(lane.node, NodeId::Broker(_));
            // Below a broker's name stands its state at the playhead: `states` writes it.
            let alone = if is_broker { self.view.future == Future::Shown } else { story.detail.is_empty() };
            let middle = lane.middle();
            let name_y = if alone { middle + 4.0 } else { middle - 2.0 };
            // With several producers the kind goes first when there is no room for both.
            let fits = text::width(&story.name, name_size, true) <= room;
            let name = if fits {
                &*story.name
            } else {
                story.name.split_once(' ').map_or(&*story.name, |(_, own)| own)
            };
            if let Some(name) = text::shorten(name, name_size, true, room) {
                let style = Style::new(name_size, Tone::Ink).bold();
                picture.words(point(x, name_y), &name, style, Anchor::Start);
            }
            self.under_name(picture, lane, &story.detail);
        }
        picture.source = Source::None;
    }

    /// What each broker is at the playhead, under its name.
    pub(super) fn states(&self, picture: &mut Picture, now: Time) {
        for lane in &self.lanes {
            let NodeId::Broker(broker) = lane.node else { continue };
            let long = broker_state(self.story, broker, self.view.partition, now);
            if text::width(&long, self.detail_size(), false) <= self.gutter_room() {
                self.under_name(picture, lane, &long);
            } else {
                let short = broker_state_short(self.story, broker, self.view.partition, now);
                self.under_name(picture, lane, &short);
            }
        }
    }

    fn detail_size(&self) -> f32 {
        if self.view.room == Room::Phone { 10.0 } else { 11.0 }
    }

    /// What words have in the gutter.
    fn gutter_room(&self) -> f32 {
        self.scale.left - self.gutter_x() - 3.0
    }

    fn under_name(&self, picture: &mut Picture, lane: &LaneBox, detail: &str) {
        let (size, x) = (self.detail_size(), self.gutter_x());
        let detail = text::shorten(detail, size, false, self.gutter_room());
        if let Some(detail) = detail.filter(|detail| !detail.is_empty()) {
            let style = Style::new(size, Tone::Ink3);
            picture.words(point(x, lane.middle() + 13.0), &detail, style, Anchor::Start);
        }
    }

    fn gutter_x(&self) -> f32 {
        if self.view.room == Room::Page { 16.0 } else { 4.0 }
    }

    /// The line of the present, and what it does to the future.
    pub(super) fn playhead(&self, picture: &mut Picture, now: Time) {
        let (scale, top, bottom) = (&self.scale, self.top, self.bottom);
        let x = scale.x_from_time(now);
        let veil = x.clamp(scale.left, scale.right);
        picture.opacity = match self.view.future {
            Future::Veiled => 0.62,
            Future::Absent => 1.0,
            Future::Shown => 0.0,
        };
        if picture.opacity > 0.0 {
            let fill = Fill::plain(Tone::Surface);
            picture.rect(veil, top - 17.0, scale.right - veil + 6.0, bottom - top + 17.0, fill);
        }
        picture.opacity = 1.0;
        if self.view.future == Future::Absent {
            for y in [top].into_iter().chain(self.lanes.iter().map(|lane| lane.bottom)) {
                picture.segment(point(veil, y), point(scale.right, y), Stroke::new(Tone::Line, 1.0));
            }
        }
        if x < scale.left - 0.5 || x > scale.right + 0.5 {
            return;
        }
        picture.segment(point(x, top - 2.0), point(x, bottom), Stroke::new(Tone::Ink, 1.4));
        let label = now.to_string();
        let width = text::width(&label, 10.5, true) * 1.08 + 10.0;
        let left = (x - width / 2.0).min(self.view.width - width).max(0.0);
        picture.rounded(left, top - 17.0, width, 15.0, 3.0, Some(Fill::plain(Tone::Ink)), None);
        let style = Style::new(10.5, Tone::OnInk).bold();
        picture.words(point(left + width / 2.0, top - 5.7), &label, style, Anchor::Middle);
    }
}
