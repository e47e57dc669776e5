//! How a follower copies: one thread for each broker it follows, and how each goes on.

use std::sync::Arc;

use crate::broker::membership::Membership;
use crate::broker::membership::controller_link::CONNECTION_SETUP_TIMEOUT;
use crate::broker::replicas::Replicas;
use crate::broker::replicas::fetcher::{Fetcher, Following, Phase, Step};
use crate::error::ErrorCode;
use crate::happening::{Disconnect, Truncation};
use crate::ids::{BrokerId, ConnectionId, LeaderEpoch, NodeId, Offset, Partition};
use crate::mutant::{Mutant, wrong};
use crate::network::{Broken, Dialled, Read};
use crate::protocol::{Envelope, PartitionState};
use crate::rng::Stream;
use crate::time::{Duration, Time};
use crate::world::context::Context;

/// `socket.connection.setup.timeout.max.ms`.
const CONNECTION_SETUP_TIMEOUT_MAX: Duration = Duration::from_secs(30);

/// All of a broker's fetcher threads.
#[derive(Clone, Debug, Default)]
pub struct Fetchers(Vec<Fetcher>);

impl Fetchers {
    /// The broker that is fetched from over this connection.
    pub fn source_of(&self, connection: ConnectionId) -> Option<BrokerId> {
        let fetcher = self.0.iter().find(|fetcher| fetcher.connection == Some(connection))?;
        Some(fetcher.source)
    }

    pub fn get(&mut self, source: BrokerId) -> Option<&mut Fetcher> {
        self.0.iter_mut().find(|fetcher| fetcher.source == source)
    }

    /// What the partition's next request will be, if that thread still follows it.
    pub fn next_step(&mut self, source: BrokerId, partition: Partition, step: Step) {
        if let Some(following) = self.get(source).and_then(|fetcher| fetcher.following(partition)) {
            following.step = step;
        }
    }

    /// Is this what was asked about? A partition may have got another leader, epoch or end since.
    pub(super) fn is_current(&mut self, replicas: &Replicas, source: BrokerId, partition: Partition) -> bool {
        let end = replicas.get(partition).map(|replica| replica.log.end());
        let following = self.get(source).and_then(|fetcher| fetcher.following(partition));
        following.is_some_and(|following| following.asked.take().is_some_and(|asked| Some(asked) == end))
    }

    /// Follows the leader that the controller has named, if there is one that this broker knows.
    pub fn follow(
        &mut self,
        cx: &mut Context,
        replicas: &mut Replicas,
        membership: &Membership,
        partition: Partition,
        state: &PartitionState,
        is_new_epoch: bool,
    ) {
        if membership.life.is_stopping() && (state.leader.is_none() || !state.isr.contains(membership.id)) {
            return self.stop(cx, partition);
        }
        if !is_new_epoch {
            return;
        }
        self.stop(cx, partition);
        let knows = |leader| cx.spec.version.uses_zookeeper() || membership.image.is_registered(leader);
        if let Some(leader) = state.leader.filter(|&leader| knows(leader)) {
            if !cx.spec.version.has_leader_epochs() || wrong(Mutant::TruncatesToHighWatermark) {
                let high_watermark =
                    replicas.get(partition).map_or(Offset(0), |replica| replica.high_watermark);
                replicas.truncate(cx, partition, high_watermark, Truncation::HighWatermark);
            }
            self.start(cx, replicas, membership, partition, leader, state.leader_epoch);
        }
    }

