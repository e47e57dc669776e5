//! A controller alone on a bench: brokers are what the test says they say. Time passes by the controller's own timers.

use std::sync::Arc;

use crate::controller::Controller;
use crate::error::ErrorCode;
use crate::happening::{Fact, Happening};
use crate::ids::{BrokerEpoch, BrokerId, Brokers, MetadataOffset, NodeId, Partition, TopicId};
use crate::protocol::{
    AlterPartition, AlterPartitionResult, Heartbeat, HeartbeatAnswer, PartitionState, Registration,
};
use crate::script::Boot;
use crate::spec::Spec;
pub(super) use crate::testing::spec;
use crate::time::{Duration, Time};
use crate::world::context::Context;
use crate::world::queue::{Event, Timer};

pub(super) struct Bench {
    pub cx: Context,
    pub controller: Controller,
    pub happenings: Vec<Happening>,
    /// Brokers that send a heartbeat every interval: what they would say.
    beating: Vec<BrokerId>,
    next_beat: Time,
}

pub(super) fn id(id: u32) -> BrokerId {
    BrokerId(id)
}

pub(super) fn set(ids: &[u32]) -> Brokers {
    ids.iter().copied().map(BrokerId).collect()
}

impl Bench {
    /// An active controller that no broker has registered with.
    pub fn empty(spec: Spec) -> Bench {
        let spec = Arc::new(spec);
        let mut bench = Bench {
            controller: Controller::new(&spec),
            cx: Context::new(spec),
            happenings: Vec::new(),
            beating: Vec::new(),
            next_beat: Time::NEVER,
        };
        bench.cx.node = NodeId::Controller;
        bench.cx.process_mut(NodeId::Controller).running = true;
        let at_once = Boot { registers_after: Some(Duration::ZERO), ..Boot::default() };
        bench.controller.start(&mut bench.cx, at_once);
        bench.run(0);
        bench
    }

    /// All brokers registered and unfenced, with the epochs that follow from their order; the topic created.
    pub fn new(spec: Spec) -> Bench {
        let mut bench = Bench::empty(spec);
        let ids: Vec<BrokerId> = bench.cx.spec.brokers.iter().map(|broker| broker.id).collect();
        for id in ids {
            bench.register(id.0, 1, None, None).expect("a first registration");
            bench.beat(id.0);
            bench.beating.push(id);
        }
        bench.next_beat = bench.cx.now + Duration::from_secs(2);
        bench.controller.create_topic(&mut bench.cx, TopicId(0));
        bench.run(100);
        bench
    }

    /// Lets milliseconds pass.
    pub fn run(&mut self, millis: u64) {
        let end = self.cx.now + Duration::from_millis(millis);
        loop {
            let due = self.cx.queue.next_at().unwrap_or(Time::NEVER).min(self.next_beat);
            if due > end {
                break;
            }
            self.cx.now = due;
            if due == self.next_beat {
                self.next_beat = due + self.cx.spec.broker_config.broker_heartbeat_interval;
                for id in self.beating.clone() {
                    self.beat(id.0);
                }
                continue;
            }
            let scheduled = self.cx.queue.pop().expect("something is due");
            self.cx.cause = scheduled.cause;
            match scheduled.event {
                Event::Timer { timer: Timer::Controller(timer), .. } => {
                    self.controller.on_timer(&mut self.cx, timer);
                }
                Event::Dial { .. } | Event::Arrive { .. } => {} // nobody is there to be pushed to
                other => unreachable!("{other:?}"),
            }
            self.take_notes();
        }
        self.cx.now = end;
    }

    pub fn take_notes(&mut self) {
        self.happenings.append(&mut self.cx.notes);
    }

    pub fn register(
        &mut self,
        broker: u32,
        incarnation: u32,
        previous: Option<u64>,
        prescribed: Option<u64>,
    ) -> Result<BrokerEpoch, ErrorCode> {
        let registration = Registration {
            broker: BrokerId(broker),
            incarnation,
            previous_broker_epoch: previous.map(BrokerEpoch),
            directory: 0,
            prescribed_epoch: prescribed.map(BrokerEpoch),
        };
        let result = self.controller.register(&mut self.cx, &registration);
        self.controller.after_change(&mut self.cx);
        self.take_notes();
        result
    }

