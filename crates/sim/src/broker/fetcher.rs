//! How a follower copies: one thread for each broker it follows, one request at a time for all partitions of that broker;
//! and how it finds out how much of its log to cut (broker.md §4.1, §5.3).

use std::sync::Arc;

use crate::batch::LogBatch;
use crate::broker::controller_link::CONNECTION_SETUP_TIMEOUT;
use crate::broker::{Broker, BrokerTimer};
use crate::context::Context;
use crate::error::ErrorCode;
use crate::happening::{Disconnect, Fact, Role as ReplicaRole, Truncation};
use crate::ids::{BrokerId, ConnectionId, LeaderEpoch, NodeId, Offset, Partition};
use crate::message::{
    Body, Envelope, EpochAnswer, EpochQuestion, FetchAnswer, FetchPartition, FetchRequest, FetchResult,
    ListOffset, ListOffsetAt, ListOffsetResult,
};
use crate::network::{Broken, Dialled, Read};
use crate::queue::Timer;
use crate::rng::Stream;
use crate::time::{Duration, Time};

/// `socket.connection.setup.timeout.max.ms`.
const CONNECTION_SETUP_TIMEOUT_MAX: Duration = Duration::from_secs(30);

/// The thread that fetches from one broker.
#[derive(Clone, Debug)]
pub struct Fetcher {
    source: BrokerId,
    connection: Option<ConnectionId>,
    phase: Phase,
    /// By partition.
    partitions: Vec<Following>,
    correlation: u32,
    /// Connection attempts that hung, in a row.
    hung: u32,
    /// The earliest timer on its way.
    alarm: Time,
}

#[derive(Clone, Debug)]
enum Phase {
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
struct Following {
    partition: Partition,
    leader_epoch: LeaderEpoch,
    step: Step,
    /// After an error.
    paused_until: Time,
    /// Where the request on its way asks. None: it does not ask for this partition.
    asked: Option<Offset>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Asks for the end of its last epoch (before fetch v12).
    Truncating,
    /// The leader's log does not reach here, or begins behind here: asks where it begins and ends.
    OutOfRange,
    Fetching,
    /// Until the next leader epoch.
    Failed,
}

impl Fetcher {
    fn following(&mut self, partition: Partition) -> Option<&mut Following> {
        self.partitions.iter_mut().find(|following| following.partition == partition)
    }

    fn set_alarm(&mut self, cx: &mut Context, at: Time) {
        if at < self.alarm {
            self.alarm = at;
            cx.set_timer_at(at, Timer::Broker(BrokerTimer::Fetcher(self.source)));
        }
    }

    fn pause_all(&mut self, until: Time) {
        for following in &mut self.partitions {
            following.asked = None;
            following.paused_until = until;
        }
    }
}

impl Broker {
    pub(super) fn fetcher_of(&self, connection: ConnectionId) -> Option<BrokerId> {
        let fetcher = self.memory.fetchers.iter().find(|fetcher| fetcher.connection == Some(connection))?;
        Some(fetcher.source)
    }

    fn fetcher(&mut self, source: BrokerId) -> Option<&mut Fetcher> {
        self.memory.fetchers.iter_mut().find(|fetcher| fetcher.source == source)
    }

    pub(super) fn start_fetching(
        &mut self,
        cx: &mut Context,
        partition: Partition,
        source: BrokerId,
        leader_epoch: LeaderEpoch,
    ) {
        let version = cx.spec.version;
        let Some(replica) = self.replica(partition) else { return };
        let knows_epoch = replica.log.epochs().latest().is_some();
        let high_watermark = replica.high_watermark;
        let step = if knows_epoch && version.has_leader_epochs() && !version.fetch_carries_divergence() {
            Step::Truncating
        } else {
            Step::Fetching
        };
        if !knows_epoch {
            // Nothing to go by but the own high watermark.
            self.truncate(cx, partition, high_watermark, Truncation::HighWatermark);
        }
        let following = Following { partition, leader_epoch, step, paused_until: Time::ZERO, asked: None };
        if self.fetcher(source).is_none() {
            // A new thread takes its time to start and to connect: about one follower in four is there before its
            // leader has applied the same record (broker.md §6.9.2). ZooKeeper's controller tells them one by one.
            let slowest = cx.spec.costs.metadata_apply_max;
            let quickest = if version.uses_zookeeper() { slowest } else { slowest * 3 / 4 };
            let start = cx.draw(Stream::Jitter, quickest, slowest);
            self.memory.fetchers.push(Fetcher {
                source,
                connection: None,
                phase: Phase::Starting { until: cx.now + start },
                partitions: Vec::new(),
                correlation: 0,
                hung: 0,
                alarm: Time::NEVER,
            });
            let fetcher = self.memory.fetchers.last_mut().expect("just pushed");
            fetcher.set_alarm(cx, cx.now + start);
        }
        let fetcher = self.fetcher(source).expect("there or made above");
        let place = fetcher.partitions.partition_point(|other| other.partition < partition);
        fetcher.partitions.insert(place, following);
        self.fetcher_turn(cx, source);
    }

