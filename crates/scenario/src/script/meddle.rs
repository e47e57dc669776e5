//! What becomes of single messages on their way.

use ackscope_sim::error::ErrorCode;
use ackscope_sim::protocol::Api;
use ackscope_sim::script::{Action, Meddling};
use ackscope_sim::spec::Spec;

use crate::limits;
use crate::names::path;
use crate::reader::{Fields, Item};

/// What messages are called.
pub(crate) const APIS: [(&str, Api); 11] = [
    ("api-versions", Api::ApiVersions),
    ("metadata", Api::Metadata),
    ("init-producer-id", Api::InitProducerId),
    ("produce", Api::Produce),
    ("fetch", Api::Fetch),
    ("list-offsets", Api::ListOffsets),
    ("offsets-for-leader-epoch", Api::OffsetsForLeaderEpoch),
    ("registration", Api::BrokerRegistration),
    ("heartbeat", Api::BrokerHeartbeat),
    ("alter-partition", Api::AlterPartition),
    ("metadata-fetch", Api::MetadataFetch),
];

/// Whether its answer can be an error.
fn can_be_refused(api: Api) -> bool {
    match api {
        Api::Metadata
        | Api::InitProducerId
        | Api::Produce
        | Api::Fetch
        | Api::ListOffsets
        | Api::OffsetsForLeaderEpoch
        | Api::BrokerRegistration
        | Api::BrokerHeartbeat
        | Api::AlterPartition
        | Api::AllocateProducerIds => true,
        Api::ApiVersions
        | Api::MetadataFetch
        | Api::LeaderAndIsr
        | Api::UpdateMetadata
        | Api::ControlledShutdown => false,
    }
}

/// `produce response` and what becomes of the next ones.
pub(super) fn meddle(verb: &str, object: &Item<'_>, fields: &Fields<'_>, spec: &Spec) -> Option<Action> {
    let refuses = verb == "refuse_next";
    let text = object.text()?;
    let (name, kind) = text.trim().rsplit_once(' ').unwrap_or((text, ""));
    let api = APIS.iter().find(|(known, _)| *known == name).map(|&(_, api)| api);
    let possible = |&(_, api): &(&str, Api)| !refuses || can_be_refused(api);
    let names: Vec<&str> = APIS.iter().filter(|row| possible(row)).map(|&(name, _)| name).collect();
    let (Some(api), "request" | "response") = (api, kind) else {
        let kinds = if refuses { "request" } else { "request or response" };
        object.refuse("not a kind of message", format!("{kinds} after one of: {}", names.join(", ")));
        return None;
    };
    if refuses && (kind == "response" || !can_be_refused(api)) {
        object.refuse(
            "only a request that can fail is refused",
            format!("request after one of: {}", names.join(", ")),
        );
        return None;
    }
    let on = fields.required("on", "from whom to whom: \"broker-1 -> producer-p\"")?;
    let path = path(&on, on.text()?, spec)?;
    let (from, Some(to), true) = (path.from, path.to, path.one_way) else {
        on.refuse("a message has one sender and one receiver", "\"broker-1 -> producer-p\"");
        return None;
    };
    let by = || fields.required("by", "a span of time such as \"20 ms\"").and_then(|item| item.duration());
    let what = match verb {
        "drop_next" => Meddling::Drop,
        "duplicate_next" => Meddling::Duplicate,
        "delay_next" => Meddling::Delay(by()?),
        "hold_next" => Meddling::Hold,
        _ => {
            let item = fields.required("with", "an error such as \"NOT_ENOUGH_REPLICAS\"")?;
            let name = item.text()?;
            let code = ErrorCode::ALL.iter().copied().find(|code| code.name() == name);
            if code.is_none() {
                item.refuse_name("no such error", name, ErrorCode::ALL.iter().map(|code| code.name()));
            }
            Meddling::Refuse(code?)
        }
    };
    let count = fields.integer("count", 1..limits::MESSAGES + 1).unwrap_or(1) as u32;
    Some(Action::Meddle { from, to, api, response: kind == "response", count, what })
}
