//! One producer against brokers that do as the test says: a context, a clock, and every request in the test's hands.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::audit::ledger::Offered;
use crate::config::{BrokerConfig, Costs, ProducerConfig, TopicConfig};
use crate::error::ErrorCode;
use crate::happening::{Disconnect, Fact, Happening};
use crate::ids::{
    BrokerId, Brokers, ClientId, ConnectionId, LeaderEpoch, MachineId, NodeId, Offset, Partition,
    ProducerEpoch, ProducerId, RecordId, TopicId,
};
use crate::network::{Dialled, End, Read, State};
use crate::producer::metrics::Metrics;
use crate::producer::{Instance, Producer};
use crate::protocol::{
    Body, ClusterMetadata, CurrentLeader, PartitionMetadata, ProduceRequest, ProduceResult,
};
use crate::spec::{BrokerSpec, ControllerSpec, Link, Links, PartitionSpec, ProducerSpec, Spec, TopicSpec};
use crate::time::{Duration, Time};
use crate::version::KafkaVersion;
use crate::world::context::Context;
use crate::world::queue::{Event, Timer};

pub(super) const CLIENT: NodeId = NodeId::Producer(ClientId(0));

pub(super) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// What a case is about; the rest is as the case file has it.
pub(super) struct Setup {
    pub version: KafkaVersion,
    pub seed: u64,
    pub brokers: u32,
    /// Who leads the partitions of topic `t`.
    pub leaders: Vec<u32>,
    pub config: ProducerConfig,
    /// There and back.
    pub round_trip: Duration,
    pub bootstrap: Vec<u32>,
    pub compression_permille: u32,
}

impl Setup {
    pub fn of(version: KafkaVersion) -> Setup {
        let mut config = ProducerConfig::defaults(version);
        config.linger = Duration::ZERO;
        Setup {
            seed: 7,
            version,
            brokers: 1,
            leaders: vec![1],
            config,
            round_trip: ms(2),
            bootstrap: vec![1],
            compression_permille: 1_000,
        }
    }

    /// Idempotent, one broker, batch backoff constant, delivery timeout as in the case file's Sender cases.
    pub fn idempotent() -> Setup {
        let mut setup = Setup::of(KafkaVersion::V4_3);
        setup.config.retry_backoff = ms(100);
        setup.config.retry_backoff_max = ms(100);
        setup.config.delivery_timeout = ms(1_500);
        setup.config.request_timeout = ms(5_000);
        setup
    }

    pub fn plain() -> Setup {
        let mut setup = Setup::idempotent();
        setup.config.enable_idempotence = false;
        setup
    }

    pub fn build(self) -> Harness {
        let brokers: Vec<BrokerSpec> = (1..=self.brokers)
            .map(|id| BrokerSpec { id: BrokerId(id), machine: MachineId(id as u8), rack: None })
            .collect();
        let partition = |number: u32| PartitionSpec {
            topic: TopicId(0),
            number,
            replicas: brokers.iter().map(|broker| broker.id).collect(),
        };
        let link = Link {
            latency: Duration::from_nanos(self.round_trip.nanos / 2),
            jitter: Duration::ZERO,
            bytes_per_second: None,
        };
        let spec = Spec {
            version: self.version,
            seed: self.seed,
            until: Time::NEVER,
            controller: ControllerSpec { machine: MachineId(0), quorum: 1 },
            broker_config: BrokerConfig::defaults(self.version),
            costs: Costs {
                send: Duration::ZERO,
                callback: Duration::ZERO,
                wake_up: Duration::ZERO,
                compression_permille: self.compression_permille,
                ..Costs::default()
            },
            links: Links { default: link, between: Vec::new() },
            topics: vec![
                TopicSpec {
                    name: "t".into(),
                    partitions: self.leaders.len() as u32,
                    config: TopicConfig::default(),
                },
                TopicSpec { name: "nope".into(), partitions: 1, config: TopicConfig::default() },
            ],
            partitions: (0..self.leaders.len() as u32)
                .map(partition)
                .chain([PartitionSpec { topic: TopicId(1), number: 0, replicas: Vec::new() }])
                .collect(),
            producers: vec![ProducerSpec {
                name: "p".into(),
                machine: MachineId(60),
                bootstrap: self.bootstrap.into_iter().map(BrokerId).collect(),
                config: Ok(self.config),
            }],
            consumers: Vec::new(),
            script: Vec::new(),
            brokers,
            warm: false,
        };
        let leaders = self.leaders.iter().map(|&leader| (Some(BrokerId(leader)), LeaderEpoch(0))).collect();
        Harness::new(spec, leaders)
    }
}

