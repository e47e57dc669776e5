//! The end of a producer: what is left is sent within the timeout, or fails (producer.md §4.13).

use std::sync::Arc;

use super::Instance;
use super::sender::Life;
use crate::error::Failure;
use crate::happening::Fact;
use crate::time::Duration;
use crate::world::context::Context;

impl Instance {
    pub fn close(&mut self, cx: &mut Context, timeout: Duration) {
        if self.sender.life != Life::Running {
            return;
        }
        self.sender.life = Life::Closing { deadline: cx.now + timeout };
        self.accumulator.is_closed = true;
        self.interrupt_memory_wait(cx);
        if timeout.is_zero() {
            self.force_close(cx);
        } else {
            self.sender.wake(cx);
        }
    }

    /// Between two iterations: true where the Sender's loop is over.
    pub fn ends(&mut self, cx: &mut Context) -> bool {
        match self.sender.life {
            Life::Running => false,
            Life::Closed => true,
            Life::Closing { deadline } => {
                let has_work = self.accumulator.has_undrained() || self.network.in_flight_count() > 0;
                if !has_work {
                    self.shut_down(cx);
                } else if cx.now >= deadline {
                    self.force_close(cx);
                }
                self.sender.life == Life::Closed
            }
        }
    }

    fn force_close(&mut self, cx: &mut Context) {
        let exception = if self.settings.version.has_delivery_timeout() {
            "KafkaException"
        } else {
            "IllegalStateException"
        };
        self.abort_batches(cx, &Arc::new(Failure::new(exception, "Producer is closed forcefully.")));
        self.shut_down(cx);
    }

    /// Every incomplete batch fails, the ones in flight too.
    pub fn abort_batches(&mut self, cx: &mut Context, failure: &Arc<Failure>) {
        let cause = cx.cause;
        for place in 0..self.accumulator.partitions.len() {
            let queue = &mut self.accumulator.partitions[place];
            let in_flight = std::mem::take(&mut queue.in_flight);
            let queued = std::mem::take(&mut queue.queue);
            for mut batch in in_flight {
                if !batch.done {
                    cx.cause = cause;
                    self.fail_records(cx, &batch, failure);
                    self.accumulator.settle(batch.id);
                    if !self.settings.version.holds_memory_until_the_request_ends() {
                        self.accumulator.release_memory(&batch);
                    }
                    batch.done = true;
                }
                self.accumulator.partitions[place].in_flight.push(batch);
            }
            for batch in queued {
                cx.cause = cause;
                self.fail_records(cx, &batch, failure);
                self.accumulator.deallocate(&batch);
            }
        }
        cx.cause = cause;
    }

    fn shut_down(&mut self, cx: &mut Context) {
        let cause = cx.cause;
        self.sender.life = Life::Closed;
        self.network.close(cx);
        self.interrupt_metadata_wait(cx);
        cx.cause = cause;
        cx.note(Fact::ProducerClosed);
    }
}
