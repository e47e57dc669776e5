//! The nodes of a run, and who of them an input is for.

use crate::broker::Broker;
use crate::consumer::Consumer;
use crate::controller::Controller;
use crate::ids::{BrokerId, ClientId, NodeId};
use crate::producer::Producer;
use crate::script::Boot;
use crate::spec::Spec;
use crate::time::Duration;
use crate::view::ClusterView;
use crate::world::context::Context;
use crate::world::process::Wakeup;
use crate::world::queue::Timer;

#[derive(Clone, Debug)]
pub(crate) struct Nodes {
    pub controller: Controller,
    brokers: Vec<Broker>,
    producers: Vec<Producer>,
    consumers: Vec<Consumer>,
}

impl Nodes {
    /// None of them runs.
    pub fn new(spec: &Spec) -> Nodes {
        let clients = |count: usize| (0..count as u16).map(ClientId);
        Nodes {
            controller: Controller::new(spec),
            brokers: spec.brokers.iter().map(|broker| Broker::new(spec, broker.id)).collect(),
            producers: clients(spec.producers.len()).map(|client| Producer::new(spec, client)).collect(),
            consumers: clients(spec.consumers.len()).map(|client| Consumer::new(spec, client)).collect(),
        }
    }

    pub fn brokers(&self) -> &[Broker] {
        &self.brokers
    }

    pub fn broker(&self, id: BrokerId) -> &Broker {
        self.brokers.iter().find(|broker| broker.id == id).expect("a broker of this scenario")
    }

    pub fn broker_mut(&mut self, cx: &Context, id: BrokerId) -> &mut Broker {
        &mut self.brokers[cx.index_of(NodeId::Broker(id)) - 1]
    }

    pub fn producer(&self, client: ClientId) -> &Producer {
        &self.producers[usize::from(client.0)]
    }

    pub fn producer_mut(&mut self, client: ClientId) -> &mut Producer {
        &mut self.producers[usize::from(client.0)]
    }

    pub fn consumer_mut(&mut self, client: ClientId) -> &mut Consumer {
        &mut self.consumers[usize::from(client.0)]
    }

    /// Batches that no producer has sent yet.
    pub fn unsent_batches(&self) -> u64 {
        self.producers.iter().map(|producer| producer.unsent_batches() as u64).sum()
    }

    /// One input.
    pub fn wake(&mut self, cx: &mut Context, node: NodeId, wakeup: Wakeup) {
        match (node, wakeup) {
            (NodeId::Broker(id), Wakeup::Readable(connection)) => {
                self.broker_mut(cx, id).on_readable(cx, connection);
            }
            (NodeId::Broker(id), Wakeup::Timer(Timer::Broker(timer))) => {
                self.broker_mut(cx, id).on_timer(cx, timer);
            }
            (NodeId::Broker(id), Wakeup::Dialled(connection, dialled)) => {
                self.broker_mut(cx, id).on_dialled(cx, connection, dialled);
            }
            (NodeId::Controller, Wakeup::Readable(connection)) => {
                self.controller.on_readable(cx, connection);
            }
            (NodeId::Controller, Wakeup::Timer(Timer::Controller(timer))) => {
                self.controller.on_timer(cx, timer);
            }
            (NodeId::Controller, Wakeup::Dialled(connection, dialled)) => {
                self.controller.on_dialled(cx, connection, dialled);
            }
            (NodeId::Producer(client), Wakeup::Readable(connection)) => {
                self.producer_mut(client).on_readable(cx, connection);
            }
            (NodeId::Producer(client), Wakeup::Timer(Timer::Producer(timer))) => {
                self.producer_mut(client).on_timer(cx, timer);
            }
            (NodeId::Producer(client), Wakeup::Dialled(connection, dialled)) => {
                self.producer_mut(client).on_dialled(cx, connection, dialled);
            }
            (NodeId::Consumer(client), Wakeup::Readable(connection)) => {
                self.consumer_mut(client).on_readable(cx, connection);
            }
            (NodeId::Consumer(client), Wakeup::Timer(Timer::Consumer(timer))) => {
                self.consumer_mut(client).on_timer(cx, timer);
            }
            (NodeId::Consumer(client), Wakeup::Dialled(connection, dialled)) => {
                self.consumer_mut(client).on_dialled(cx, connection, dialled);
            }
            (_, Wakeup::Timer(_)) | (NodeId::World, _) => unreachable!("another node's"),
        }
    }

    /// Its process has started.
    pub fn start(&mut self, cx: &mut Context, node: NodeId, boot: Boot) {
        match node {
            NodeId::Controller => self.controller.start(cx, boot),
            NodeId::Broker(id) => self.broker_mut(cx, id).start(cx, boot),
            NodeId::Producer(client) => {
                self.producer_mut(client).start(cx, boot.registers_after.unwrap_or_default());
            }
            NodeId::Consumer(client) => self.consumer_mut(client).start(cx),
            NodeId::World => {}
        }
    }

    /// It is asked to end in good order.
    pub fn stop(&mut self, cx: &mut Context, node: NodeId) {
        match node {
            NodeId::Controller => self.controller.stop(cx),
            NodeId::Broker(id) => self.broker_mut(cx, id).stop(cx),
            NodeId::Producer(client) => self.producer_mut(client).close(cx, Duration::MAX),
            NodeId::Consumer(client) => self.consumer_mut(client).stop(cx),
            NodeId::World => {}
        }
    }

    /// Its process is gone.
    pub fn kill(&mut self, cx: &mut Context, node: NodeId) {
        match node {
            NodeId::Controller => self.controller.kill(cx),
            NodeId::Broker(id) => self.broker_mut(cx, id).kill(cx),
            NodeId::Producer(client) => self.producer_mut(client).kill(cx),
            NodeId::Consumer(client) => self.consumer_mut(client).kill(cx),
            NodeId::World => {}
        }
    }

    /// Its machine has lost its power.
    pub fn lose_power(&mut self, cx: &mut Context, node: NodeId) {
        match node {
            NodeId::Controller => self.controller.power_loss(cx),
            NodeId::Broker(id) => self.broker_mut(cx, id).power_loss(cx),
            NodeId::Producer(client) => self.producer_mut(client).kill(cx),
            NodeId::Consumer(client) => self.consumer_mut(client).kill(cx),
            NodeId::World => {}
        }
    }

    /// The cluster as it stands.
    pub fn view(&self, cx: &Context) -> ClusterView {
        let state = |node| cx.process(node).state();
        let clients = || (0..).map(ClientId);
        let mut view = ClusterView {
            now: cx.run_time(),
            controller: self.controller.view(state(NodeId::Controller)),
            brokers: (self.brokers.iter())
                .map(|broker| broker.view(cx, state(NodeId::Broker(broker.id))))
                .collect(),
            producers: (clients().zip(&self.producers))
                .map(|(client, producer)| producer.view(state(NodeId::Producer(client))))
                .collect(),
            consumers: (clients().zip(&self.consumers))
                .map(|(client, consumer)| consumer.view(state(NodeId::Consumer(client))))
                .collect(),
        };
        for batch in view.producers.iter_mut().flat_map(|producer| &mut producer.queued) {
            batch.created = cx.run_time_of(batch.created);
        }
        view
    }
}