/// Partition, base offset or error, and the leader (with its epoch) that a refusal names.
pub(super) type PartitionAnswer = (u16, Result<u32, ErrorCode>, Option<(u32, u32)>);

/// A produce request that waits for the test's answer.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub at: u64,
    pub arrived: Time,
    pub broker: BrokerId,
    connection: ConnectionId,
    correlation: u32,
    pub request: ProduceRequest,
}

impl Asked {
    /// `p0[v0 v1] 0@0`: partition, values, then the first sequence and the epoch.
    fn describe(&self, cx: &Context) -> String {
        let batches = self.request.partitions.iter().map(|(partition, batch)| {
            let values: Vec<&str> = batch.records().iter().map(|&id| cx.ledger.value(id)).collect();
            let mut text = format!("p{}[{}]", partition.0, values.join(" "));
            if let Some(stamp) = batch.stamp {
                let _ = write!(text, " {}@{}", stamp.base_sequence, stamp.epoch);
            }
            text
        });
        batches.collect::<Vec<_>>().join(", ")
    }
}

pub(super) struct Harness {
    pub cx: Context,
    pub producer: Producer,
    /// By partition: who leads, and the epoch.
    pub leaders: Vec<(Option<BrokerId>, LeaderEpoch)>,
    pub known_brokers: Brokers,
    /// Requests in the order of their arrival, unanswered.
    pub asked: Vec<Asked>,
    /// Every produce request that arrived, as `ms: what`.
    pub arrived: Vec<String>,
    pub happenings: Vec<Happening>,
    pub metadata_requests: Vec<u64>,
    pub topic_error: Option<ErrorCode>,
    pub init_producer_id: Vec<Result<(ProducerId, ProducerEpoch), ErrorCode>>,
    pub init_requests: Vec<u64>,
    pub answers_init: bool,
    /// Answered at once with the next offset.
    pub auto_answer: bool,
    /// An application that sends the next keyed record as soon as fewer than so many are unanswered.
    pub closed_loop: Option<ClosedLoop>,
    next_offset: u32,
    pub events: u64,
}

pub(super) struct ClosedLoop {
    pub limit: u32,
    pub left: u32,
    pub key: Box<dyn FnMut() -> String>,
    pub value_bytes: u32,
}

impl Harness {
    fn new(spec: Spec, leaders: Vec<(Option<BrokerId>, LeaderEpoch)>) -> Harness {
        let spec = Arc::new(spec);
        let mut cx = Context::new(Arc::clone(&spec));
        let known_brokers = spec.brokers.iter().map(|broker| broker.id).collect();
        for broker in &spec.brokers {
            let process = cx.process_mut(NodeId::Broker(broker.id));
            process.running = true;
            process.listening = true;
        }
        cx.process_mut(CLIENT).running = true;
        cx.now = Time::from_millis(1_000_000);
        Harness {
            producer: Producer::new(&spec, ClientId(0)),
            cx,
            leaders,
            known_brokers,
            asked: Vec::new(),
            arrived: Vec::new(),
            happenings: Vec::new(),
            metadata_requests: Vec::new(),
            topic_error: None,
            init_producer_id: Vec::new(),
            init_requests: Vec::new(),
            answers_init: true,
            auto_answer: false,
            closed_loop: None,
            next_offset: 0,
            events: 0,
        }
    }

    /// Only connected, with metadata and a producer id: the sequences begin at 0.
    pub fn connected(mut self) -> Harness {
        self.start();
        let auto = std::mem::replace(&mut self.auto_answer, true);
        // A record that is refused before it is appended makes the client learn the topic.
        self.offer(TopicId(0), Some(0), None, "unserializable", 10, false);
        self.pass(ms(20_000));
        for broker in 1..=self.cx.spec.brokers.len() as u32 {
            self.open_connection(broker);
        }
        self.pass(ms(20_000));
        self.auto_answer = auto;
        self.begin();
        self
    }

