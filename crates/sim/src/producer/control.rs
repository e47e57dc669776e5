//! The transactional part of a Sender iteration (producer.md §4.1.1 to §4.1.5, §6.1): resolving and raising epochs, and
//! the control requests that come before any data. With transactions, more kinds of them are sent from here.

use std::sync::Arc;

use super::sender::{Turn, sooner};
use super::transaction_manager::{Control, ErrorState};
use super::{Instance, Request};
use crate::client::{self, ConnectionState, NodeIndex};
use crate::error::{ErrorCode, Failure};
use crate::happening::Fact;
use crate::ids::{ProducerEpoch, ProducerId};
use crate::protocol::Body;
use crate::time::Time;
use crate::world::context::Context;

impl Instance {
    /// None: on with the data.
    pub fn transactional_part(&mut self, cx: &mut Context, now: Time) -> Option<Turn> {
        let transactions = self.transactions.as_mut()?;
        for queue in &mut self.accumulator.partitions {
            transactions.resolve(queue);
        }
        if transactions.take_reset() {
            self.accumulator.forget_sequences();
        }
        match &transactions.error {
            Some(ErrorState::Fatal(failure)) => {
                let failure = Arc::clone(failure);
                self.abort_batches(cx, &failure);
                return Some(Turn::Poll(None));
            }
            Some(ErrorState::Abortable(failure)) => {
                let failure = Arc::clone(failure);
                transactions.error = None;
                transactions.id = None;
                transactions.control = Control::None;
                self.abort_batches(cx, &failure);
                return Some(Turn::Again);
            }
            None => {}
        }
        if transactions.epoch_bump_required {
            self.raise_epoch(cx);
        } else if let Some(id) = transactions.id {
            // Before 2.5 the sequences of one partition begin again under the same id.
            let all = self.accumulator.partitions.iter_mut();
            all.filter(|queue| queue.sequences.wants_rewrite).for_each(|queue| queue.restart_sequences(id));
        }
        let transactions = self.transactions.as_mut()?;
        if transactions.id.is_none() && transactions.control == Control::None {
            transactions.control = Control::Pending { is_retry: false };
        }
        self.control_request(cx, now)
    }

    /// KIP-360: purely local; the partitions that asked for it start again at sequence 0 (producer.md §6.9).
    fn raise_epoch(&mut self, cx: &mut Context) {
        let Some(transactions) = &mut self.transactions else { return };
        let Some((id, epoch)) = transactions.id else { return };
        transactions.epoch_bump_required = false;
        if epoch.0 == i16::MAX as u16 {
            transactions.id = None; // used up: a new id is asked for
        } else {
            transactions.id = Some((id, epoch.next()));
            cx.note(Fact::ProducerEpochBumped { producer_id: id, epoch: epoch.next() });
        }
        for queue in self.accumulator.partitions.iter_mut().filter(|queue| queue.sequences.wants_rewrite) {
            queue.restart_sequences((id, epoch.next()));
            queue.sequences.unresolved = None;
        }
    }

    /// One step of the control request, if there is one: nothing else is sent meanwhile.
    fn control_request(&mut self, cx: &mut Context, now: Time) -> Option<Turn> {
        let retry_backoff = self.settings.config.retry_backoff;
        let pause = Some(Turn::poll(retry_backoff));
        let control = self.transactions.as_ref()?.control;
        match control {
            Control::None => None,
            Control::InFlight => pause,
            Control::Pending { is_retry } => {
                let (node, _) = self.network.least_loaded(cx, &self.metadata, now);
                let Some(node) = node else {
                    self.set_control(Control::Pending { is_retry: true });
                    return pause;
                };
                let until = now + self.settings.config.request_timeout;
                self.set_control(Control::AwaitsNode { node, is_retry, until });
                // The wait begins with a poll, in which metadata comes first; then the node is connected to.
                let timeout = self.maybe_update_metadata(cx, now);
                self.network.connect_if_allowed(cx, node, now);
                Some(self.await_node(cx, node, is_retry, until, now).within(timeout))
            }
            Control::AwaitsNode { node, is_retry, until } => {
                Some(self.await_node(cx, node, is_retry, until, now))
            }
            Control::Rests { node } if self.network.can_send(node) => {
                self.send_init_producer_id(cx, node, now);
                pause
            }
            Control::Rests { .. } => {
                self.set_control(Control::Pending { is_retry: true });
                Some(Turn::Again)
            }
        }
    }

    fn await_node(
        &mut self,
        cx: &mut Context,
        node: NodeIndex,
        is_retry: bool,
        until: Time,
        now: Time,
    ) -> Turn {
        let retry_backoff = self.settings.config.retry_backoff;
        if !self.metadata.is_update_due(now) && self.network.can_send(node) {
            if is_retry {
                // The Sender's thread sleeps the backoff out.
                self.set_control(Control::Rests { node });
                self.sender.free_at = cx.now + retry_backoff;
                return Turn::Again;
            }
            self.send_init_producer_id(cx, node, now);
            return Turn::poll(retry_backoff);
        }
        let has_failed = self.network.node(node).state == ConnectionState::Disconnected;
        if has_failed || now >= until {
            self.sender.free_at = cx.now + retry_backoff;
            self.metadata.request_update();
            self.set_control(Control::Pending { is_retry: true });
            return Turn::Again;
        }
        Turn::Poll(sooner(Some(until.since(now)), self.network.node(node).poll_delay(now)))
    }

    fn send_init_producer_id(&mut self, cx: &mut Context, node: NodeIndex, now: Time) {
        self.set_control(Control::InFlight);
        let what = client::Request::Own(Request::InitProducerId);
        self.request(cx, node, now, Body::InitProducerIdRequest, what);
    }

    fn set_control(&mut self, control: Control) {
        if let Some(transactions) = &mut self.transactions {
            transactions.control = control;
        }
    }

    /// None: the connection went away.
    pub fn handle_init_producer_id(
        &mut self,
        cx: &mut Context,
        result: Option<Result<(ProducerId, ProducerEpoch), ErrorCode>>,
    ) {
        let Some(transactions) = &mut self.transactions else { return };
        transactions.control = Control::None;
        match result {
            Some(Ok((producer_id, epoch))) => {
                transactions.id = Some((producer_id, epoch));
                cx.note(Fact::ProducerIdAssigned { producer_id, epoch });
            }
            Some(Err(error)) if error == ErrorCode::ClusterAuthorizationFailed => {
                transactions.error = Some(ErrorState::Abortable(Arc::new(error.into())));
            }
            Some(Err(error)) if !error.is_retriable() => {
                let message = format!("Unexpected error in InitProducerIdResponse; {}", error.message());
                let failure = Failure::new("KafkaException", message);
                transactions.error = Some(ErrorState::Fatal(Arc::new(failure)));
            }
            Some(Err(_)) | None => transactions.control = Control::Pending { is_retry: true },
        }
    }
}