    fn start(
        &mut self,
        cx: &mut Context,
        replicas: &mut Replicas,
        membership: &Membership,
        partition: Partition,
        source: BrokerId,
        leader_epoch: LeaderEpoch,
    ) {
        let version = cx.spec.version;
        let Some(replica) = replicas.get(partition) else { return };
        let knows_epoch = replica.log.epochs().latest().is_some();
        let high_watermark = replica.high_watermark;
        let step = if knows_epoch && version.has_leader_epochs() && !version.fetch_carries_divergence() {
            Step::Truncating
        } else {
            Step::Fetching
        };
        if !knows_epoch {
            // Nothing to go by but the own high watermark.
            replicas.truncate(cx, partition, high_watermark, Truncation::HighWatermark);
        }
        let following = Following { partition, leader_epoch, step, paused_until: Time::ZERO, asked: None };
        if self.get(source).is_none() {
            // A new thread takes its time to start and to connect: about one follower in four is there before its
            // leader has applied the same record (broker.md §6.9.2). ZooKeeper's controller tells them one by one.
            let slowest = cx.spec.costs.metadata_apply_max;
            let quickest = if version.uses_zookeeper() { slowest } else { slowest * 3 / 4 };
            let start = cx.draw(Stream::Jitter, quickest, slowest);
            self.0.push(Fetcher {
                source,
                connection: None,
                phase: Phase::Starting { until: cx.now + start },
                partitions: Vec::new(),
                correlation: 0,
                hung: 0,
                alarm: Time::NEVER,
            });
            let fetcher = self.0.last_mut().expect("just pushed");
            fetcher.set_alarm(cx, cx.now + start);
        }
        let fetcher = self.get(source).expect("there or made above");
        let place = fetcher.partitions.partition_point(|other| other.partition < partition);
        fetcher.partitions.insert(place, following);
        self.turn(cx, replicas, membership, source);
    }

    pub fn stop(&mut self, cx: &mut Context, partition: Partition) {
        for fetcher in &mut self.0 {
            fetcher.partitions.retain(|following| following.partition != partition);
        }
        // A thread without partitions ends, and its connection with it.
        let idle = self.0.iter().filter(|fetcher| fetcher.partitions.is_empty());
        let connections: Vec<_> = idle.filter_map(|fetcher| fetcher.connection).collect();
        self.0.retain(|fetcher| !fetcher.partitions.is_empty());
        for connection in connections {
            cx.close(connection, Disconnect::Closed);
        }
    }

    pub fn stop_all(&mut self, cx: &mut Context) {
        for fetcher in std::mem::take(&mut self.0) {
            if let Some(connection) = fetcher.connection {
                cx.close(connection, Disconnect::Closed);
            }
        }
    }