    /// As if the broker had been sent to before.
    fn open_connection(&mut self, broker: u32) {
        let now = self.cx.now;
        let spec = Arc::clone(&self.cx.spec);
        self.enter();
        let instance = self.producer.instance.as_mut().expect("a producer");
        let node = instance.network.of_broker(&spec, BrokerId(broker));
        instance.network.connect_if_allowed(&mut self.cx, node, now);
        self.leave();
    }

    fn begin(&mut self) {
        let whole = self.cx.now.nanos.div_ceil(1_000_000_000) * 1_000_000_000;
        self.run_until(Time { nanos: whole });
        self.cx.now = Time { nanos: whole };
        self.cx.begin(Time { nanos: whole });
        self.happenings.clear();
        self.arrived.clear();
        self.asked.clear();
        self.metadata_requests.clear();
        self.init_requests.clear();
        self.next_offset = 0;
        self.events = 0;
        self.instance().metrics = Metrics::default();
    }

    pub fn instance(&mut self) -> &mut Instance {
        self.producer.instance.as_mut().expect("a producer")
    }

    /// The Sender's thread does nothing until then.
    pub fn stall_sender(&mut self, millis: u64) {
        let until = self.cx.now + ms(millis);
        self.instance().sender.free_at = until;
    }

    pub fn now(&self) -> u64 {
        self.cx.run_time().as_millis()
    }

    fn enter(&mut self) {
        self.cx.node = CLIENT;
        self.cx.cause = None;
    }

    fn leave(&mut self) {
        self.happenings.append(&mut self.cx.notes);
        self.cx.node = NodeId::World;
    }

    pub fn start(&mut self) {
        self.enter();
        self.producer.start(&mut self.cx, Duration::ZERO);
        self.leave();
    }

    pub fn send(&mut self, value: &str) -> RecordId {
        self.send_to(0, value)
    }

    /// Sends each value in a request of its own.
    pub fn send_each(&mut self, values: &[&str]) {
        for value in values {
            self.send(value);
            self.pass(ms(1));
        }
        self.pass(ms(1));
    }

    /// Key 3 bytes, value 5 bytes: 15 in the batch.
    pub fn send_to(&mut self, partition: u32, value: &str) -> RecordId {
        self.offer(TopicId(0), Some(partition), Some("key"), value, 5, true)
    }

    pub fn send_sized(&mut self, partition: u32, value: &str, bytes: u32) -> RecordId {
        self.offer(TopicId(0), Some(partition), None, value, bytes, true)
    }

    pub fn send_unkeyed(&mut self, value: &str, bytes: u32) -> RecordId {
        self.offer(TopicId(0), None, None, value, bytes, true)
    }

    pub fn offer(
        &mut self,
        topic: TopicId,
        partition: Option<u32>,
        key: Option<&str>,
        value: &str,
        value_bytes: u32,
        serializable: bool,
    ) -> RecordId {
        let at = self.cx.run_time();
        let key = key.map(|key| self.cx.ledger.keep(key));
        let value = self.cx.ledger.keep(value);
        let record = self.cx.ledger.offer(Offered {
            producer: ClientId(0),
            topic,
            partition,
            key,
            value,
            value_bytes,
            serializable,
            at,
        });
        self.enter();
        self.producer.send(&mut self.cx, record);
        self.leave();
        record
    }

    pub fn flush(&mut self) {
        self.enter();
        self.producer.flush(&mut self.cx);
        self.leave();
    }

    pub fn close(&mut self, timeout: Duration) {
        self.enter();
        self.producer.close(&mut self.cx, timeout);
        self.leave();
    }

    /// Lets time pass.
    pub fn pass(&mut self, span: Duration) {
        let until = self.cx.now + span;
        self.run_until(until);
        self.cx.now = until;
    }

    /// Until the run's clock shows this.
    pub fn to(&mut self, millis: u64) {
        let now = self.cx.run_time();
        self.pass(Time::from_millis(millis).since(now));
    }

    fn run_until(&mut self, until: Time) {
        while self.cx.queue.next_at().is_some_and(|at| at <= until) {
            let scheduled = self.cx.queue.pop().expect("an event");
            self.cx.now = scheduled.at;
            self.cx.cause = scheduled.cause;
            self.events += 1;
            assert!(self.events < 1_000_000, "an event storm");
            match scheduled.event {
                Event::Timer { node: CLIENT, timer: Timer::Producer(timer), .. } => {
                    self.cx.node = CLIENT;
                    self.producer.on_timer(&mut self.cx, timer);
                }
                Event::Dial { connection, attempt: u16::MAX } => self.dialled(connection),
                Event::Dial { connection, attempt } => self.cx.dial(connection, attempt),
                Event::Arrive { connection, towards } => self.arrive(connection, towards),
                Event::Resend { connection, towards } => self.cx.resend(connection, towards),
                other => panic!("{other:?}"),
            }
            self.leave();
            self.refill();
        }
    }

