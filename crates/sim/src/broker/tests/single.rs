//! One broker by itself, fed with metadata, fetches and answers by hand: the cases of `PartitionTest` and its like.

use std::sync::Arc;

use crate::broker::Broker;
use crate::broker::replicas::fetch::{Fetched, Room};
use crate::error::ErrorCode;
use crate::happening::Fact;
use crate::ids::{
    BatchId, BrokerEpoch, BrokerId, Brokers, ConnectionId, LeaderEpoch, NodeId, Offset, PartitionEpoch,
    RecordId,
};
use crate::protocol::batch::{Content, ProducerStamp, RecordBatch};
use crate::protocol::transaction::Isolation;
use crate::protocol::{
    Acks, AlterPartitionResult, Body, Envelope, FetchAnswer, FetchPartition, FetchRequest, ListOffset,
    ListOffsetAt, ListOffsetResult, Message, MetadataRecord, PartitionState,
};
use crate::script::Boot;
use crate::spec::Spec;
use crate::time::{Duration, Time};
use crate::version::KafkaVersion;
use crate::view::Lifecycle;
use crate::world::context::Context;

use super::harness::{Cluster, P0};

pub struct Single {
    pub cx: Context,
    pub broker: Broker,
    pub replicas: Vec<u32>,
}

impl Single {
    /// Broker 1 of that many, running; all are registered with epoch 100 + id and unfenced. Replicas are all of them.
    pub fn new(version: KafkaVersion, brokers: u32, min_isr: u32) -> Single {
        let mut cluster = Cluster::new(version, brokers);
        cluster.min_isr(min_isr);
        Single::of(&cluster.spec, (1..=brokers).collect())
    }

    pub fn of(spec: &Spec, replicas: Vec<u32>) -> Single {
        let mut cx = Context::new(Arc::new(spec.clone()));
        cx.node = NodeId::Broker(BrokerId(1));
        let mut broker = Broker::new(spec, BrokerId(1));
        broker.start(&mut cx, Boot::default());
        broker.membership.is_published = true;
        broker.membership.life.state = Lifecycle::Running;
        broker.membership.life.broker_epoch = Some(BrokerEpoch(101));
        let mut single = Single { cx, broker, replicas };
        for known in &spec.brokers {
            single.register(known.id.0, 100 + u64::from(known.id.0), false, false);
        }
        single
    }

    pub fn at(&mut self, millis: u64) -> &mut Single {
        self.cx.now = Time::from_millis(millis);
        self.broker.replicas.uptime.awake = self.cx.now;
        self
    }

    pub fn register(&mut self, id: u32, epoch: u64, fenced: bool, in_controlled_shutdown: bool) {
        let record = MetadataRecord::BrokerRegistration {
            broker: BrokerId(id),
            broker_epoch: BrokerEpoch(epoch),
            fenced,
            in_controlled_shutdown,
        };
        self.broker.apply_records(&mut self.cx, &[record]);
    }

    pub fn state(
        &self,
        leader: Option<u32>,
        epoch: u32,
        partition_epoch: u32,
        isr: &[u32],
    ) -> PartitionState {
        PartitionState {
            replicas: self.replicas.iter().copied().map(BrokerId).collect(),
            leader: leader.map(BrokerId),
            leader_epoch: LeaderEpoch(epoch),
            partition_epoch: PartitionEpoch(partition_epoch),
            isr: isr.iter().copied().map(BrokerId).collect(),
            ..PartitionState::default()
        }
    }

    /// Metadata about the partition arrives and is applied.
    pub fn metadata(
        &mut self,
        leader: Option<u32>,
        epoch: u32,
        partition_epoch: u32,
        isr: &[u32],
    ) -> &mut Single {
        let state = Arc::new(self.state(leader, epoch, partition_epoch, isr));
        self.broker.apply_records(&mut self.cx, &[MetadataRecord::Partition { partition: P0, state }]);
        self
    }

    /// So many batches of one record.
    pub fn append(&mut self, count: u32) -> &mut Single {
        for _ in 0..count {
            self.produce(None, Acks::Leader).expect("it leads");
        }
        self
    }

