//! Produce: the checks in their order, the append, and what acks=all waits for.

use std::sync::Arc;

use crate::broker::membership::image::Image;
use crate::broker::replicas::Replicas;
use crate::broker::replicas::producer_state::{Expiration, Verdict};
use crate::broker::replicas::replica::Role;
use crate::error::ErrorCode;
use crate::happening::{Fact, Role as ReplicaRole};
use crate::ids::{HappeningId, Offset, Partition, RecordId};
use crate::mutant::{Mutant, wrong};
use crate::protocol::batch::{Content, LogBatch, RecordBatch, total};
use crate::protocol::{Acks, Body, ProduceRequest, ProduceResult};
use crate::spec::Spec;
use crate::world::context::Context;

/// An acks=all append, until the high watermark has passed it in every partition.
#[derive(Clone, Debug)]
pub struct DelayedProduce {
    /// As it would be answered now: REQUEST_TIMED_OUT for what still waits.
    results: Vec<ProduceResult>,
    waiting: Vec<Waiting>,
}

/// One partition of it.
#[derive(Clone, Copy, Debug)]
pub struct Waiting {
    result: usize,
    base_offset: Offset,
    required_offset: Offset,
}

impl Waiting {
    /// For the result at this place.
    pub fn new(result: usize, stored: &Stored) -> Waiting {
        Waiting { result, base_offset: stored.base_offset, required_offset: stored.next_offset }
    }
}

impl DelayedProduce {
    pub fn new(results: Vec<ProduceResult>, waiting: Vec<Waiting>) -> DelayedProduce {
        DelayedProduce { results, waiting }
    }

    /// The partitions that are not decided.
    pub fn waiting(&self) -> impl Iterator<Item = Partition> + '_ {
        self.waiting.iter().map(|entry| self.results[entry.result].partition)
    }

    /// Writes down what it waits for.
    pub fn note_waits(&self, cx: &mut Context, request: &ProduceRequest) {
        for entry in &self.waiting {
            let (partition, batch) = &request.partitions[entry.result];
            let required_offset = entry.required_offset;
            cx.note(Fact::ProduceWaits { partition: *partition, batch: batch.id, required_offset });
        }
    }

    /// Decides what can be decided. True: that is every partition.
    pub fn try_complete(&mut self, cx: &Context, replicas: &Replicas, image: &Image) -> bool {
        let DelayedProduce { results, waiting } = self;
        waiting.retain(|entry| {
            let partition = results[entry.result].partition;
            match replicas.commitment(cx, image, partition, entry.required_offset) {
                Some(outcome) => {
                    let result = outcome.map(|()| entry.base_offset);
                    results[entry.result] = produce_result(&cx.spec, image, partition, result);
                    false
                }
                None => true,
            }
        });
        waiting.is_empty()
    }

    /// Where its time is up, what still waits is REQUEST_TIMED_OUT. The data stays.
    pub fn complete(self) -> Body {
        Body::ProduceResponse { partitions: self.results }
    }
}

/// What an accepted batch came to.
#[derive(Clone, Copy, Debug)]
pub struct Stored {
    pub base_offset: Offset,
    next_offset: Offset,
    /// None: it was there already.
    pub appended: Option<HappeningId>,
    pub high_watermark: Option<HappeningId>,
}

pub fn produce_result(
    spec: &Spec,
    image: &Image,
    partition: Partition,
    result: Result<Offset, ErrorCode>,
) -> ProduceResult {
    let named =
        spec.version.errors_name_the_leader() && matches!(result, Err(ErrorCode::NotLeaderOrFollower));
    let current_leader = if named { image.current_leader(partition) } else { None };
    ProduceResult { partition, result, current_leader }
}