    pub fn refill(&mut self) {
        while let Some(closed_loop) = &mut self.closed_loop
            && closed_loop.left > 0
            && self.producer.unanswered() < closed_loop.limit
        {
            closed_loop.left -= 1;
            let (key, bytes) = ((closed_loop.key)(), closed_loop.value_bytes);
            self.offer(TopicId(0), None, Some(&key), "v", bytes, true);
        }
    }

    fn dialled(&mut self, connection: ConnectionId) {
        let held = self.cx.network.connection(connection);
        if !held.socket(End::Opener).open {
            return;
        }
        let connected = held.state == State::Established;
        if !connected {
            held.socket(End::Opener).open = false;
        }
        self.cx.node = CLIENT;
        let dialled = if connected { Dialled::Connected } else { Dialled::Refused };
        self.producer.on_dialled(&mut self.cx, connection, dialled);
    }

    fn arrive(&mut self, connection: ConnectionId, towards: End) {
        if !self.cx.arrive(connection, towards) {
            return;
        }
        match self.cx.network.connection(connection).node(towards) {
            CLIENT => {
                self.cx.node = CLIENT;
                self.producer.on_readable(&mut self.cx, connection);
            }
            NodeId::Broker(broker) => self.serve(broker, connection),
            other => panic!("{other:?}"),
        }
    }

    fn serve(&mut self, broker: BrokerId, connection: ConnectionId) {
        self.cx.node = NodeId::Broker(broker);
        loop {
            match self.cx.read(connection) {
                Read::Nothing => break,
                Read::Closed => {
                    self.cx.close(connection, Disconnect::ByPeer);
                    self.asked.retain(|asked| asked.connection != connection);
                    break;
                }
                Read::Message(envelope) => {
                    let correlation = envelope.message.correlation;
                    let body = envelope.message.body.clone();
                    self.answer_request(broker, connection, correlation, body);
                }
            }
        }
    }

    fn answer_request(&mut self, broker: BrokerId, connection: ConnectionId, correlation: u32, body: Body) {
        let at = self.now();
        let answer = match body {
            Body::ApiVersionsRequest => Body::ApiVersionsResponse,
            Body::MetadataRequest { topics } => {
                self.metadata_requests.push(at);
                Body::MetadataResponse(Arc::new(self.metadata(&topics)))
            }
            Body::InitProducerIdRequest => {
                self.init_requests.push(at);
                if !self.answers_init {
                    return;
                }
                let scripted = !self.init_producer_id.is_empty();
                let result = if scripted {
                    self.init_producer_id.remove(0)
                } else {
                    Ok((ProducerId(13_131), ProducerEpoch(0)))
                };
                Body::InitProducerIdResponse { result }
            }
            Body::ProduceRequest(request) => {
                let arrived = self.cx.now;
                let asked = Asked { at, arrived, broker, connection, correlation, request };
                self.arrived.push(format!("{at}: {}", asked.describe(&self.cx)));
                let expects_answer = asked.request.acks != crate::protocol::Acks::None;
                if expects_answer {
                    self.asked.push(asked);
                    if self.auto_answer {
                        let last = self.asked.len() - 1;
                        let offset = self.next_offset;
                        self.next_offset += 1;
                        self.ok(last, offset);
                    }
                }
                return;
            }
            other => panic!("{other:?}"),
        };
        let _ = self.cx.send(connection, correlation, answer);
    }

    fn metadata(&self, topics: &[TopicId]) -> ClusterMetadata {
        let mut metadata = ClusterMetadata { brokers: self.known_brokers, ..ClusterMetadata::default() };
        for &topic in topics {
            if topic == TopicId(1) || self.topic_error.is_some() {
                let error = self.topic_error.unwrap_or(ErrorCode::UnknownTopicOrPartition);
                metadata.topic_errors.push((topic, error));
                continue;
            }
            metadata.partitions.extend((0..).zip(&self.leaders).map(|(number, &(leader, leader_epoch))| {
                PartitionMetadata {
                    partition: Partition(number),
                    leader,
                    leader_epoch,
                    in_sync_replicas: self.known_brokers,
                }
            }));
        }
        metadata
    }

