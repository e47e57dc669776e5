//! The controller's term: from one activation or death to the next.

use crate::time::{Duration, Time};
use crate::world::context::Context;
use crate::world::queue::Timer;

use super::timer::{ControllerTimer, Due};

/// Counts activations and deaths: timers of an earlier term are void. It is the controller epoch, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Term(pub u32);

impl Term {
    pub fn set_timer(self, cx: &mut Context, after: Duration, due: Due) {
        self.set_timer_at(cx, cx.now + after, due);
    }

    pub fn set_timer_at(self, cx: &mut Context, at: Time, due: Due) {
        cx.set_timer_at(at, Timer::Controller(ControllerTimer { term: self.0, due }));
    }
}