    pub fn epoch(&self, broker: u32) -> BrokerEpoch {
        self.controller.cluster.get(BrokerId(broker)).expect("registered").broker_epoch
    }

    pub fn heartbeat(&mut self, broker: u32, change: impl FnOnce(&mut Heartbeat)) -> HeartbeatAnswer {
        let mut heartbeat = Heartbeat {
            broker: BrokerId(broker),
            broker_epoch: self.epoch(broker),
            current_metadata_offset: MetadataOffset(self.controller.metadata.end().0 - 1),
            want_fence: false,
            want_shut_down: false,
            log_dir_failed: false,
        };
        change(&mut heartbeat);
        let answer = self.controller.heartbeat(&mut self.cx, &heartbeat, None);
        self.controller.after_change(&mut self.cx);
        self.take_notes();
        answer
    }

    /// A broker that is up to date and wants nothing.
    pub fn beat(&mut self, broker: u32) -> HeartbeatAnswer {
        self.heartbeat(broker, |_| {})
    }

    /// From here on it says nothing more, or (again) something every interval.
    pub fn falls_silent(&mut self, broker: u32) {
        self.beating.retain(|known| known.0 != broker);
    }

    pub fn speaks_again(&mut self, broker: u32) {
        self.falls_silent(broker);
        self.beat(broker);
        self.beating.push(BrokerId(broker));
    }

    /// Silent until it is fenced.
    pub fn fence(&mut self, broker: u32) {
        self.falls_silent(broker);
        let fenced = |bench: &Bench| bench.controller.cluster.get(BrokerId(broker)).is_some_and(|b| b.fenced);
        for _ in 0..400 {
            if fenced(self) {
                return;
            }
            self.run(50);
        }
        panic!("broker {broker} was never fenced");
    }

    pub fn state(&self, partition: u16) -> &PartitionState {
        self.controller.partitions.get(Partition(partition)).expect("created")
    }

    /// `leader 1 [1, 2] e0 p1`, with ELR and last-known leader where there are any.
    pub fn story(&self, partition: u16) -> String {
        let state = self.state(partition);
        let leader = state.leader.map_or("none".to_owned(), |id| id.to_string());
        let mut story = format!("leader {leader} {} e{}", state.isr, state.leader_epoch);
        if !state.elr.is_empty() {
            story += &format!(" elr {}", state.elr);
        }
        if let Some(last) = state.last_known_leader {
            story += &format!(" last {last}");
        }
        if state.recovering {
            story += " recovering";
        }
        story
    }

    /// The leader asks for this ISR, with the epochs as they are.
    pub fn alter(
        &mut self,
        partition: u16,
        isr: &[u32],
        change: impl FnOnce(&mut AlterPartition),
    ) -> Result<PartitionState, ErrorCode> {
        let state = self.state(partition).clone();
        let leader = state.leader.expect("a leader to ask");
        let mut request = AlterPartition {
            partition: Partition(partition),
            leader_epoch: state.leader_epoch,
            partition_epoch: state.partition_epoch,
            new_isr: isr.iter().map(|&id| (BrokerId(id), None)).collect(),
            recovered: true,
        };
        change(&mut request);
        let epoch = self.epoch(leader.0);
        let mut results = self.ask_to_alter(leader, epoch, &[request])?;
        self.controller.after_change(&mut self.cx);
        self.take_notes();
        results.remove(0).result
    }

    /// The whole request, from anybody.
    pub fn ask_to_alter(
        &mut self,
        from: BrokerId,
        broker_epoch: BrokerEpoch,
        requests: &[AlterPartition],
    ) -> Result<Vec<AlterPartitionResult>, ErrorCode> {
        let Controller { partitions, cluster, metadata, .. } = &mut self.controller;
        partitions.alter(&mut self.cx, cluster, metadata, from, broker_epoch, requests)
    }

    /// When each of them was fenced, in order.
    pub fn fenced(&self) -> Vec<(BrokerId, Time)> {
        let fenced = |happening: &Happening| match happening.fact {
            Fact::BrokerFenced { broker } => Some((broker, happening.at)),
            _ => None,
        };
        self.happenings.iter().filter_map(fenced).collect()
    }
}