    /// The thread's loop, from wherever it can go on.
    fn turn(&mut self, cx: &mut Context, replicas: &Replicas, membership: &Membership, source: BrokerId) {
        let now = cx.now;
        let Some(fetcher) = self.get(source) else { return };
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
            fetcher.connection = Some(cx.connect(NodeId::Broker(source)));
            fetcher.phase = Phase::Dialling { until: now + timeout };
            return fetcher.set_alarm(cx, now + timeout);
        };
        let asks =
            |step: Step| fetcher.partitions.iter().any(|other| other.is_ready(now) && other.step == step);
        let step = [Step::Truncating, Step::OutOfRange]
            .into_iter()
            .find(|&step| asks(step))
            .unwrap_or(Step::Fetching);
        let own = (membership.id, membership.life.broker_epoch.unwrap_or_default());
        let body = fetcher.request(cx, replicas, own, step);
        let timeout = now + cx.spec.broker_config.replica_socket_timeout;
        fetcher.correlation += 1;
        fetcher.phase = Phase::Waiting { until: timeout };
        let correlation = fetcher.correlation;
        fetcher.set_alarm(cx, timeout);
        if cx.send(connection, correlation, body) == Err(Broken) {
            self.failed(cx, replicas, membership, source, Disconnect::ByPeer);
        }
    }

    pub fn on_dialled(
        &mut self,
        cx: &mut Context,
        replicas: &Replicas,
        membership: &Membership,
        source: BrokerId,
        dialled: Dialled,
    ) {
        let Some(fetcher) = self.get(source) else { return };
        match dialled {
            Dialled::Connected => {
                fetcher.phase = Phase::Idle;
                fetcher.hung = 0;
                self.turn(cx, replicas, membership, source);
            }
            Dialled::Refused => self.failed(cx, replicas, membership, source, Disconnect::ByPeer),
        }
    }

    /// Reads until there is an answer that takes effect at once. Records take their time to be appended first.
    pub fn next_answer(
        &mut self,
        cx: &mut Context,
        replicas: &Replicas,
        membership: &Membership,
        source: BrokerId,
    ) -> Option<Arc<Envelope>> {
        loop {
            let fetcher = self.get(source)?;
            let connection = fetcher.connection?;
            if matches!(fetcher.phase, Phase::Appending { .. }) {
                return None; // the thread is busy
            }
            match cx.read(connection) {
                Read::Nothing => return None,
                Read::Closed => {
                    self.failed(cx, replicas, membership, source, Disconnect::ByPeer);
                    return None;
                }
                Read::Message(answer) => {
                    let is_awaited = matches!(fetcher.phase, Phase::Waiting { .. })
                        && answer.message.correlation == fetcher.correlation;
                    if is_awaited && !fetcher.appends(cx, replicas, &membership.image, &answer) {
                        return Some(answer);
                    }
                }
            }
        }
    }

    /// An answer has taken effect.
    pub fn go_on(
        &mut self,
        cx: &mut Context,
        replicas: &Replicas,
        membership: &Membership,
        source: BrokerId,
    ) {
        if let Some(fetcher) = self.get(source) {
            fetcher.phase = Phase::Idle;
            self.turn(cx, replicas, membership, source);
        }
    }

    /// One partition's error; its neighbours go on.
    pub fn partition_failed(
        &mut self,
        cx: &mut Context,
        source: BrokerId,
        partition: Partition,
        error: ErrorCode,
    ) {
        let until = cx.now + cx.spec.broker_config.replica_fetch_backoff;
        let Some(following) = self.get(source).and_then(|fetcher| fetcher.following(partition)) else {
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
    fn failed(
        &mut self,
        cx: &mut Context,
        replicas: &Replicas,
        membership: &Membership,
        source: BrokerId,
        because: Disconnect,
    ) {
        let until = cx.now + cx.spec.broker_config.replica_fetch_backoff;
        let Some(fetcher) = self.get(source) else { return };
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
        self.turn(cx, replicas, membership, source);
    }

    /// A thread goes on, or has waited long enough. Returns the answer whose records are appended now.
    pub fn on_alarm(
        &mut self,
        cx: &mut Context,
        replicas: &Replicas,
        membership: &Membership,
        source: BrokerId,
    ) -> Option<Arc<Envelope>> {
        let now = cx.now;
        let fetcher = self.get(source)?;
        if fetcher.alarm > now {
            return None;
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
            fetcher.set_alarm(cx, until);
            return None;
        }
        match &fetcher.phase {
            Phase::Idle => self.turn(cx, replicas, membership, source),
            Phase::Starting { .. } => self.go_on(cx, replicas, membership, source),
            Phase::Dialling { .. } | Phase::Waiting { .. } => {
                self.failed(cx, replicas, membership, source, Disconnect::TimedOut);
            }
            Phase::Appending { .. } if replicas.disk.stalled => {}
            Phase::Appending { answer, .. } => {
                cx.cause = Some(answer.sent);
                return Some(Arc::clone(answer));
            }
        }
        None
    }

    /// The disk writes again.
    pub fn resume(&mut self, cx: &mut Context) {
        let now = cx.now;
        for fetcher in &mut self.0 {
            if matches!(fetcher.phase, Phase::Appending { until, .. } if until <= now) {
                fetcher.set_alarm(cx, now);
            }
        }
    }

    #[cfg(test)]
    pub fn first(&self) -> &Fetcher {
        &self.0[0]
    }
}
