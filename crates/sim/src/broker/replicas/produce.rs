//! Produce: the checks in their order, the append, and acks=all requests until the high watermark has passed them.

use std::sync::Arc;

use crate::broker::Broker;
use crate::broker::replicas::producer_state::{Expiration, Verdict};
use crate::broker::replicas::replica::Role;
use crate::broker::server::Serving;
use crate::error::ErrorCode;
use crate::happening::{Disconnect, Fact, Role as ReplicaRole};
use crate::ids::{ConnectionId, HappeningId, Offset, Partition, RecordId};
use crate::mutant::{Mutant, wrong};
use crate::protocol::batch::{Content, LogBatch, RecordBatch, total};
use crate::protocol::{Acks, Body, Envelope, ProduceRequest, ProduceResult};
use crate::time::Time;
use crate::world::context::Context;

/// An acks=all request, appended, not yet answered.
#[derive(Clone, Debug)]
pub struct ParkedProduce {
    correlation: u32,
    pub deadline: Time,
    /// As it would be answered now: REQUEST_TIMED_OUT for what still waits.
    results: Vec<ProduceResult>,
    waiting: Vec<Waiting>,
}

impl ParkedProduce {
    pub fn waits_for(&self, partition: Partition) -> bool {
        self.waiting.iter().any(|entry| self.results[entry.result].partition == partition)
    }
}

/// One partition of it.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    result: usize,
    base_offset: Offset,
    required_offset: Offset,
}

/// What an accepted batch came to.
#[derive(Clone, Copy, Debug)]
pub(in crate::broker) struct Stored {
    base_offset: Offset,
    next_offset: Offset,
    /// None: it was there already.
    appended: Option<HappeningId>,
    high_watermark: Option<HappeningId>,
}

impl Broker {
    pub(in crate::broker) fn handle_produce(
        &mut self,
        cx: &mut Context,
        connection: ConnectionId,
        envelope: &Envelope,
        request: &ProduceRequest,
    ) {
        let correlation = envelope.message.correlation;
        let arrival = cx.cause;
        let mut results = Vec::with_capacity(request.partitions.len());
        let mut waiting = Vec::with_capacity(request.partitions.len());
        let mut changed = Vec::with_capacity(request.partitions.len());
        for (partition, batch) in &request.partitions {
            let stored = match envelope.refuse {
                Some(error) => Err(error),
                None => self.append_as_leader(cx, *partition, batch, request.acks),
            };
            let result = match stored {
                Ok(stored) if request.acks == Acks::All => {
                    waiting.push(Waiting {
                        result: results.len(),
                        base_offset: stored.base_offset,
                        required_offset: stored.next_offset,
                    });
                    Err(ErrorCode::RequestTimedOut)
                }
                Ok(stored) => Ok(stored.base_offset),
                Err(error) => {
                    cx.note(Fact::ProduceRefused { partition: *partition, batch: batch.id, error });
                    Err(error)
                }
            };
            if let Ok(Stored { appended: Some(appended), high_watermark, .. }) = stored {
                changed.push((*partition, appended, high_watermark));
            }
            results.push(self.produce_result(cx, *partition, result));
        }
        let last = changed.last().map(|&(_, appended, high_watermark)| high_watermark.unwrap_or(appended));
        cx.cause = last.or(arrival);
        if !waiting.is_empty() {
            let parked = ParkedProduce { correlation, deadline: cx.now + request.timeout, results, waiting };
            self.try_produce(cx, connection, parked, Some(request));
        } else if request.acks == Acks::None {
            // A client that asks for no answer learns of an error by the connection's end.
            if results.iter().any(|result| result.result.is_err()) {
                self.hang_up(cx, connection, Disconnect::Closed);
            } else {
                self.no_answer(cx, connection);
            }
        } else {
            self.answer(cx, connection, correlation, Body::ProduceResponse { partitions: results });
        }
        for (partition, appended, high_watermark) in changed {
            if let Some(moved) = high_watermark {
                self.after_high_watermark(cx, partition, moved);
            } else {
                cx.cause = Some(appended);
                self.wake_fetches(cx, partition);
            }
        }
        cx.cause = arrival;
    }

    pub(in crate::broker) fn produce_result(
        &self,
        cx: &Context,
        partition: Partition,
        result: Result<Offset, ErrorCode>,
    ) -> ProduceResult {
        let named =
            cx.spec.version.errors_name_the_leader() && matches!(result, Err(ErrorCode::NotLeaderOrFollower));
        let current_leader = if named { self.memory.image.current_leader(partition) } else { None };
        ProduceResult { partition, result, current_leader }
    }