    pub(super) fn stop_fetching(&mut self, cx: &mut Context, partition: Partition) {
        for fetcher in &mut self.memory.fetchers {
            fetcher.partitions.retain(|following| following.partition != partition);
        }
        // A thread without partitions ends, and its connection with it.
        let idle = self.memory.fetchers.iter().filter(|fetcher| fetcher.partitions.is_empty());
        let connections: Vec<_> = idle.filter_map(|fetcher| fetcher.connection).collect();
        self.memory.fetchers.retain(|fetcher| !fetcher.partitions.is_empty());
        for connection in connections {
            cx.close(connection, Disconnect::Closed);
        }
    }

    pub(super) fn stop_all_fetching(&mut self, cx: &mut Context) {
        for fetcher in std::mem::take(&mut self.memory.fetchers) {
            if let Some(connection) = fetcher.connection {
                cx.close(connection, Disconnect::Closed);
            }
        }
    }

    /// The thread's loop, from wherever it can go on.
    fn fetcher_turn(&mut self, cx: &mut Context, source: BrokerId) {
        let now = cx.now;
        let Some(fetcher) = self.fetcher(source) else { return };
        if !matches!(fetcher.phase, Phase::Idle) {
            return;
        }
        let can_ask = |following: &Following| following.step != Step::Failed;
        let ready = |following: &Following| can_ask(following) && following.paused_until <= now;
        if !fetcher.partitions.iter().any(ready) {
            let next =
                fetcher.partitions.iter().filter(|other| can_ask(other)).map(|other| other.paused_until);
            if let Some(next) = next.min() {
                fetcher.set_alarm(cx, next);
            }
            return;
        }
        let Some(connection) = fetcher.connection else {
            let timeout =
                (CONNECTION_SETUP_TIMEOUT * (1 << fetcher.hung.min(2))).min(CONNECTION_SETUP_TIMEOUT_MAX);
            let connection = cx.connect(NodeId::Broker(source));
            let fetcher = self.fetcher(source).expect("found above");
            fetcher.connection = Some(connection);
            fetcher.phase = Phase::Dialling { until: now + timeout };
            return fetcher.set_alarm(cx, now + timeout);
        };
        let asks = |step: Step| fetcher.partitions.iter().any(|other| ready(other) && other.step == step);
        let step = [Step::Truncating, Step::OutOfRange]
            .into_iter()
            .find(|&step| asks(step))
            .unwrap_or(Step::Fetching);
        let body = self.fetcher_request(cx, source, step);
        let timeout = now + cx.spec.broker_config.replica_socket_timeout;
        let fetcher = self.fetcher(source).expect("found above");
        fetcher.correlation += 1;
        fetcher.phase = Phase::Waiting { until: timeout };
        let correlation = fetcher.correlation;
        fetcher.set_alarm(cx, timeout);
        if cx.send(connection, correlation, body) == Err(Broken) {
            self.fetcher_failed(cx, source, Disconnect::ByPeer);
        }
    }

