//! Kafka releases that behave differently enough to be told apart.

use serde::{Deserialize, Serialize};

use crate::error::ErrorCode;

/// A release line; ordered by age. Differences are asked for by name (`has_…`), never compared in place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum KafkaVersion {
    #[serde(rename = "0.10")]
    V0_10,
    #[serde(rename = "0.11")]
    V0_11,
    #[serde(rename = "1.1")]
    V1_1,
    #[serde(rename = "2.4")]
    V2_4,
    #[serde(rename = "2.8")]
    V2_8,
    #[serde(rename = "3.6")]
    V3_6,
    #[serde(rename = "3.9")]
    V3_9,
    #[serde(rename = "4.0")]
    V4_0,
    #[serde(rename = "4.1")]
    V4_1,
    #[default]
    #[serde(rename = "4.3")]
    V4_3,
}

impl KafkaVersion {
    pub const ALL: [KafkaVersion; 10] = [
        KafkaVersion::V0_10,
        KafkaVersion::V0_11,
        KafkaVersion::V1_1,
        KafkaVersion::V2_4,
        KafkaVersion::V2_8,
        KafkaVersion::V3_6,
        KafkaVersion::V3_9,
        KafkaVersion::V4_0,
        KafkaVersion::V4_1,
        KafkaVersion::V4_3,
    ];