    /// broker.md §2.2, from check 2 on.
    pub(in crate::broker) fn append_as_leader(
        &mut self,
        cx: &mut Context,
        partition: Partition,
        batch: &Arc<RecordBatch>,
        acks: Acks,
    ) -> Result<Stored, ErrorCode> {
        let version = cx.spec.version;
        let min_isr = self.min_insync_replicas(cx, partition);
        let max_bytes = self.max_message_bytes(cx, partition);
        self.check_hosted(partition)?;
        let expiration = Expiration {
            after: cx.spec.broker_config.producer_id_expiration,
            now: cx.now,
            process_started: self.memory.started,
        };
        let replica = self.replicas[usize::from(partition.0)].as_mut().expect("checked above");
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
        self.maybe_flush(cx, partition);
        let high_watermark = self.maybe_increment_high_watermark(cx, partition);
        cx.cause = arrival;
        Ok(Stored { base_offset, next_offset, appended: Some(appended), high_watermark })
    }

    /// Is the partition here at all (broker.md §2.2.7)?
    pub(in crate::broker) fn check_hosted(&self, partition: Partition) -> Result<(), ErrorCode> {
        match self.replica(partition) {
            Some(_) if self.memory.log_dir_failed => Err(ErrorCode::KafkaStorageError),
            Some(_) => Ok(()),
            None if self.memory.image.partition(partition).is_some() => Err(ErrorCode::NotLeaderOrFollower),
            None => Err(ErrorCode::UnknownTopicOrPartition),
        }
    }

    /// Answers an acks=all request if every partition of it is decided; else it waits (again). `fresh`: it has just been
    /// appended. False: it waits.
    fn try_produce(
        &mut self,
        cx: &mut Context,
        connection: ConnectionId,
        mut parked: ParkedProduce,
        fresh: Option<&ProduceRequest>,
    ) -> bool {
        let mut waiting = std::mem::take(&mut parked.waiting);
        waiting.retain(|entry| {
            let partition = parked.results[entry.result].partition;
            match self.outcome(cx, partition, entry.required_offset) {
                Some(outcome) => {
                    let result = outcome.map(|()| entry.base_offset);
                    parked.results[entry.result] = self.produce_result(cx, partition, result);
                    false
                }
                None => true,
            }
        });
        if waiting.is_empty() {
            let body = Body::ProduceResponse { partitions: parked.results };
            self.answer(cx, connection, parked.correlation, body);
            return true;
        }
        if let Some(request) = fresh {
            for entry in &waiting {
                let (partition, batch) = &request.partitions[entry.result];
                let required_offset = entry.required_offset;
                cx.note(Fact::ProduceWaits { partition: *partition, batch: batch.id, required_offset });
                let replica = self.replicas[usize::from(partition.0)].as_mut();
                let leading = replica.and_then(|replica| replica.leading_mut());
                let waiters = &mut leading.expect("only a leader keeps it waiting").waiting_produces;
                if !waiters.contains(&connection) {
                    waiters.push(connection);
                }
            }
        }
        let deadline = parked.deadline;
        parked.waiting = waiting;
        self.park(cx, connection, Serving::Produce(parked), deadline);
        false
    }

    /// broker.md §2.4. None: it has to wait.
    fn outcome(
        &self,
        cx: &Context,
        partition: Partition,
        required_offset: Offset,
    ) -> Option<Result<(), ErrorCode>> {
        if let Err(error) = self.check_hosted(partition) {
            return Some(Err(error));
        }
        let replica = self.replica(partition).expect("checked above");
        let Some(leading) = replica.leading() else { return Some(Err(ErrorCode::NotLeaderOrFollower)) };
        if replica.high_watermark < required_offset && !wrong(Mutant::AckOnAppend) {
            return None;
        }
        let enough = self.min_insync_replicas(cx, partition) <= leading.maximal_isr().len();
        Some(if enough { Ok(()) } else { Err(ErrorCode::NotEnoughReplicasAfterAppend) })
    }

    /// Looks again at acks=all requests that wait for this partition. Returns those that still do.
    pub(in crate::broker) fn wake_produces(
        &mut self,
        cx: &mut Context,
        partition: Partition,
        mut connections: Vec<ConnectionId>,
    ) -> Vec<ConnectionId> {
        connections.retain(|&connection| {
            let Some(parked) = self.memory.server.take_produce(connection) else { return false };
            !self.try_produce(cx, connection, parked, None)
                && self.memory.server.waits_for(connection, partition)
        });
        connections
    }

    /// Its time is up: what still waits is REQUEST_TIMED_OUT. The data stays.
    pub(in crate::broker) fn expire_produce(
        &mut self,
        cx: &mut Context,
        connection: ConnectionId,
        parked: ParkedProduce,
    ) {
        for entry in &parked.waiting {
            let partition = parked.results[entry.result].partition;
            let replica = self.replicas[usize::from(partition.0)].as_mut();
            if let Some(leading) = replica.and_then(|replica| replica.leading_mut()) {
                leading.waiting_produces.retain(|&other| other != connection);
            }
        }
        let body = Body::ProduceResponse { partitions: parked.results };
        self.answer(cx, connection, parked.correlation, body);
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
