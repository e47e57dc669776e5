//! A producer: `KafkaProducer` with its accumulator and its Sender, and the application thread that calls it.
//!
//! `application` is what happens on the application's thread, `sender` what happens on the Sender's; the rest are the
//! parts they share. Both run on the node's one clock: the Sender's turn comes after the appends of the same moment.

mod accumulator;
mod alarm;
mod appending;
mod application;
mod batch;
mod buffer_pool;
mod chooser;
mod closing;
mod completion;
mod control;
mod metrics;
mod partitioner;
mod refusal;
mod sender;
mod settings;
mod splitting;
#[cfg(test)]
mod tests;
pub(crate) mod timer;
mod transaction_manager;

use std::sync::Arc;

use accumulator::Accumulator;
use application::Application;
use batch::Batch;
use metrics::{Gauges, Metrics};
use sender::Sender;
use settings::Settings;
use transaction_manager::TransactionManager;

use self::timer::ProducerTimer;
use crate::client::{self, ClientConfig, ExponentialBackoff, Metadata, NetworkClient};
use crate::config::ProducerConfig;
use crate::error::Failure;
use crate::happening::Fact;
use crate::ids::{BatchId, BrokerId, ClientId, ConnectionId, Partition, RecordId};
use crate::network::Dialled;
use crate::spec::Spec;
use crate::time::{Duration, Time};
use crate::view::{BatchView, ProcessState, ProducerView};
use crate::world::context::Context;

pub use metrics::ProducerMetrics;
pub use partitioner::partition_for_key;

#[derive(Clone, Debug)]
pub struct Producer {
    client: ClientId,
    config: Result<ProducerConfig, Arc<Failure>>,
    /// None: not constructed, refused, or the application has died.
    instance: Option<Box<Instance>>,
    answers: Answers,
}

/// What the application has heard, over all lives of the producer.
#[derive(Clone, Copy, Debug, Default)]
struct Answers {
    acknowledged: u32,
    failed: u32,
}

/// What the Sender asks the brokers.
#[derive(Clone, Debug)]
enum Request {
    InitProducerId,
    Produce(Vec<(Partition, BatchId)>),
}

/// One `KafkaProducer` object.
#[derive(Clone, Debug)]
struct Instance {
    settings: Arc<Settings>,
    application: Application,
    sender: Sender,
    accumulator: Accumulator,
    metadata: Metadata,
    network: NetworkClient<Request>,
    transactions: Option<TransactionManager>,
    metrics: Metrics,
    answers: Answers,
}

impl Producer {
    /// The process is not running.
    pub fn new(spec: &Spec, client: ClientId) -> Producer {
        Producer {
            client,
            config: spec.producers[usize::from(client.0)].config.clone(),
            instance: None,
            answers: Answers::default(),
        }
    }

    /// `new KafkaProducer(config)`.
    /// `boot`: how long the constructor keeps the application's thread before anything goes out.
    pub fn start(&mut self, cx: &mut Context, boot: Duration) {
        self.forget();
        match &self.config {
            Err(failure) => _ = cx.note(Fact::ProducerRefused { failure: Arc::clone(failure) }),
            Ok(config) => {
                cx.cause = Some(cx.note(Fact::ProducerStarted));
                let mut instance = Box::new(Instance::new(cx, self.client, config.clone()));
                instance.start_sender(cx, boot);
                self.instance = Some(instance);
            }
        }
    }

    /// The application calls `send()`. Where its thread is blocked, the call waits its turn.
    pub fn send(&mut self, cx: &mut Context, record: RecordId) {
        if let Some(instance) = &mut self.instance {
            instance.send(cx, record);
        }
    }

    /// The application's thread is inside a call that waits.
    pub fn is_blocked(&self) -> bool {
        self.instance.as_ref().is_some_and(|instance| instance.application.is_blocked())
    }

    /// Records handed over by `send()` and not yet answered.
    pub fn unanswered(&self) -> u32 {
        self.instance.as_ref().map_or(0, |instance| instance.application.unanswered)
    }

    /// Batches in the accumulator.
    pub fn unsent_batches(&self) -> usize {
        let queues = self.instance.iter().flat_map(|instance| &instance.accumulator.partitions);
        queues.map(|queue| queue.queue.len()).sum()
    }

    pub fn flush(&mut self, cx: &mut Context) {
        if let Some(instance) = &mut self.instance {
            instance.flush(cx);
        }
    }

    /// From another thread: a `send()` that waits meanwhile fails.
    pub fn close(&mut self, cx: &mut Context, timeout: Duration) {
        if let Some(instance) = &mut self.instance {
            instance.request_close(cx, timeout);
        }
    }

    /// The application's process is gone, and everything in its memory.
    pub fn kill(&mut self, _cx: &mut Context) {
        self.forget();
    }

    fn forget(&mut self) {
        if let Some(instance) = self.instance.take() {
            self.answers.acknowledged += instance.answers.acknowledged;
            self.answers.failed += instance.answers.failed;
        }
    }

    pub fn on_dialled(&mut self, cx: &mut Context, connection: ConnectionId, dialled: Dialled) {
        if let Some(instance) = &mut self.instance {
            instance.on_dialled(cx, connection, dialled);
        }
    }

