//! Something to be done at a moment that moves.

use super::timer::ProducerTimer;
use crate::ids::HappeningId;
use crate::time::Time;
use crate::world::context::Context;
use crate::world::queue::Timer;

/// Timers cannot be taken back, so those under way are remembered: one that
/// comes too early sees to it that there is a later one.
#[derive(Clone, Debug)]
pub(super) struct Alarm {
    pub due: Time,
    /// When timers will come, the next one last.
    under_way: Vec<Time>,
    cause: Option<HappeningId>,
}

impl Default for Alarm {
    fn default() -> Alarm {
        Alarm { due: Time::NEVER, under_way: Vec::new(), cause: None }
    }
}

impl Alarm {
    pub fn set(&mut self, cx: &mut Context, at: Time, timer: ProducerTimer) {
        self.due = at;
        self.cause = cx.cause;
        self.arm(cx, timer);
    }

    pub fn set_no_later(&mut self, cx: &mut Context, at: Time, timer: ProducerTimer) {
        if at < self.due {
            self.set(cx, at, timer);
        }
    }

    fn arm(&mut self, cx: &mut Context, timer: ProducerTimer) {
        if self.due < Time::NEVER && self.under_way.last().is_none_or(|&next| self.due < next) {
            self.under_way.push(self.due);
            cx.set_timer_at(self.due, Timer::Producer(timer));
        }
    }

    /// A timer has come: true where it is time.
    pub fn rings(&mut self, cx: &mut Context, timer: ProducerTimer) -> bool {
        if self.under_way.last().is_some_and(|&next| next <= cx.now) {
            self.under_way.pop();
        }
        if cx.now < self.due {
            self.arm(cx, timer);
            return false;
        }
        self.due = Time::NEVER;
        if self.cause.is_some() {
            cx.cause = self.cause;
        }
        true
    }
}