    /// Answers the `place`th unanswered request: all its partitions alike.
    pub fn answer(&mut self, place: usize, result: Result<u32, ErrorCode>) {
        let results: Vec<_> = (self.asked[place].request.partitions.iter())
            .map(|(partition, _)| (partition.0, result, None))
            .collect();
        self.answer_each(place, &results);
    }

    pub fn ok(&mut self, place: usize, offset: u32) {
        self.answer(place, Ok(offset));
    }

    pub fn refuse(&mut self, place: usize, error: ErrorCode) {
        self.answer(place, Err(error));
    }

    pub fn answer_each(&mut self, place: usize, results: &[PartitionAnswer]) {
        let asked = self.asked.remove(place);
        let partitions = results
            .iter()
            .map(|&(partition, result, leader)| ProduceResult {
                partition: Partition(partition),
                result: result.map(Offset),
                current_leader: leader.map(|(leader, epoch)| CurrentLeader {
                    leader: BrokerId(leader),
                    leader_epoch: LeaderEpoch(epoch),
                }),
            })
            .collect();
        self.cx.node = NodeId::Broker(asked.broker);
        let sent = self.cx.send(asked.connection, asked.correlation, Body::ProduceResponse { partitions });
        assert!(sent.is_ok(), "the client has gone");
        self.leave();
    }

    /// The brokers close every connection.
    pub fn disconnect(&mut self) {
        for connection in self.cx.network.connections.ids() {
            let NodeId::Broker(broker) = self.cx.network.connection(connection).node(End::Acceptor) else {
                continue;
            };
            self.cx.node = NodeId::Broker(broker);
            self.cx.close(connection, Disconnect::Closed);
        }
        self.asked.clear();
        self.leave();
    }

    /// A broker's process dies, or comes back.
    pub fn running(&mut self, broker: u32, running: bool) {
        let node = NodeId::Broker(BrokerId(broker));
        let process = self.cx.process_mut(node);
        process.running = running;
        process.listening = running;
        if !running {
            self.cx.drop_connections(node, false);
            self.asked.retain(|asked| asked.broker != BrokerId(broker));
        }
    }

    /// What the application heard, as `ms: ack v0 5`, `ms: fail v0 TimeoutException`, `threw …`.
    pub fn heard(&self) -> Vec<String> {
        let value = |record: &RecordId| self.cx.ledger.value(*record).to_string();
        let line = |happening: &Happening| {
            let at = happening.at.as_millis();
            match &happening.fact {
                Fact::Acknowledged { record, offset, .. } => {
                    let offset = offset.map_or(-1, |offset| offset.0 as i64);
                    Some(format!("{at}: ack {} {offset}", value(record)))
                }
                Fact::SendFailed { record, failure, thrown } => {
                    let how = if *thrown { "threw" } else { "fail" };
                    Some(format!("{at}: {how} {} {}", value(record), failure.exception))
                }
                Fact::FlushCompleted => Some(format!("{at}: flushed")),
                Fact::ProducerClosed => Some(format!("{at}: closed")),
                _ => None,
            }
        };
        self.happenings.iter().filter_map(line).collect()
    }

    /// The messages of failures, in order.
    pub fn messages(&self) -> Vec<String> {
        let message = |happening: &Happening| match &happening.fact {
            Fact::SendFailed { failure, .. } => Some(failure.message.to_string()),
            _ => None,
        };
        self.happenings.iter().filter_map(message).collect()
    }

    pub fn count(&self, wanted: impl Fn(&Fact) -> bool) -> usize {
        self.happenings.iter().filter(|happening| wanted(&happening.fact)).count()
    }

    pub fn metric(&self, name: &str) -> f64 {
        self.producer.metrics(self.cx.now).get(name).expect("a metric of that name")
    }

    pub fn epoch(&self) -> u16 {
        let instance = self.producer.instance.as_ref().expect("a producer");
        instance.transactions.as_ref().and_then(|own| own.id).expect("a producer id").1.0
    }
}

/// Lines without their times.
pub(super) fn untimed(lines: &[String]) -> Vec<&str> {
    lines.iter().map(|line| line.split_once(": ").map_or(line.as_str(), |(_, rest)| rest)).collect()
}