impl Replicas {
    /// broker.md §2.2, from check 2 on.
    pub fn append_as_leader(
        &mut self,
        cx: &mut Context,
        image: &Image,
        partition: Partition,
        batch: &Arc<RecordBatch>,
        acks: Acks,
    ) -> Result<Stored, ErrorCode> {
        let version = cx.spec.version;
        let min_isr = image.effective_min_insync_replicas(&cx.spec, partition);
        let max_bytes = image.max_message_bytes(&cx.spec, partition);
        self.check_hosted(image, partition)?;
        let expiration = Expiration {
            after: cx.spec.broker_config.producer_id_expiration,
            now: cx.now,
            process_started: self.uptime.started,
        };
        let replica = self.get_mut(partition).expect("checked above");
        let (Role::Leader(leading), Some(leader_epoch)) = (&replica.role, replica.leader_epoch) else {
            return Err(ErrorCode::NotLeaderOrFollower);
        };
        if acks == Acks::All && leading.isr.len() < min_isr && !wrong(Mutant::NoMinIsr) {
            return Err(ErrorCode::NotEnoughReplicas);
        }
        if batch.bytes > max_bytes {
            return Err(ErrorCode::MessageTooLarge);
        }
        if let Some(stamp) = batch.stamp {
            match replica.log.judge(stamp, batch.count(), expiration, version) {
                Verdict::Append => {}
                Verdict::Duplicate { base_offset, next_offset } => {
                    cx.note(Fact::DuplicateRecognised { partition, batch: batch.id, base_offset });
                    return Ok(Stored { base_offset, next_offset, appended: None, high_watermark: None });
                }
                Verdict::Refuse(error) => return Err(error),
            }
        }
        let base_offset = replica.log.end();
        if version.has_leader_epochs() || batch.bytes < batch.uncompressed_bytes {
            let entry = LogBatch { base_offset, leader_epoch, batch: Arc::clone(batch) };
            replica.log.append(entry, cx.now, version);
        } else {
            for message in messages(batch, cx) {
                let base_offset = replica.log.end();
                replica.log.append(LogBatch { base_offset, leader_epoch, batch: message }, cx.now, version);
            }
        }
        let next_offset = replica.log.end();
        let arrival = cx.cause;
        let appended = cx.note(Fact::Appended {
            partition,
            role: ReplicaRole::Leader,
            base_offset,
            last_offset: Offset(next_offset.0 - 1),
            leader_epoch,
            batch: batch.id,
        });
        cx.cause = Some(appended);
        replica.maybe_flush(cx, image, partition);
        let high_watermark = self.maybe_increment_high_watermark(cx, image, partition);
        cx.cause = arrival;
        Ok(Stored { base_offset, next_offset, appended: Some(appended), high_watermark })
    }

    /// Is the partition here at all (broker.md §2.2.7)?
    pub(super) fn check_hosted(&self, image: &Image, partition: Partition) -> Result<(), ErrorCode> {
        match self.get(partition) {
            Some(_) if self.is_offline => Err(ErrorCode::KafkaStorageError),
            Some(_) => Ok(()),
            None if image.partition(partition).is_some() => Err(ErrorCode::NotLeaderOrFollower),
            None => Err(ErrorCode::UnknownTopicOrPartition),
        }
    }

    /// What became of an append up to `required_offset` (broker.md §2.4). None: it has to wait.
    fn commitment(
        &self,
        cx: &Context,
        image: &Image,
        partition: Partition,
        required_offset: Offset,
    ) -> Option<Result<(), ErrorCode>> {
        if let Err(error) = self.check_hosted(image, partition) {
            return Some(Err(error));
        }
        let replica = self.get(partition).expect("checked above");
        let Some(leading) = replica.leading() else { return Some(Err(ErrorCode::NotLeaderOrFollower)) };
        if replica.high_watermark < required_offset && !wrong(Mutant::AckOnAppend) {
            return None;
        }
        let min_isr = image.effective_min_insync_replicas(&cx.spec, partition);
        let enough = min_isr <= leading.maximal_isr().len();
        Some(if enough { Ok(()) } else { Err(ErrorCode::NotEnoughReplicasAfterAppend) })
    }
}

/// The formats before v2 know batches only as compressed ones: each record of another is an entry of its own.
fn messages(batch: &RecordBatch, cx: &Context) -> Vec<Arc<RecordBatch>> {
    /// Offset, size, CRC, magic, attributes, timestamp, and the lengths of key and value.
    const OVERHEAD: u32 = 34;
    let message = |&record: &RecordId| {
        let offered = cx.ledger.get(record);
        let bytes = total([OVERHEAD, offered.key_bytes().unwrap_or(0), offered.value_bytes].into_iter());
        Arc::new(RecordBatch {
            id: batch.id,
            stamp: None,
            transactional: false,
            content: Content::Records(vec![record]),
            bytes,
            uncompressed_bytes: bytes,
            largest_record_bytes: bytes,
        })
    };
    batch.records().iter().map(message).collect()
}