    pub fn name(self) -> &'static str {
        match self {
            KafkaVersion::V0_10 => "0.10",
            KafkaVersion::V0_11 => "0.11",
            KafkaVersion::V1_1 => "1.1",
            KafkaVersion::V2_4 => "2.4",
            KafkaVersion::V2_8 => "2.8",
            KafkaVersion::V3_6 => "3.6",
            KafkaVersion::V3_9 => "3.9",
            KafkaVersion::V4_0 => "4.0",
            KafkaVersion::V4_1 => "4.1",
            KafkaVersion::V4_3 => "4.3",
        }
    }

    /// The profile that stands for a release such as `4.3.1` or `0.10.2.2`: the newest one that is not newer.
    pub fn of_release(release: &str) -> Option<KafkaVersion> {
        let mut parts = release.split('.').map(str::parse::<u32>);
        let (major, minor) = (parts.next()?.ok()?, parts.next()?.ok()?);
        KafkaVersion::ALL.into_iter().rev().find(|version| {
            let mut own = version.name().split('.').map(|part| part.parse::<u32>().unwrap_or(0));
            (own.next(), own.next()) <= (Some(major), Some(minor))
        })
    }

    /// Brokers keep their state in ZooKeeper; a controller broker pushes it to the others.
    pub fn uses_zookeeper(self) -> bool {
        self <= KafkaVersion::V2_8
    }

    /// Log batches carry leader epochs and producer ids (message format v2, KIP-101).
    pub fn has_leader_epochs(self) -> bool {
        self >= KafkaVersion::V0_11
    }

    /// Followers ask again until both logs name the same epoch (KIP-279).
    pub fn truncation_is_iterative(self) -> bool {
        self >= KafkaVersion::V2_4
    }

    /// Fetches name the leader epoch and are refused when it is not the leader's (KIP-320).
    pub fn fetch_is_fenced(self) -> bool {
        self >= KafkaVersion::V2_4
    }

    /// The diverging epoch comes in the fetch answer (fetch v12).
    pub fn fetch_carries_divergence(self) -> bool {
        self >= KafkaVersion::V2_8
    }

    /// The high watermark stands still while the ISR is below `min.insync.replicas` (KAFKA-15583, 3.7).
    pub fn freezes_high_watermark(self) -> bool {
        self >= KafkaVersion::V3_9
    }

    /// `eligible.leader.replicas` is on for new clusters (KIP-966).
    pub fn has_eligible_leader_replicas(self) -> bool {
        self >= KafkaVersion::V4_1
    }

    // the producer

    /// Batches expire by age (KIP-91, 2.1); before, request.timeout.ms after they could have been sent.
    pub fn has_delivery_timeout(self) -> bool {
        self >= KafkaVersion::V2_4
    }

    /// The constructor's settings are enough to start connecting; before, the first `send()` did.
    pub fn producer_connects_at_start(self) -> bool {
        self >= KafkaVersion::V2_4
    }

    /// Metadata names leader epochs, and older answers are told by them (KIP-320).
    pub fn metadata_has_leader_epochs(self) -> bool {
        self >= KafkaVersion::V2_4
    }

    /// `Topic t not present in metadata`; before, `Failed to update metadata`.
    pub fn names_missing_topics(self) -> bool {
        self >= KafkaVersion::V2_4
    }

    /// The sticky partition changes with each batch (KIP-480).
    pub fn has_sticky_per_batch(self) -> bool {
        self >= KafkaVersion::V2_4
    }

    /// The sticky partition changes by produced bytes (KIP-794, 3.3).
    pub fn has_sticky_by_bytes(self) -> bool {
        self >= KafkaVersion::V3_6
    }

    /// A partitioner is asked again before a new batch is opened (KAFKA-9965); gone in 4.0.
    pub fn has_on_new_batch(self) -> bool {
        self >= KafkaVersion::V2_4 && self < KafkaVersion::V4_0
    }

    /// A batch that the broker finds too large is split (KIP-126).
    pub fn has_batch_split(self) -> bool {
        self >= KafkaVersion::V0_11
    }

    /// A batch that comes from a split is halved when it is still too large (KAFKA-8350).
    pub fn splits_in_halves(self) -> bool {
        self >= KafkaVersion::V4_3
    }

    /// `flush()` waits for the children of a split, not for the parent alone.
    pub fn flush_waits_for_split_batches(self) -> bool {
        self >= KafkaVersion::V4_3
    }

    /// An expired batch keeps its buffer until its request ends (KAFKA-19012).
    pub fn holds_memory_until_the_request_ends(self) -> bool {
        self >= KafkaVersion::V4_3
    }

    /// The expiry message has a second sentence.
    pub fn explains_expiry(self) -> bool {
        self >= KafkaVersion::V4_3
    }

    /// A connect is given up after socket.connection.setup.timeout.ms (KIP-601, 2.7).
    pub fn has_connection_setup_timeout(self) -> bool {
        self >= KafkaVersion::V2_8
    }

    /// reconnect.backoff.max.ms (KIP-144).
    pub fn reconnect_backoff_grows(self) -> bool {
        self >= KafkaVersion::V0_11
    }

    /// A request's timeout is told apart from a broken connection (KAFKA-14317, 3.5).
    pub fn tells_request_timeouts_apart(self) -> bool {
        self >= KafkaVersion::V3_6
    }

    /// `Disconnected from node 1` instead of the stock text (2.5).
    pub fn names_the_disconnected_node(self) -> bool {
        self >= KafkaVersion::V2_8
    }

    /// What was in flight on a lost connection fails oldest first (2.0); before, newest first.
    pub fn fails_oldest_first(self) -> bool {
        self >= KafkaVersion::V2_4
    }

    /// A newer leader ends a retry's backoff (KAFKA-15415, 3.7).
    pub fn retries_at_once_on_a_new_leader(self) -> bool {
        self >= KafkaVersion::V3_9
    }

    /// Refusals name the new leader (KIP-951, 3.7).
    pub fn learns_leaders_from_refusals(self) -> bool {
        self >= KafkaVersion::V3_9
    }

    /// Back to bootstrap.servers when no known broker can be reached (KIP-899).
    pub fn rebootstraps(self) -> bool {
        self >= KafkaVersion::V4_0
    }

    /// RecordTooLargeException names the configured limit.
    pub fn names_configured_limits(self) -> bool {
        self >= KafkaVersion::V2_8
    }

    pub fn has_buffer_exhausted_exception(self) -> bool {
        self >= KafkaVersion::V2_8
    }

    /// BufferExhaustedException gives the sizes.
    pub fn explains_exhausted_buffers(self) -> bool {
        self >= KafkaVersion::V3_6
    }

    /// An idempotent producer answers a gap in its sequences with a higher epoch (KIP-360, 2.5). Before, it gives its id
    /// up and asks for another one.
    pub fn raises_producer_epochs(self) -> bool {
        self >= KafkaVersion::V2_8
    }

    /// A batch that came before its turn is sent again, and after an expiry the producer waits to learn what the others
    /// became (1.0). Before, each of them is the end of the producer id.
    pub fn sends_out_of_order_batches_again(self) -> bool {
        self >= KafkaVersion::V1_1
    }

    /// `RoundRobinPartitioner` (KIP-369).
    pub fn has_round_robin_partitioner(self) -> bool {
        self >= KafkaVersion::V2_4
    }

    /// `DefaultPartitioner` can be named; gone in 4.0.
    pub fn has_default_partitioner(self) -> bool {
        self < KafkaVersion::V4_0
    }

    /// `enable.idempotence` is true unless something set says otherwise (3.0).
    pub fn is_idempotent_by_default(self) -> bool {
        self >= KafkaVersion::V3_6
    }

    /// More than five requests in flight are refused even where idempotence is only the default (4.0).
    pub fn refuses_too_many_in_flight(self) -> bool {
        self >= KafkaVersion::V4_0
    }

    // the controller

    /// The last member of an ISR stays in it without a leader. Before 1.1 it did not where unclean elections were allowed.
    pub fn keeps_the_last_in_sync_replica(self) -> bool {
        self >= KafkaVersion::V1_1
    }

    /// Lost brokers are gone through in the order of a Scala 2.11 hash map: 2 before 1, as recorded with 1.1.1. Before and
    /// after that it is ascending.
    pub fn removes_brokers_in_hash_order(self) -> bool {
        (KafkaVersion::V1_1..=KafkaVersion::V2_4).contains(&self)
    }

    /// `unclean.leader.election.enable` is acted on without an administrator (KAFKA-12670: not in KRaft before 3.9).
    pub fn elects_uncleanly_by_itself(self) -> bool {
        self.uses_zookeeper() || self >= KafkaVersion::V3_9
    }

    /// Sessions are looked at every eighth of a session (4.0); before, exactly when the next one would end.
    pub fn checks_sessions_on_a_grid(self) -> bool {
        self >= KafkaVersion::V4_0
    }

    /// Neither a clean stop nor fencing ends a session (4.0).
    pub fn keeps_sessions_of_fenced_brokers(self) -> bool {
        self >= KafkaVersion::V4_0
    }

    /// The registration of a new incarnation takes the old one out of the ISRs (broker.md §6.1.3; 4.0).
    pub fn notices_restarts(self) -> bool {
        self >= KafkaVersion::V4_0
    }

    /// Replicas are assigned to log directories (KIP-858, 3.7).
    pub fn assigns_directories(self) -> bool {
        self >= KafkaVersion::V3_9
    }

    // the broker

    /// From an answer to the next heartbeat a little more than the interval passes, as recorded with 3.9.1. From 4.0 sessions
    /// are looked at too rarely to tell.
    pub fn heartbeats_come_late(self) -> bool {
        self < KafkaVersion::V4_0
    }

    /// `replica.fetch.wait.max.ms should always be less than or equal to …`; before 1.1 `at least`.
    pub fn says_less_than_or_equal(self) -> bool {
        self >= KafkaVersion::V1_1
    }

    /// Brokers reach ZooKeeper through the library ZkClient, whose exceptions they show; from 1.1 by a client of Kafka's own.
    pub fn connects_by_zkclient(self) -> bool {
        self < KafkaVersion::V1_1
    }

    /// `leader.imbalance.check.interval.seconds` is at least 1.
    pub fn refuses_no_imbalance_check(self) -> bool {
        self >= KafkaVersion::V3_6
    }

    /// `leader.imbalance.check.interval.seconds` is the period of a scheduled task; later the delay until the next check.
    pub fn checks_imbalance_at_a_fixed_rate(self) -> bool {
        self < KafkaVersion::V0_11
    }

    /// What a leader says to a batch that does not begin at sequence 0, of a producer it knows nothing of. Since 2.5 it
    /// takes any (KIP-360).
    pub fn answer_to_an_unknown_producer(self) -> Option<ErrorCode> {
        match self {
            KafkaVersion::V0_10 | KafkaVersion::V0_11 => Some(ErrorCode::OutOfOrderSequenceNumber),
            KafkaVersion::V1_1 | KafkaVersion::V2_4 => Some(ErrorCode::UnknownProducerId),
            _ => None,
        }
    }

    /// A higher high watermark answers a follower's fetch (KIP-392, 2.4; taken back in 2.6, KAFKA-9952).
    pub fn pushes_high_watermark(self) -> bool {
        self == KafkaVersion::V2_4
    }

    /// A follower whose log ends where the leader's does stays in sync, however long ago it fetched (KAFKA-7152, 2.1).
    /// Before, only the time since it was caught up counts.
    pub fn keeps_in_sync_at_the_end(self) -> bool {
        self >= KafkaVersion::V2_4
    }

    /// A follower joins the ISR only when it has reached the start of the leader's epoch, not just the high watermark
    /// (KAFKA-7128, 2.1).
    pub fn admits_from_epoch_start(self) -> bool {
        self >= KafkaVersion::V2_4
    }

    /// Only brokers that are neither fenced nor shutting down are proposed for the ISR (KIP-841, 3.3).
    pub fn admits_active_brokers_only(self) -> bool {
        self >= KafkaVersion::V3_6
    }

    /// Fetches and AlterPartition name broker epochs, so that an earlier life of a follower is not counted (KIP-903, 3.5).
    pub fn knows_broker_epochs_of_followers(self) -> bool {
        self >= KafkaVersion::V3_6
    }

    /// NOT_LEADER_OR_FOLLOWER and FENCED_LEADER_EPOCH name the leader (KIP-951, 3.7).
    pub fn errors_name_the_leader(self) -> bool {
        self >= KafkaVersion::V3_9
    }

    /// "Latest" is withheld until a new leader has heard of its ISR (KIP-207, 2.2).
    pub fn withholds_latest_offset(self) -> bool {
        self >= KafkaVersion::V2_4
    }

    /// Consumers may fetch from followers (KIP-392, 2.4).
    pub fn serves_consumers_from_followers(self) -> bool {
        self >= KafkaVersion::V2_4
    }

    /// The metadata log's high watermark comes with the records' own fetch (Fetch v18, 4.1); before, with a later one.
    pub fn learns_metadata_at_once(self) -> bool {
        self >= KafkaVersion::V4_1
    }

    /// A broker that cannot report its failed log directory in time ends itself (KIP-858, 3.7).
    pub fn ends_with_an_unreported_disk(self) -> bool {
        self >= KafkaVersion::V3_9
    }

    /// Registration and failed heartbeats are repeated at the pace of heartbeats (4.1); before, with a growing backoff.
    pub fn retries_registration_steadily(self) -> bool {
        self >= KafkaVersion::V4_1
    }
}
