//! What a broker does with the requests of others, and with those that wait (KafkaApis).

use std::sync::Arc;

use crate::broker::Broker;
use crate::broker::parked::{Key, Operation};
use crate::broker::replicas::fetch::{self, DelayedFetch, Fetched, Room};
use crate::broker::replicas::produce::{DelayedProduce, Stored, Waiting, produce_result};
use crate::broker::timer::Waiter;
use crate::error::ErrorCode;
use crate::happening::{Disconnect, Fact};
use crate::ids::{ConnectionId, HappeningId, Partition, ProducerEpoch};
use crate::protocol::batch::bytes_of;
use crate::protocol::{
    Acks, Body, Envelope, FetchAnswer, FetchPartition, FetchRequest, FetchResult, any_response,
};
use crate::protocol::{ProduceRequest, ProduceResult};
use crate::world::context::Context;

impl Broker {
    /// A request takes effect.
    pub(super) fn handle(&mut self, cx: &mut Context, connection: ConnectionId, envelope: Arc<Envelope>) {
        let (version, image, refuse) = (cx.spec.version, &self.membership.image, envelope.refuse);
        let body = match &envelope.message.body {
            Body::ProduceRequest(request) => {
                return self.append_records(cx, Waiter::Request(connection), request, refuse);
            }
            Body::FetchRequest(request) => return self.fetch(cx, connection, request, &envelope),
            Body::InitProducerIdRequest => match refuse {
                None => return self.init_producer_id(cx, connection),
                Some(error) => Body::InitProducerIdResponse { result: Err(error) },
            },
            Body::ApiVersionsRequest => Body::ApiVersionsResponse,
            Body::MetadataRequest { topics } => {
                Body::MetadataResponse(Arc::new(image.describe(&cx.spec, topics, refuse)))
            }
            Body::ListOffsetsRequest { partitions } => {
                self.replicas.list_offsets(version, image, partitions, refuse)
            }
            Body::OffsetsForLeaderEpochRequest { partitions } => {
                self.replicas.ends_of_epochs(version, image, partitions, refuse)
            }
            Body::LeaderAndIsrRequest { records, .. } => {
                self.leader_and_isr(cx, connection, records);
                Body::LeaderAndIsrResponse
            }
            Body::UpdateMetadataRequest { records, .. } => {
                self.membership.update_metadata(connection, records);
                Body::UpdateMetadataResponse
            }
            // For the controller.
            Body::BrokerRegistrationRequest(_)
            | Body::BrokerHeartbeatRequest(_)
            | Body::ControlledShutdownRequest { .. }
            | Body::AlterPartitionRequest { .. }
            | Body::AllocateProducerIdsRequest { .. }
            | Body::MetadataFetchRequest { .. } => envelope.message.body.misplaced(),
            // Answers.
            any_response!() => envelope.message.body.misplaced(),
        };
        self.tell(cx, Waiter::Request(connection), body);
    }

    /// Appends to partitions that are led here. Whoever it is for is told at once, or with acks=all when every partition
    /// is committed, has failed, or the time is up.
    pub(super) fn append_records(
        &mut self,
        cx: &mut Context,
        waiter: Waiter,
        request: &ProduceRequest,
        refuse: Option<ErrorCode>,
    ) {
        let arrival = cx.cause;
        let mut results = Vec::with_capacity(request.partitions.len());
        let mut waiting = Vec::with_capacity(request.partitions.len());
        let mut changed = Vec::with_capacity(request.partitions.len());
        for (partition, batch) in &request.partitions {
            let image = &self.membership.image;
            let stored = match refuse {
                Some(error) => Err(error),
                None => self.replicas.append_as_leader(cx, image, *partition, batch, request.acks),
            };
            let result = match &stored {
                Ok(stored) if request.acks == Acks::All => {
                    waiting.push(Waiting::new(results.len(), stored));
                    Err(ErrorCode::RequestTimedOut)
                }
                Ok(stored) => Ok(stored.base_offset),
                Err(error) => {
                    cx.note(Fact::ProduceRefused { partition: *partition, batch: batch.id, error: *error });
                    Err(*error)
                }
            };
            if let Ok(Stored { appended: Some(appended), high_watermark, .. }) = stored {
                changed.push((*partition, appended, high_watermark));
            }
            results.push(produce_result(&cx.spec, image, *partition, result));
        }
        let last = changed.last().map(|&(_, appended, high_watermark)| high_watermark.unwrap_or(appended));
        cx.cause = last.or(arrival);
        self.acknowledge(cx, waiter, request, results, waiting);
        for (partition, appended, high_watermark) in changed {
            if let Some(moved) = high_watermark {
                self.high_watermark_moved(cx, partition, moved);
            } else {
                cx.cause = Some(appended);
                self.wake(cx, Key::Fetch(partition));
            }
        }
        cx.cause = arrival;
    }

