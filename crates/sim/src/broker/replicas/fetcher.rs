//! How a follower copies: one thread for each broker it follows, one request at a time for all partitions of that broker;
//! and how it finds out how much of its log to cut (broker.md §4.1, §5.3).

use std::sync::Arc;

use crate::broker::membership::controller_link::CONNECTION_SETUP_TIMEOUT;
use crate::broker::{Broker, BrokerTimer};
use crate::error::ErrorCode;
use crate::happening::{Disconnect, Truncation};
use crate::ids::{BrokerId, ConnectionId, LeaderEpoch, NodeId, Offset, Partition};
use crate::mutant::{Mutant, wrong};
use crate::network::{Broken, Dialled, Read};
use crate::protocol::batch::bytes_of;
use crate::protocol::transaction::Isolation;
use crate::protocol::{
    Body, Envelope, EpochQuestion, FetchAnswer, FetchPartition, FetchRequest, FetchResult, ListOffset,
    ListOffsetAt,
};
use crate::rng::Stream;
use crate::time::{Duration, Time};
use crate::world::context::Context;
use crate::world::queue::Timer;

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
    fn can_ask(&self) -> bool {
        self.step != Step::Failed
    }

    fn is_ready(&self, now: Time) -> bool {
        self.can_ask() && self.paused_until <= now
    }
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

    /// Which partitions would be asked for now.
    #[cfg(test)]
    pub fn ready(&self, now: Time) -> impl Iterator<Item = Partition> + '_ {
        let ready = self.partitions.iter().filter(move |following| following.is_ready(now));
        ready.map(|following| following.partition)
    }

    #[cfg(test)]
    pub fn source(&self) -> BrokerId {
        self.source
    }

    /// A request for that partition is on its way.
    #[cfg(test)]
    pub fn asks(&mut self, partition: Partition, at: Offset) {
        self.following(partition).expect("it is followed").asked = Some(at);
    }

    fn pause_all(&mut self, until: Time) {
        for following in &mut self.partitions {
            following.asked = None;
            following.paused_until = until;
        }
    }
}

impl Broker {
    pub(in crate::broker) fn fetcher_of(&self, connection: ConnectionId) -> Option<BrokerId> {
        let fetcher = self.memory.fetchers.iter().find(|fetcher| fetcher.connection == Some(connection))?;
        Some(fetcher.source)
    }

    fn fetcher(&mut self, source: BrokerId) -> Option<&mut Fetcher> {
        self.memory.fetchers.iter_mut().find(|fetcher| fetcher.source == source)
    }

    /// What the partition's next request will be, if that thread still follows it.
    pub(in crate::broker) fn next_step(&mut self, source: BrokerId, partition: Partition, step: Step) {
        if let Some(following) = self.fetcher(source).and_then(|fetcher| fetcher.following(partition)) {
            following.step = step;
        }
    }

    /// Is this what was asked about? A partition may have got another leader, epoch or end since.
    pub(in crate::broker) fn is_current(&mut self, source: BrokerId, partition: Partition) -> bool {
        let end = self.replica(partition).map(|replica| replica.log.end());
        let following = self.fetcher(source).and_then(|fetcher| fetcher.following(partition));
        following.is_some_and(|following| following.asked.take().is_some_and(|asked| Some(asked) == end))
    }

    pub(in crate::broker) fn start_fetching(
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

    pub(in crate::broker) fn stop_fetching(&mut self, cx: &mut Context, partition: Partition) {
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

    pub(in crate::broker) fn stop_all_fetching(&mut self, cx: &mut Context) {
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
        if !fetcher.partitions.iter().any(|following| following.is_ready(now)) {
            let waiting = fetcher.partitions.iter().filter(|following| following.can_ask());
            if let Some(next) = waiting.map(|following| following.paused_until).min() {
                fetcher.set_alarm(cx, next);
            }
            return;
        }
        let Some(connection) = fetcher.connection else {
            let timeout =
                (CONNECTION_SETUP_TIMEOUT * (1 << fetcher.hung.min(2))).min(CONNECTION_SETUP_TIMEOUT_MAX);
            // Neither does the thread wait longer for a connection than for an answer (NetworkClientUtils.awaitReady).
            let timeout = timeout.min(cx.spec.broker_config.replica_socket_timeout);
            let connection = cx.connect(NodeId::Broker(source));
            let fetcher = self.fetcher(source).expect("found above");
            fetcher.connection = Some(connection);
            fetcher.phase = Phase::Dialling { until: now + timeout };
            return fetcher.set_alarm(cx, now + timeout);
        };
        let asks =
            |step: Step| fetcher.partitions.iter().any(|other| other.is_ready(now) && other.step == step);
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

    pub(in crate::broker) fn fetcher_dialled(
        &mut self,
        cx: &mut Context,
        source: BrokerId,
        dialled: Dialled,
    ) {
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

    pub(in crate::broker) fn fetcher_readable(&mut self, cx: &mut Context, source: BrokerId) {
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
                    let bytes = bytes_of(batches);
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
            other => other.misplaced(),
        }
        if let Some(fetcher) = self.fetcher(source) {
            fetcher.phase = Phase::Idle;
            self.fetcher_turn(cx, source);
        }
    }

    /// One partition's error; its neighbours go on.
    pub(in crate::broker) fn partition_failed(
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

    pub(in crate::broker) fn fetcher_alarm(&mut self, cx: &mut Context, source: BrokerId) {
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
    pub(in crate::broker) fn fetchers_resume(&mut self, cx: &mut Context) {
        let now = cx.now;
        for fetcher in &mut self.memory.fetchers {
            if matches!(fetcher.phase, Phase::Appending { until, .. } if until <= now) {
                fetcher.set_alarm(cx, now);
            }
        }
    }
}
