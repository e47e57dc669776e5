//! What Kafka answers. These are simulated data, fields of responses, not errors of this program.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! error_codes {
    ($($name:ident $code:literal $kafka:literal $exception:literal $retriable:ident $metadata:ident $message:literal;)*) => {
        /// An error code of the Kafka protocol.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum ErrorCode { $($name,)* }

        impl ErrorCode {
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$name,)*];

            /// The number on the wire.
            pub fn code(self) -> i16 { match self { $(ErrorCode::$name => $code,)* } }

            /// `NOT_LEADER_OR_FOLLOWER`.
            pub fn name(self) -> &'static str { match self { $(ErrorCode::$name => $kafka,)* } }

            /// The simple name of the exception that a Java client sees.
            pub fn exception(self) -> &'static str { match self { $(ErrorCode::$name => $exception,)* } }

            /// The exception derives from RetriableException.
            pub fn is_retriable(self) -> bool { match self { $(ErrorCode::$name => error_codes!(@ $retriable),)* } }

            /// The exception derives from InvalidMetadataException: the client refreshes its metadata.
            pub fn is_invalid_metadata(self) -> bool { match self { $(ErrorCode::$name => error_codes!(@ $metadata),)* } }

            /// The stock text.
            pub fn message(self) -> &'static str { match self { $(ErrorCode::$name => $message,)* } }
        }
    };
    (@ yes) => { true };
    (@ no) => { false };
}