    fn fetcher_request(&mut self, cx: &Context, source: BrokerId, step: Step) -> Body {
        let (config, version) = (&cx.spec.broker_config, cx.spec.version);
        let replicas = &self.replicas;
        let own = (self.id, self.memory.life.broker_epoch.unwrap_or_default());
        let fetcher = self.memory.fetchers.iter_mut().find(|fetcher| fetcher.source == source);
        let fetcher = fetcher.expect("it is its turn");
        let log = |partition: Partition| {
            &replicas[usize::from(partition.0)].as_ref().expect("what is followed is here").log
        };
        let asked = fetcher
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
                    let epoch = log.epochs().latest().filter(|_| version.fetch_carries_divergence());
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
                    replica: Some(own),
                    max_wait: config.replica_fetch_wait_max,
                    min_bytes: config.replica_fetch_min_bytes,
                    max_bytes: config.replica_fetch_response_max_bytes,
                    partitions: asked.map(fetch).collect(),
                })
            }
        }
    }

    pub(super) fn fetcher_dialled(&mut self, cx: &mut Context, source: BrokerId, dialled: Dialled) {
        let Some(fetcher) = self.fetcher(source) else { return };
        match dialled {
            Dialled::Connected => {
                fetcher.phase = Phase::Idle;
                fetcher.hung = 0;
                self.fetcher_turn(cx, source);
            }
            Dialled::Refused => self.fetcher_failed(cx, source, Disconnect::ByPeer),
        }
    }

    pub(super) fn fetcher_readable(&mut self, cx: &mut Context, source: BrokerId) {
        loop {
            let Some(fetcher) = self.fetcher(source) else { return };
            let Some(connection) = fetcher.connection else { return };
            if matches!(fetcher.phase, Phase::Appending { .. }) {
                return; // the thread is busy
            }
            match cx.read(connection) {
                Read::Nothing => return,
                Read::Closed => return self.fetcher_failed(cx, source, Disconnect::ByPeer),
                Read::Message(answer) => {
                    let is_awaited = matches!(fetcher.phase, Phase::Waiting { .. })
                        && answer.message.correlation == fetcher.correlation;
                    if is_awaited {
                        self.fetcher_answered(cx, source, answer);
                    }
                }
            }
        }
    }

    /// Records take their time to be appended; everything else takes effect at once.
    fn fetcher_answered(&mut self, cx: &mut Context, source: BrokerId, answer: Arc<Envelope>) {
        let mut cost = Duration::ZERO;
        let mut has_records = false;
        if let Body::FetchResponse { partitions } = &answer.message.body {
            for FetchResult { partition, answer } in partitions {
                if let FetchAnswer::Records { batches, .. } = answer
                    && !batches.is_empty()
                {
                    has_records = true;
                    let records = batches.iter().map(|entry| entry.batch.count()).sum();
                    let bytes = batches.iter().map(|entry| entry.batch.bytes).sum();
                    cost += self.cost_of_append(cx, *partition, batches.len() as u64, records, bytes);
                }
            }
        }
        if !has_records {
            return self.take_answer(cx, source, &answer);
        }
        let slowed_by = self.slowed_by;
        let fetcher = self.fetcher(source).expect("it was asked");
        let until = cx.now + cost + slowed_by;
        fetcher.phase = Phase::Appending { answer, until };
        fetcher.set_alarm(cx, until);
    }

    fn take_answer(&mut self, cx: &mut Context, source: BrokerId, answer: &Envelope) {
        match &answer.message.body {
            Body::FetchResponse { partitions } => {
                for result in partitions {
                    self.take_fetch_result(cx, source, result);
                }
            }
            Body::OffsetsForLeaderEpochResponse { partitions } => {
                for result in partitions {
                    self.take_end_of_epoch(cx, source, result);
                }
            }
            Body::ListOffsetsResponse { partitions } => {
                for pair in partitions.chunks(2) {
                    if let [earliest, latest] = pair {
                        self.take_offsets(cx, source, earliest, latest);
                    }
                }
            }
            other => unreachable!("not an answer of a leader: {other:?}"),
        }
        if let Some(fetcher) = self.fetcher(source) {
            fetcher.phase = Phase::Idle;
            self.fetcher_turn(cx, source);
        }
    }

    /// Still what was asked about? A partition may have got another leader, epoch or end since.
    fn is_current(&mut self, source: BrokerId, partition: Partition) -> bool {
        let end = self.replica(partition).map(|replica| replica.log.end());
        let following = self.fetcher(source).and_then(|fetcher| fetcher.following(partition));
        following.is_some_and(|following| following.asked.take().is_some_and(|asked| Some(asked) == end))
    }

    fn take_fetch_result(&mut self, cx: &mut Context, source: BrokerId, result: &FetchResult) {
        let partition = result.partition;
        if !self.is_current(source, partition) {
            return;
        }
        match &result.answer {
            FetchAnswer::Records { batches, .. } if !self.continues(partition, batches) => {
                // Nothing fits any more (two logs that differ without anybody knowing): it stops for good.
                if let Some(following) = self.fetcher(source).and_then(|fetcher| fetcher.following(partition))
                {
                    following.step = Step::Failed;
                }
            }
            FetchAnswer::Records { high_watermark, log_start_offset, batches } => {
                self.append_as_follower(cx, partition, *high_watermark, *log_start_offset, batches);
            }
            FetchAnswer::Diverging { leader_epoch, end_offset } => {
                self.truncate_to_common_epoch(cx, partition, *leader_epoch, *end_offset);
            }
            FetchAnswer::Error { error, .. } => self.partition_failed(cx, source, partition, *error),
        }
    }

    /// Do these records begin where the log ends? A leader whose batches have other borders may send an earlier one.
    fn continues(&self, partition: Partition, batches: &[LogBatch]) -> bool {
        let end = self.replica(partition).map(|replica| replica.log.end());
        batches.first().is_none_or(|first| Some(first.base_offset) >= end)
    }

    fn append_as_follower(
        &mut self,
        cx: &mut Context,
        partition: Partition,
        leader_high_watermark: Offset,
        leader_log_start: Offset,
        batches: &[LogBatch],
    ) {
        let (now, version, arrival) = (cx.now, cx.spec.version, cx.cause);
        let mut appended = arrival;
        for entry in batches {
            let replica = self.replica_mut(partition).expect("it is followed");
            replica.log.append(entry.clone(), now, version);
            appended = Some(cx.note(Fact::Appended {
                partition,
                role: ReplicaRole::Follower,
                base_offset: entry.base_offset,
                last_offset: entry.last_offset(),
                leader_epoch: entry.leader_epoch,
                batch: entry.batch.id,
            }));
        }
        if !batches.is_empty() {
            self.maybe_flush(cx, partition);
        }
        let ticks = self.checkpoint_ticks(cx);
        let replica = self.replica_mut(partition).expect("it is followed");
        debug_assert!(replica.log.start() >= leader_log_start, "no log is ever cut at its start");
        let to = leader_high_watermark.min(replica.log.end());
        if to != replica.high_watermark {
            let from = replica.move_high_watermark(to, ticks);
            let moved = cx.note(Fact::HighWatermarkMoved { partition, from, to });
            if to > from && !replica.fetch_waiters.is_empty() {
                cx.cause = Some(moved);
                self.wake_fetches(cx, partition);
            }
        }
        // The next fetch tells the leader of it.
        cx.cause = appended;
    }

    /// The leader's log leaves this one where its largest epoch up to ours ends (broker.md §5.3). True: the leader's
    /// epoch is known here, so that this was the last cut.
    fn truncate_to_common_epoch(
        &mut self,
        cx: &mut Context,
        partition: Partition,
        leader_epoch: Option<LeaderEpoch>,
        end_offset: Option<Offset>,
    ) -> bool {
        let Some(replica) = self.replica(partition) else { return true };
        let end = replica.log.end();
        let Some(leader_end) = end_offset else {
            let high_watermark = replica.high_watermark;
            self.truncate(cx, partition, high_watermark, Truncation::HighWatermark);
            return true;
        };
        let own = leader_epoch.and_then(|epoch| replica.log.epochs().end_offset_for(epoch, end));
        let (to, is_common) = match (leader_epoch, own) {
            (Some(leader_epoch), Some((own_epoch, own_end))) if own_epoch == leader_epoch => {
                (own_end.min(leader_end), true)
            }
            // An epoch that is not here: back to the end of the one before it, and ask again.
            (Some(leader_epoch), Some((own_epoch, own_end))) if own_epoch < leader_epoch => (own_end, false),
            _ => (leader_end, true),
        };
        let because = match leader_epoch {
            Some(leader_epoch) => Truncation::DivergingEpoch { leader_epoch, end_offset: leader_end },
            None => Truncation::LeaderLogEnd,
        };
        self.truncate(cx, partition, to.min(end), because);
        is_common
    }

    /// Before fetch v12: the answer about the end of the own last epoch.
    fn take_end_of_epoch(&mut self, cx: &mut Context, source: BrokerId, result: &EpochAnswer) {
        let partition = result.partition;
        if !self.is_current(source, partition) {
            return;
        }
        let answer = match result.result {
            Ok(answer) => answer,
            Err(error) => return self.partition_failed(cx, source, partition, error),
        };
        let iterative = cx.spec.version.truncation_is_iterative();
        // With KIP-101 alone only the offset is looked at.
        let epoch = answer.map(|(epoch, _)| epoch).filter(|_| iterative);
        let done = self.truncate_to_common_epoch(cx, partition, epoch, answer.map(|(_, end)| end));
        if (done || !iterative)
            && let Some(following) = self.fetcher(source).and_then(|fetcher| fetcher.following(partition))
        {
            following.step = Step::Fetching;
        }
    }

    /// broker.md §4.1.7.
    fn take_offsets(
        &mut self,
        cx: &mut Context,
        source: BrokerId,
        earliest: &ListOffsetResult,
        latest: &ListOffsetResult,
    ) {
        let partition = earliest.partition;
        if !self.is_current(source, partition) {
            return;
        }
        let (start, leader_end) = match (earliest.result, latest.result) {
            (Ok((start, _)), Ok((end, _))) => (start, end),
            (Err(error), _) | (_, Err(error)) => return self.partition_failed(cx, source, partition, error),
        };
        let ticks = self.checkpoint_ticks(cx);
        let replica = self.replica_mut(partition).expect("it is followed");
        let end = replica.log.end();
        if leader_end < end {
            self.truncate(cx, partition, leader_end, Truncation::LeaderLogEnd);
        } else if start > end {
            replica.log.truncate_fully_and_start_at(start);
            replica.move_high_watermark(start, ticks);
            let because = Truncation::LeaderLogEnd;
            cx.cause = Some(cx.note(Fact::Truncated { partition, from: end, to: start, because }));
        }
        if let Some(following) = self.fetcher(source).and_then(|fetcher| fetcher.following(partition)) {
            following.step = Step::Fetching;
        }
    }

    /// One partition's error; its neighbours go on.
    fn partition_failed(
        &mut self,
        cx: &mut Context,
        source: BrokerId,
        partition: Partition,
        error: ErrorCode,
    ) {
        let until = cx.now + cx.spec.broker_config.replica_fetch_backoff;
        let Some(following) = self.fetcher(source).and_then(|fetcher| fetcher.following(partition)) else {
            return;
        };
        match error {
            ErrorCode::OffsetOutOfRange if following.step == Step::Fetching => {
                following.step = Step::OutOfRange;
            }
            ErrorCode::FencedLeaderEpoch => following.step = Step::Failed,
            _ => following.paused_until = until,
        }
    }

    /// The connection has failed: every partition of the thread pauses.
    fn fetcher_failed(&mut self, cx: &mut Context, source: BrokerId, because: Disconnect) {
        let until = cx.now + cx.spec.broker_config.replica_fetch_backoff;
        let Some(fetcher) = self.fetcher(source) else { return };
        let was_idle = matches!(fetcher.phase, Phase::Idle);
        if matches!(fetcher.phase, Phase::Dialling { .. }) && because == Disconnect::TimedOut {
            fetcher.hung += 1;
        }
        fetcher.phase = Phase::Idle;
        if !was_idle {
            fetcher.pause_all(until);
        }
        if let Some(connection) = fetcher.connection.take() {
            cx.close(connection, because);
        }
        self.fetcher_turn(cx, source);
    }

    pub(super) fn fetcher_alarm(&mut self, cx: &mut Context, source: BrokerId) {
        let (now, stalled) = (cx.now, self.disk.stalled);
        let Some(fetcher) = self.fetcher(source) else { return };
        if fetcher.alarm > now {
            return;
        }
        fetcher.alarm = Time::NEVER;
        let until = match &fetcher.phase {
            Phase::Starting { until }
            | Phase::Dialling { until }
            | Phase::Waiting { until }
            | Phase::Appending { until, .. } => *until,
            Phase::Idle => now,
        };
        if until > now {
            return fetcher.set_alarm(cx, until);
        }
        match &fetcher.phase {
            Phase::Idle => self.fetcher_turn(cx, source),
            Phase::Starting { .. } => {
                fetcher.phase = Phase::Idle;
                self.fetcher_turn(cx, source);
            }
            Phase::Dialling { .. } | Phase::Waiting { .. } => {
                self.fetcher_failed(cx, source, Disconnect::TimedOut);
            }
            Phase::Appending { .. } if stalled => {}
            Phase::Appending { answer, .. } => {
                let answer = Arc::clone(answer);
                cx.cause = Some(answer.sent);
                self.take_answer(cx, source, &answer);
                // A close may have arrived meanwhile.
                self.fetcher_readable(cx, source);
            }
        }
    }

    /// The disk writes again.
    pub(super) fn fetchers_resume(&mut self, cx: &mut Context) {
        let now = cx.now;
        for fetcher in &mut self.memory.fetchers {
            if matches!(fetcher.phase, Phase::Appending { until, .. } if until <= now) {
                fetcher.set_alarm(cx, now);
            }
        }
    }
}
