//! The thread that fetches from one broker: one request at a time for all partitions that are followed there (broker.md
//! §4.1, §5.3).

use std::sync::Arc;

use crate::broker::membership::image::Image;
use crate::broker::replicas::Replicas;
use crate::broker::timer::BrokerTimer;
use crate::ids::{BrokerEpoch, BrokerId, ConnectionId, LeaderEpoch, Offset, Partition};
use crate::mutant::{Mutant, wrong};
use crate::protocol::batch::bytes_of;
use crate::protocol::transaction::Isolation;
use crate::protocol::{
    Body, Envelope, EpochQuestion, FetchAnswer, FetchPartition, FetchRequest, FetchResult, ListOffset,
    ListOffsetAt,
};
use crate::time::{Duration, Time};
use crate::world::context::Context;
use crate::world::queue::Timer;

/// The thread that fetches from one broker.
#[derive(Clone, Debug)]
pub struct Fetcher {
    pub(super) source: BrokerId,
    pub(super) connection: Option<ConnectionId>,
    pub(super) phase: Phase,
    /// By partition.
    pub(super) partitions: Vec<Following>,
    pub(super) correlation: u32,
    /// Connection attempts that hung, in a row.
    pub(super) hung: u32,
    /// The earliest timer on its way.
    pub(super) alarm: Time,
}

#[derive(Clone, Debug)]
pub(super) enum Phase {
    /// The thread is being started.
    Starting {
        until: Time,
    },
    Dialling {
        until: Time,
    },
    /// Between two requests, or without anything to ask.
    Idle,
    Waiting {
        until: Time,
    },
    /// An answer's records are being appended.
    Appending {
        answer: Arc<Envelope>,
        until: Time,
    },
}

#[derive(Clone, Debug)]
pub(super) struct Following {
    pub partition: Partition,
    pub leader_epoch: LeaderEpoch,
    pub step: Step,
    /// After an error.
    pub paused_until: Time,
    /// Where the request on its way asks. None: it does not ask for this partition.
    pub asked: Option<Offset>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Asks for the end of its last epoch (before fetch v12).
    Truncating,
    /// The leader's log does not reach here, or begins behind here: asks where it begins and ends.
    OutOfRange,
    Fetching,
    /// Until the next leader epoch.
    Failed,
}

impl Following {
    pub fn can_ask(&self) -> bool {
        self.step != Step::Failed
    }

    pub fn is_ready(&self, now: Time) -> bool {
        self.can_ask() && self.paused_until <= now
    }
}

impl Fetcher {
    pub(super) fn following(&mut self, partition: Partition) -> Option<&mut Following> {
        self.partitions.iter_mut().find(|following| following.partition == partition)
    }

    pub(super) fn set_alarm(&mut self, cx: &mut Context, at: Time) {
        if at < self.alarm {
            self.alarm = at;
            cx.set_timer_at(at, Timer::Broker(BrokerTimer::Fetcher(self.source)));
        }
    }

    /// Which partitions would be asked for now.
    #[cfg(test)]
    pub fn ready(&self, now: Time) -> impl Iterator<Item = Partition> + '_ {
        let ready = self.partitions.iter().filter(move |following| following.is_ready(now));
        ready.map(|following| following.partition)
    }

    /// A request for that partition is on its way.
    #[cfg(test)]
    pub fn asks(&mut self, partition: Partition, at: Offset) {
        self.following(partition).expect("it is followed").asked = Some(at);
    }

    pub(super) fn pause_all(&mut self, until: Time) {
        for following in &mut self.partitions {
            following.asked = None;
            following.paused_until = until;
        }
    }

    pub(super) fn request(
        &mut self,
        cx: &Context,
        replicas: &Replicas,
        own: (BrokerId, BrokerEpoch),
        step: Step,
    ) -> Body {
        let (config, version) = (&cx.spec.broker_config, cx.spec.version);
        let log = |partition: Partition| &replicas.get(partition).expect("what is followed is here").log;
        let asked = self
            .partitions
            .iter_mut()
            .filter(|following| following.step == step && following.paused_until <= cx.now)
            .map(|following| {
                following.asked = Some(log(following.partition).end());
                (following.partition, version.fetch_is_fenced().then_some(following.leader_epoch))
            });
        match step {
            Step::Truncating => {
                let question = |(partition, current_leader_epoch)| EpochQuestion {
                    partition,
                    current_leader_epoch,
                    leader_epoch: log(partition).epochs().latest().unwrap_or_default(),
                };
                Body::OffsetsForLeaderEpochRequest { partitions: asked.map(question).collect() }
            }
            Step::OutOfRange => {
                let questions = |(partition, current_leader_epoch)| {
                    [ListOffsetAt::Earliest, ListOffsetAt::Latest].map(|at| ListOffset {
                        partition,
                        current_leader_epoch,
                        at,
                        from_replica: true,
                    })
                };
                Body::ListOffsetsRequest { partitions: asked.flat_map(questions).collect() }
            }
            Step::Fetching | Step::Failed => {
                let fetch = |(partition, current_leader_epoch)| {
                    let log = log(partition);
                    let by_epoch =
                        version.fetch_carries_divergence() && !wrong(Mutant::TruncatesToHighWatermark);
                    let epoch = log.epochs().latest().filter(|_| by_epoch);
                    FetchPartition {
                        partition,
                        fetch_offset: log.end(),
                        current_leader_epoch,
                        last_fetched_epoch: epoch,
                        log_start_offset: log.start(),
                        max_bytes: config.replica_fetch_max_bytes,
                    }
                };
                Body::FetchRequest(FetchRequest {
                    isolation: Isolation::ReadUncommitted,
                    replica: Some(own),
                    max_wait: config.replica_fetch_wait_max,
                    min_bytes: config.replica_fetch_min_bytes,
                    max_bytes: config.replica_fetch_response_max_bytes,
                    partitions: asked.map(fetch).collect(),
                })
            }
        }
    }

    /// Begins to append an answer's records. False: there are none.
    pub(super) fn appends(
        &mut self,
        cx: &mut Context,
        replicas: &Replicas,
        image: &Image,
        answer: &Arc<Envelope>,
    ) -> bool {
        let mut cost = Duration::ZERO;
        let mut has_records = false;
        if let Body::FetchResponse { partitions } = &answer.message.body {
            for FetchResult { partition, answer } in partitions {
                if let FetchAnswer::Records { batches, .. } = answer
                    && !batches.is_empty()
                {
                    has_records = true;
                    let records = batches.iter().map(|entry| entry.batch.count()).sum();
                    let (count, bytes) = (batches.len() as u64, bytes_of(batches));
                    cost += replicas.cost_of_append(cx, image, *partition, count, records, bytes);
                }
            }
        }
        if has_records {
            let until = cx.now + cost + replicas.slowed_by;
            self.phase = Phase::Appending { answer: Arc::clone(answer), until };
            self.set_alarm(cx, until);
        }
        has_records
    }
}