    pub fn on_readable(&mut self, cx: &mut Context, connection: ConnectionId) {
        if let Some(instance) = &mut self.instance {
            instance.on_readable(cx, connection);
        }
    }

    pub fn on_timer(&mut self, cx: &mut Context, timer: ProducerTimer) {
        let Some(instance) = &mut self.instance else { return };
        match timer {
            ProducerTimer::Sender => instance.on_sender_timer(cx),
            ProducerTimer::Application => instance.on_application_timer(cx),
        }
    }

    /// The group `producer-metrics`; `now` is the node's clock.
    pub fn metrics(&self, now: Time) -> ProducerMetrics {
        self.instance.as_ref().map_or_else(ProducerMetrics::default, |instance| instance.report_metrics(now))
    }

    pub fn view(&self, process: ProcessState) -> ProducerView {
        let mut view = ProducerView {
            client: self.client,
            process,
            queued: Vec::new(),
            in_flight: Vec::new(),
            max_in_flight: 0,
            buffer_total: 0,
            buffer_available: 0,
            blocked: Vec::new(),
            acknowledged: self.answers.acknowledged,
            failed: self.answers.failed,
            producer_id: None,
        };
        if let Some(instance) = &self.instance {
            instance.describe(&mut view);
        }
        view
    }
}

impl Instance {
    fn new(cx: &Context, client: ClientId, config: ProducerConfig) -> Instance {
        let spec = Arc::clone(&cx.spec);
        let bootstrap = spec.producers[usize::from(client.0)].bootstrap.clone();
        let version = spec.version;
        let client_config = client_config(&config);
        let mut metadata = Metadata::new(&spec, &client_config);
        if version.producer_connects_at_start() {
            metadata.request_update();
        }
        let network = NetworkClient::new(&spec, &bootstrap, &client_config);
        let transactions = config.enable_idempotence.then(|| TransactionManager::of(version));
        let settings = Settings {
            compression_permille: spec.costs.compression_permille,
            version,
            config,
            spec: Arc::clone(&spec),
        };
        Instance {
            accumulator: Accumulator::new(&spec, &settings),
            application: Application::new(&settings),
            sender: Sender::default(),
            metadata,
            network,
            transactions,
            metrics: Metrics::default(),
            answers: Answers::default(),
            settings: Arc::new(settings),
        }
    }

    fn report_metrics(&self, now: Time) -> ProducerMetrics {
        let pool = &self.accumulator.pool;
        let gauges = Gauges {
            requests_in_flight: self.network.in_flight_count(),
            metadata_age: self.metadata.age(now),
            buffer_total_bytes: pool.total(),
            buffer_available_bytes: pool.available(),
            waiting_threads: u32::from(pool.is_waited_for()),
        };
        self.metrics.report(now, gauges)
    }

    /// Batches on the wire, by broker.
    fn produce_in_flight(&self) -> Vec<(BrokerId, Vec<BatchId>)> {
        let busy = self.network.nodes().filter_map(|node| {
            let batches: Vec<BatchId> = (node.in_flight.iter())
                .filter_map(|request| match &request.what {
                    client::Request::Own(Request::Produce(sent)) => {
                        Some(sent.iter().map(|&(_, batch)| batch))
                    }
                    client::Request::Own(Request::InitProducerId)
                    | client::Request::ApiVersions
                    | client::Request::Metadata => None,
                })
                .flatten()
                .collect();
            (!batches.is_empty()).then_some((node.broker, batches))
        });
        busy.collect()
    }

    fn describe(&self, view: &mut ProducerView) {
        let batch = |batch: &Batch, in_flight: bool| BatchView {
            id: batch.id,
            partition: batch.partition,
            records: batch.records().to_vec(),
            bytes: batch.estimated_bytes(),
            attempts: batch.attempts,
            created: batch.created,
            closed: batch.closed.is_some(),
            in_flight,
        };
        for queue in &self.accumulator.partitions {
            let in_flight = queue.in_flight.iter().filter(|batch| !batch.done);
            view.queued.extend(in_flight.map(|own| batch(own, true)));
            view.queued.extend(queue.queue.iter().map(|own| batch(own, false)));
        }
        view.in_flight = self.produce_in_flight();
        view.max_in_flight = self.settings.config.max_in_flight_requests_per_connection;
        view.buffer_total = self.accumulator.pool.total();
        view.buffer_available = self.accumulator.pool.available();
        view.blocked = self.application.blocked();
        view.acknowledged += self.answers.acknowledged;
        view.failed += self.answers.failed;
        view.producer_id = self.transactions.as_ref().and_then(|transactions| transactions.id);
    }
}

fn client_config(config: &ProducerConfig) -> ClientConfig {
    let backoff = |initial, max| ExponentialBackoff { initial, max };
    ClientConfig {
        max_in_flight: config.max_in_flight_requests_per_connection as usize,
        request_timeout: config.request_timeout,
        reconnect: backoff(config.reconnect_backoff, config.reconnect_backoff_max),
        connection_setup: backoff(
            config.socket_connection_setup_timeout,
            config.socket_connection_setup_timeout_max,
        ),
        retry: backoff(config.retry_backoff, config.retry_backoff_max),
        metadata_max_age: config.metadata_max_age,
    }
}