    /// Tells how appends have ended, as soon as `acks` allows.
    fn acknowledge(
        &mut self,
        cx: &mut Context,
        waiter: Waiter,
        request: &ProduceRequest,
        results: Vec<ProduceResult>,
        waiting: Vec<Waiting>,
    ) {
        let image = &self.membership.image;
        if let (Acks::None, Waiter::Request(connection)) = (request.acks, waiter) {
            // A client that asks for no answer learns of an error by the connection's end.
            if results.iter().any(|result| result.result.is_err()) {
                self.server.hang_up(cx, connection, Disconnect::Closed);
            } else {
                self.server.no_answer(cx, &self.replicas, image, connection);
            }
            return;
        }
        let mut produce = DelayedProduce::new(results, waiting);
        if produce.try_complete(cx, &self.replicas, image) {
            return self.tell(cx, waiter, produce.complete());
        }
        produce.note_waits(cx, request);
        for partition in produce.waiting() {
            self.parked.watch(Key::HighWatermark(partition), waiter);
        }
        let deadline = cx.now + request.timeout;
        self.parked.park(cx, waiter, Operation::Produce(produce), deadline);
    }

    fn fetch(
        &mut self,
        cx: &mut Context,
        connection: ConnectionId,
        request: &FetchRequest,
        envelope: &Arc<Envelope>,
    ) {
        let mut results = Vec::with_capacity(request.partitions.len());
        let mut bytes = 0_u32;
        let mut at_once = request.max_wait.is_zero() || request.partitions.is_empty();
        for asked in &request.partitions {
            let partition = asked.partition;
            at_once |= self.replicas.owes_high_watermark(cx, request.replica, partition);
            let room = Room::of(&cx.spec, request, bytes);
            let fetched = match envelope.refuse {
                Some(error) => Err(error),
                None => self.replicas.fetch_partition(cx, &mut self.membership, request, asked, room),
            };
            let answer = match fetched {
                Ok(Fetched { answer, high_watermark }) => {
                    if let Some(moved) = high_watermark {
                        self.high_watermark_moved(cx, partition, moved);
                    }
                    answer
                }
                Err(error) => fetch::refuse(cx, &self.membership.image, partition, envelope.from, error),
            };
            match &answer {
                FetchAnswer::Records { batches, .. } => bytes = bytes.saturating_add(bytes_of(batches)),
                FetchAnswer::Diverging { .. } | FetchAnswer::Error { .. } => at_once = true,
            }
            results.push(FetchResult { partition, answer });
        }
        let waiter = Waiter::Request(connection);
        if at_once || bytes >= request.min_bytes {
            return self.tell(cx, waiter, Body::FetchResponse { partitions: results });
        }
        let delayed = DelayedFetch(Arc::clone(envelope));
        // The fetch itself may have raised it.
        let owes =
            |asked: &FetchPartition| self.replicas.owes_high_watermark(cx, request.replica, asked.partition);
        if request.partitions.iter().any(owes) {
            let body = delayed.complete(cx, &self.replicas, &self.membership.image);
            return self.tell(cx, waiter, body);
        }
        for asked in &request.partitions {
            self.parked.watch(Key::Fetch(asked.partition), waiter);
        }
        let deadline = cx.now + request.max_wait;
        self.parked.park(cx, waiter, Operation::Fetch(delayed), deadline);
    }

    pub(super) fn init_producer_id(&mut self, cx: &mut Context, connection: ConnectionId) {
        if let Some(id) = self.membership.next_producer_id(cx, connection) {
            let result = Ok((id, ProducerEpoch(0)));
            self.tell(cx, Waiter::Request(connection), Body::InitProducerIdResponse { result });
        }
    }

    /// A high watermark has risen: who waited for it goes on, producers before fetchers.
    pub(super) fn high_watermark_moved(
        &mut self,
        cx: &mut Context,
        partition: Partition,
        moved: HappeningId,
    ) {
        let cause = cx.cause.replace(moved);
        self.wake(cx, Key::HighWatermark(partition));
        self.wake(cx, Key::Fetch(partition));
        cx.cause = cause;
    }

    /// Something has happened to what others wait for.
    pub(super) fn wake(&mut self, cx: &mut Context, key: Key) {
        self.parked.wake(cx, key, &self.replicas, &self.membership.image, &mut self.server);
    }

    fn tell(&mut self, cx: &mut Context, waiter: Waiter, body: Body) {
        self.parked.tell(cx, waiter, body, &self.replicas, &self.membership.image, &mut self.server);
    }
}