error_codes! {
    UnknownServerError -1 "UNKNOWN_SERVER_ERROR" "UnknownServerException" no no "The server experienced an unexpected error when processing the request.";
    OffsetOutOfRange 1 "OFFSET_OUT_OF_RANGE" "OffsetOutOfRangeException" yes no "The requested offset is not within the range of offsets maintained by the server.";
    CorruptMessage 2 "CORRUPT_MESSAGE" "CorruptRecordException" yes no "This message has failed its CRC checksum, exceeds the valid size, has a null key for a compacted topic, or is otherwise corrupt.";
    UnknownTopicOrPartition 3 "UNKNOWN_TOPIC_OR_PARTITION" "UnknownTopicOrPartitionException" yes yes "This server does not host this topic-partition.";
    LeaderNotAvailable 5 "LEADER_NOT_AVAILABLE" "LeaderNotAvailableException" yes yes "There is no leader for this topic-partition as we are in the middle of a leadership election.";
    NotLeaderOrFollower 6 "NOT_LEADER_OR_FOLLOWER" "NotLeaderOrFollowerException" yes yes "For requests intended only for the leader, this error indicates that the broker is not the current leader. For requests intended for any replica, this error indicates that the broker is not a replica of the topic partition.";
    RequestTimedOut 7 "REQUEST_TIMED_OUT" "TimeoutException" yes no "The request timed out.";
    MessageTooLarge 10 "MESSAGE_TOO_LARGE" "RecordTooLargeException" no no "The request included a message larger than the max message size the server will accept.";
    NetworkException 13 "NETWORK_EXCEPTION" "NetworkException" yes yes "The server disconnected before a response was received.";
    InvalidTopic 17 "INVALID_TOPIC_EXCEPTION" "InvalidTopicException" no no "The request attempted to perform an operation on an invalid topic.";
    RecordListTooLarge 18 "RECORD_LIST_TOO_LARGE" "RecordBatchTooLargeException" no no "The request included message batch larger than the configured segment size on the server.";
    NotEnoughReplicas 19 "NOT_ENOUGH_REPLICAS" "NotEnoughReplicasException" yes no "Messages are rejected since there are fewer in-sync replicas than required.";
    NotEnoughReplicasAfterAppend 20 "NOT_ENOUGH_REPLICAS_AFTER_APPEND" "NotEnoughReplicasAfterAppendException" yes no "Messages are written to the log, but to fewer in-sync replicas than required.";
    InvalidRequiredAcks 21 "INVALID_REQUIRED_ACKS" "InvalidRequiredAcksException" no no "Produce request specified an invalid value for required acks.";
    TopicAuthorizationFailed 29 "TOPIC_AUTHORIZATION_FAILED" "TopicAuthorizationException" no no "Topic authorization failed.";
    ClusterAuthorizationFailed 31 "CLUSTER_AUTHORIZATION_FAILED" "ClusterAuthorizationException" no no "Cluster authorization failed.";
    InvalidReplicationFactor 38 "INVALID_REPLICATION_FACTOR" "InvalidReplicationFactorException" no no "Replication factor is below 1 or larger than the number of available brokers.";
    NotController 41 "NOT_CONTROLLER" "NotControllerException" yes yes "This is not the correct controller for this cluster.";
    InvalidRequest 42 "INVALID_REQUEST" "InvalidRequestException" no no "This most likely occurs because of a request being malformed by the client library or the message was sent to an incompatible broker. See the broker logs for more details.";
    OutOfOrderSequenceNumber 45 "OUT_OF_ORDER_SEQUENCE_NUMBER" "OutOfOrderSequenceException" no no "The broker received an out of order sequence number.";
    DuplicateSequenceNumber 46 "DUPLICATE_SEQUENCE_NUMBER" "DuplicateSequenceException" no no "The broker received a duplicate sequence number.";
    InvalidProducerEpoch 47 "INVALID_PRODUCER_EPOCH" "InvalidProducerEpochException" no no "Producer attempted to produce with an old epoch.";
    KafkaStorageError 56 "KAFKA_STORAGE_ERROR" "KafkaStorageException" yes yes "Disk error when trying to access log file on the disk.";
    UnknownProducerId 59 "UNKNOWN_PRODUCER_ID" "UnknownProducerIdException" no no "This exception is raised by the broker if it could not locate the producer metadata associated with the producerId in question.";
    FencedLeaderEpoch 74 "FENCED_LEADER_EPOCH" "FencedLeaderEpochException" yes yes "The leader epoch in the request is older than the epoch on the broker.";
    UnknownLeaderEpoch 75 "UNKNOWN_LEADER_EPOCH" "UnknownLeaderEpochException" yes no "The leader epoch in the request is newer than the epoch on the broker.";
    StaleBrokerEpoch 77 "STALE_BROKER_EPOCH" "StaleBrokerEpochException" no no "Broker epoch has changed.";
    OffsetNotAvailable 78 "OFFSET_NOT_AVAILABLE" "OffsetNotAvailableException" yes no "The leader high watermark has not caught up from a recent leader election so the offsets cannot be guaranteed to be monotonically increasing.";
    PreferredLeaderNotAvailable 80 "PREFERRED_LEADER_NOT_AVAILABLE" "PreferredLeaderNotAvailableException" yes yes "The preferred leader was not available.";
    EligibleLeadersNotAvailable 83 "ELIGIBLE_LEADERS_NOT_AVAILABLE" "EligibleLeadersNotAvailableException" yes yes "Eligible topic partition leaders are not available.";
    ElectionNotNeeded 84 "ELECTION_NOT_NEEDED" "ElectionNotNeededException" yes yes "Leader election not needed for topic partition.";
    InvalidRecord 87 "INVALID_RECORD" "InvalidRecordException" no no "This record has failed the validation on the broker and hence will be rejected.";
    InvalidUpdateVersion 95 "INVALID_UPDATE_VERSION" "InvalidUpdateVersionException" no no "The given update version was invalid.";
    DuplicateBrokerRegistration 101 "DUPLICATE_BROKER_REGISTRATION" "DuplicateBrokerRegistrationException" no no "This broker ID is already in use.";
    IneligibleReplica 107 "INELIGIBLE_REPLICA" "IneligibleReplicaException" no no "The new ISR contains at least one ineligible replica.";
    NewLeaderElected 108 "NEW_LEADER_ELECTED" "NewLeaderElectedException" no no "The AlterPartition request successfully updated the partition state but the leader has changed.";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What an application hears when something fails: the exception's simple class name and its text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Failure {
    pub exception: Cow<'static, str>,
    pub message: Box<str>,
}

impl Failure {
    pub fn new(exception: &'static str, message: impl Into<Box<str>>) -> Failure {
        Failure { exception: exception.into(), message: message.into() }
    }
}

impl From<ErrorCode> for Failure {
    fn from(code: ErrorCode) -> Failure {
        Failure::new(code.exception(), code.message())
    }
}
