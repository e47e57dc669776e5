//! What an entry of the script may wait for.

use ackscope_sim::ids::{ClientId, Offset, Partition};
use ackscope_sim::script::Condition;

use crate::limits;
use crate::names::{broker, brokers, leader, node, partition};
use crate::reader::{Fields, Item};
use crate::script::Script;

impl Script<'_> {
    pub(super) fn condition(&self, item: &Item<'_>) -> Option<Condition> {
        let fields = item.fields()?;
        let only = || (self.spec.partitions.len() == 1).then_some(Partition(0));
        let of = |fields: &Fields<'_>| match fields.get("partition") {
            Some(item) => partition(&item, self.spec),
            None if only().is_some() => only(),
            None => {
                fields.required("partition", "a partition, such as \"orders-0\"");
                None
            }
        };
        let count = |item: &Item<'_>| item.integer(0..limits::RECORDS + 1).map(|count| count as u32);
        let kinds = [
            "acks",
            "answers",
            "appended",
            "isr",
            "isr_at_most",
            "isr_at_least",
            "leader",
            "delivered",
            "event",
            "running",
            "stopped",
        ];
        let present: Vec<&str> = kinds.into_iter().filter(|kind| fields.has(kind)).collect();
        let condition = match present[..] {
            ["acks"] | ["answers"] => {
                let acks_only = fields.has("acks");
                let item = if acks_only { fields.get("acks") } else { fields.get("answers") }?;
                let producer = match fields.get("producer") {
                    Some(item) => Some(self.producer(&item)?),
                    None => None,
                };
                let prefix = fields.text("of").unwrap_or("").into();
                Condition::Answers { producer, prefix, count: count(&item)?, acks_only }
            }
            ["appended"] => {
                let count = count(&fields.get("appended")?)?;
                let partition = of(&fields)?;
                match fields.get("on") {
                    Some(item) => Condition::AppendedOn {
                        broker: broker(&item, self.spec)?,
                        partition,
                        end_offset: Offset(count),
                    },
                    None => Condition::Appended { partition, count },
                }
            }
            ["isr", ..] => {
                let isr = brokers(&fields.get("isr")?, self.spec)?;
                let leader = match fields.get("leader") {
                    Some(item) => leader(&item, self.spec)?,
                    None => {
                        fields.required(
                            "leader",
                            "the leader that goes with it: leader = 2, or leader = \"none\"",
                        );
                        return None;
                    }
                };
                Condition::State { partitions: vec![(of(&fields)?, leader, isr)] }
            }
            ["isr_at_most"] => Condition::IsrAtMost {
                members: fields.integer("isr_at_most", 0..limits::BROKERS + 1)? as u32,
                partition: of(&fields)?,
            },
            ["isr_at_least"] => Condition::IsrAtLeast {
                members: fields.integer("isr_at_least", 0..limits::BROKERS + 1)? as u32,
                partition: of(&fields)?,
            },
            ["leader"] => Condition::Leader {
                leader: leader(&fields.get("leader")?, self.spec)?,
                partition: of(&fields)?,
            },
            ["delivered"] => {
                let count = count(&fields.get("delivered")?)?;
                let consumer = match fields.get("consumer") {
                    Some(item) => self.consumer(&item)?,
                    // The first one, unless said.
                    None if !self.spec.consumers.is_empty() => ClientId(0),
                    None => {
                        fields.required("consumer", "a consumer, such as \"consumer-c\"");
                        return None;
                    }
                };
                Condition::Delivered { consumer, count }
            }
            ["event"] => Condition::Events {
                kind: fields.text("event")?.into(),
                clients: vec![node(&fields.required("on", "a client, such as \"producer-p\"")?, self.spec)?],
                count: fields.get("count").map_or(Some(1), |item| count(&item))?,
            },
            ["running"] => Condition::Running { broker: broker(&fields.get("running")?, self.spec)? },
            ["stopped"] => Condition::Stopped { broker: broker(&fields.get("stopped")?, self.spec)? },
            _ => {
                item.refuse("not a condition", kinds.join(", "));
                return None;
            }
        };
        fields.finish();
        Some(condition)
    }
}