    pub fn produce(&mut self, stamp: Option<ProducerStamp>, acks: Acks) -> Result<(), ErrorCode> {
        let batch = batch(stamp, false, Content::Records(vec![RecordId(0)]));
        let image = &self.broker.membership.image;
        self.broker.replicas.append_as_leader(&mut self.cx, image, P0, &batch, acks).map(|_| ())
    }

    /// As the leader's own log takes it, whatever it holds.
    pub fn write(
        &mut self,
        stamp: Option<ProducerStamp>,
        transactional: bool,
        content: Content,
    ) -> &mut Single {
        let batch = batch(stamp, transactional, content);
        let image = &self.broker.membership.image;
        let written = self.broker.replicas.append_as_leader(&mut self.cx, image, P0, &batch, Acks::All);
        assert!(written.is_ok());
        self
    }

    pub fn asked(epoch: Option<u32>, last_epoch: Option<u32>, offset: u32) -> FetchPartition {
        FetchPartition {
            partition: P0,
            fetch_offset: Offset(offset),
            current_leader_epoch: epoch.map(LeaderEpoch),
            last_fetched_epoch: last_epoch.map(LeaderEpoch),
            log_start_offset: Offset(0),
            max_bytes: 1 << 20,
        }
    }

    /// A follower's fetch, in the epoch that the leader is in.
    pub fn follow(&mut self, follower: u32, offset: u32) -> Result<FetchAnswer, ErrorCode> {
        let epoch =
            self.broker.replicas.get(P0).and_then(|replica| replica.leader_epoch).map(|epoch| epoch.0);
        self.fetch(Some((follower, 100 + u64::from(follower))), &Single::asked(epoch, None, offset))
    }

    pub fn fetch(
        &mut self,
        from: Option<(u32, u64)>,
        asked: &FetchPartition,
    ) -> Result<FetchAnswer, ErrorCode> {
        let replica = from.map(|(id, epoch)| (BrokerId(id), BrokerEpoch(epoch)));
        self.fetch_as(&FetchRequest { replica, ..whole() }, asked)
    }

    pub fn fetch_as(
        &mut self,
        request: &FetchRequest,
        asked: &FetchPartition,
    ) -> Result<FetchAnswer, ErrorCode> {
        let room = Room { bytes: 1 << 20, empty: true };
        let Broker { replicas, membership, .. } = &mut self.broker;
        let Fetched { answer, high_watermark } =
            replicas.fetch_partition(&mut self.cx, membership, request, asked, room)?;
        if let Some(moved) = high_watermark {
            self.broker.high_watermark_moved(&mut self.cx, P0, moved);
        }
        Ok(answer)
    }

    /// The periodic ISR check.
    pub fn shrink(&mut self) {
        self.broker.replicas.shrink_isrs(&mut self.cx, &mut self.broker.membership);
    }

    /// A consumer asks for the latest offset.
    pub fn latest(&mut self, from_replica: bool) -> Result<u32, ErrorCode> {
        let at = ListOffsetAt::Latest;
        let asked = ListOffset { partition: P0, current_leader_epoch: None, at, from_replica };
        let Broker { replicas, membership, .. } = &self.broker;
        match replicas.list_offsets(self.cx.spec.version, &membership.image, &[asked], None) {
            Body::ListOffsetsResponse { partitions } => match &partitions[..] {
                [ListOffsetResult { result, .. }] => result.map(|(offset, _)| offset.0),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    /// A consumer's fetch comes in over a connection and is parked if there is nothing.
    pub fn consumer_fetch(&mut self, epoch: Option<u32>, offset: u32) -> ConnectionId {
        let request = FetchRequest { partitions: vec![Single::asked(epoch, None, offset)], ..whole() };
        let connection = self.accepted();
        let envelope = Arc::new(Envelope {
            connection,
            from: NodeId::World,
            to: self.cx.node,
            bytes: 0,
            sent: crate::ids::HappeningId(0),
            refuse: None,
            message: Message { correlation: 1, body: Body::FetchRequest(request) },
        });
        self.broker.server.accept_for_test(connection);
        self.broker.handle(&mut self.cx, connection, envelope);
        connection
    }

    /// A connection that somebody has opened to the broker.
    fn accepted(&mut self) -> ConnectionId {
        let own = self.cx.node;
        self.cx.process_mut(own).running = true;
        self.cx.process_mut(own).listening = true;
        self.cx.node = NodeId::Broker(BrokerId(2));
        let connection = self.cx.connect(own);
        self.cx.node = own;
        connection
    }

    /// The ISRs proposed so far.
    pub fn proposals(&self) -> Vec<Vec<u32>> {
        self.facts(|fact| match fact {
            Fact::IsrProposed { isr, .. } => Some(isr.iter().map(|id| id.0).collect()),
            _ => None,
        })
    }

    pub fn facts<T>(&self, pick: impl Fn(&Fact) -> Option<T>) -> Vec<T> {
        self.cx.notes.iter().filter_map(|note| pick(&note.fact)).collect()
    }

    /// The controller's answer to what is on its way.
    pub fn answer(&mut self, result: Result<PartitionState, ErrorCode>) -> &mut Single {
        // The request leaves.
        _ = self.broker.membership.isr_changes.request(BrokerEpoch(101));
        let results = vec![AlterPartitionResult { partition: P0, result }];
        self.broker.on_alter_partition_response(&mut self.cx, &Ok(results));
        self
    }

    /// (committed, maximal).
    pub fn isr(&self) -> (Vec<u32>, Vec<u32>) {
        let ids = |isr: Brokers| isr.iter().map(|id| id.0).collect();
        let leading = self.broker.replicas.get(P0).and_then(|replica| replica.leading()).expect("it leads");
        (ids(leading.isr), ids(leading.maximal_isr()))
    }

    pub fn high_watermark(&self) -> u32 {
        self.broker.replicas.get(P0).expect("it is here").high_watermark.0
    }

    pub fn log_end(&self) -> u32 {
        self.broker.replicas.get(P0).expect("it is here").log.end().0
    }

    pub fn epochs(&self) -> Vec<(u32, u32)> {
        let replica = self.broker.replicas.get(P0).expect("it is here");
        replica.log.epochs().entries().iter().map(|&(epoch, start)| (epoch.0, start.0)).collect()
    }
}

/// The records of an answer, or what else it says.
#[track_caller]
pub fn offsets(answer: Result<FetchAnswer, ErrorCode>) -> Vec<u32> {
    match answer {
        Ok(FetchAnswer::Records { batches, .. }) => batches.iter().map(|batch| batch.base_offset.0).collect(),
        other => panic!("no records: {other:?}"),
    }
}

#[test]
fn what_comes_over_an_earlier_connection_is_not_believed() {
    let mut single = Single::new(KafkaVersion::V2_8, 2, 1);
    let fenced = |fenced| {
        [MetadataRecord::BrokerRegistration {
            broker: BrokerId(2),
            broker_epoch: BrokerEpoch(102),
            fenced,
            in_controlled_shutdown: false,
        }]
    };
    single.broker.membership.update_metadata(ConnectionId(4), &fenced(true));
    assert!(!single.broker.membership.image.is_active(BrokerId(2)));
    single.broker.membership.update_metadata(ConnectionId(5), &fenced(false));
    single.broker.membership.update_metadata(ConnectionId(4), &fenced(true));
    assert!(single.broker.membership.image.is_active(BrokerId(2)), "TCP has brought it late");
}

fn batch(stamp: Option<ProducerStamp>, transactional: bool, content: Content) -> Arc<RecordBatch> {
    let (id, bytes) = (BatchId(0), 70);
    let sizes = RecordBatch {
        id,
        stamp,
        transactional,
        content,
        bytes,
        uncompressed_bytes: 70,
        largest_record_bytes: 10,
    };
    Arc::new(sizes)
}

/// A consumer's fetch of nothing yet, without limits that matter.
pub fn whole() -> FetchRequest {
    FetchRequest {
        replica: None,
        isolation: Isolation::ReadUncommitted,
        max_wait: Duration::from_millis(500),
        min_bytes: 1,
        max_bytes: 1 << 20,
        partitions: Vec::new(),
    }
}
