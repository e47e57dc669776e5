//! What waits for something: Kafka's purgatory, and the one way to wait in it. An operation is parked for its waiter,
//! looked at again whenever something happens to what it watches, and ends when it has what it waits for or its time is up.

use crate::broker::membership::image::Image;
use crate::broker::replicas::Replicas;
use crate::broker::replicas::fetch::DelayedFetch;
use crate::broker::replicas::produce::DelayedProduce;
use crate::broker::server::Server;
use crate::broker::timer::{BrokerTimer, Waiter};
use crate::ids::Partition;
use crate::protocol::Body;
use crate::time::Time;
use crate::world::context::Context;
use crate::world::queue::Timer;

#[derive(Clone, Debug)]
pub enum Operation {
    Produce(DelayedProduce),
    Fetch(DelayedFetch),
}

/// What an operation watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A leader's high watermark, or the end of its leadership.
    HighWatermark(Partition),
    /// Whatever a fetch could be answered for.
    Fetch(Partition),
}

/// A waiter's place: there as long as it waits, or a timer for it is on its way.
#[derive(Clone, Debug)]
struct Place {
    waiter: Waiter,
    /// Until when at the latest.
    parked: Option<(Operation, Time)>,
    /// The earliest timer on its way; one serves many operations in turn.
    alarm: Time,
}

/// Who watches a partition, oldest first.
#[derive(Clone, Debug, Default)]
struct Watchers {
    high_watermark: Vec<Waiter>,
    fetch: Vec<Waiter>,
}

#[derive(Clone, Debug, Default)]
pub struct Parked {
    /// Ascending by waiter.
    places: Vec<Place>,
    /// By partition.
    watchers: Vec<Watchers>,
    /// What coordinators were told.
    #[cfg(test)]
    pub told: Vec<(u32, Body)>,
}

impl Parked {
    pub fn new(partitions: usize) -> Parked {
        Parked { watchers: vec![Watchers::default(); partitions], ..Parked::default() }
    }

    pub fn park(&mut self, cx: &mut Context, waiter: Waiter, operation: Operation, deadline: Time) {
        let place = self.place(waiter).unwrap_or_else(|place| {
            self.places.insert(place, Place { waiter, parked: None, alarm: Time::NEVER });
            place
        });
        let place = &mut self.places[place];
        place.parked = Some((operation, deadline));
        if deadline < place.alarm {
            place.alarm = deadline;
            cx.set_timer_at(deadline, Timer::Broker(BrokerTimer::Purgatory(waiter)));
        }
    }

    /// This waiter's operation is looked at whenever something happens to `key`.
    pub fn watch(&mut self, key: Key, waiter: Waiter) {
        let waiters = self.watchers(key);
        if !waiters.contains(&waiter) {
            waiters.push(waiter);
        }
    }

    /// acks=all appends that wait for this partition's high watermark.
    pub fn waiting_produces(&self, partition: Partition) -> usize {
        self.watchers.get(usize::from(partition.0)).map_or(0, |watchers| watchers.high_watermark.len())
    }

    /// Something has happened to `key`: operations that have now what they waited for end.
    pub fn wake(
        &mut self,
        cx: &mut Context,
        key: Key,
        replicas: &Replicas,
        image: &Image,
        server: &mut Server,
    ) {
        if self.watchers(key).is_empty() {
            return;
        }
        let mut waiters = std::mem::take(self.watchers(key));
        waiters.retain(|&waiter| {
            let Some(operation) = self.operation(waiter).filter(|operation| operation.heeds(key)) else {
                return false;
            };
            if !operation.try_complete(cx, replicas, image) {
                return operation.waits_for(key);
            }
            self.complete(cx, waiter, replicas, image, server);
            false
        });
        let watchers = self.watchers(key);
        debug_assert!(watchers.is_empty(), "an answer lets nothing wait");
        *watchers = waiters;
    }

    /// A timer is due; by now it may serve a later operation than the one that set it.
    pub fn on_timer(
        &mut self,
        cx: &mut Context,
        waiter: Waiter,
        replicas: &Replicas,
        image: &Image,
        server: &mut Server,
    ) {
        let Ok(index) = self.place(waiter) else { return };
        let place = &mut self.places[index];
        if place.alarm > cx.now {
            return; // an earlier one has been set since
        }
        place.alarm = Time::NEVER;
        let Some((operation, deadline)) = &place.parked else {
            self.places.remove(index);
            return;
        };
        if *deadline > cx.now {
            place.alarm = *deadline;
            return cx.set_timer_at(*deadline, Timer::Broker(BrokerTimer::Purgatory(waiter)));
        }
        if let Operation::Produce(produce) = operation {
            for partition in produce.waiting() {
                let watchers = &mut self.watchers[usize::from(partition.0)];
                watchers.high_watermark.retain(|&other| other != waiter);
            }
        }
        self.complete(cx, waiter, replicas, image, server);
    }

    /// Nobody waits any more: all connections are closed.
    pub fn clear(&mut self) {
        self.places.clear();
    }

    /// Ends an operation, with what it has or without.
    fn complete(
        &mut self,
        cx: &mut Context,
        waiter: Waiter,
        replicas: &Replicas,
        image: &Image,
        server: &mut Server,
    ) {
        let Ok(index) = self.place(waiter) else { return };
        let place = &mut self.places[index];
        let Some((operation, _)) = place.parked.take() else { return };
        if place.alarm == Time::NEVER {
            self.places.remove(index);
        }
        let body = operation.complete(cx, replicas, image);
        self.tell(cx, waiter, body, replicas, image, server);
    }

    /// How it has ended.
    pub fn tell(
        &mut self,
        cx: &mut Context,
        waiter: Waiter,
        body: Body,
        replicas: &Replicas,
        image: &Image,
        server: &mut Server,
    ) {
        match waiter {
            Waiter::Request(connection) => server.answer(cx, replicas, image, connection, body),
            #[cfg(test)]
            Waiter::Coordinator(id) => self.told.push((id, body)),
        }
    }

    fn place(&self, waiter: Waiter) -> Result<usize, usize> {
        self.places.binary_search_by_key(&waiter, |place| place.waiter)
    }

    fn operation(&mut self, waiter: Waiter) -> Option<&mut Operation> {
        let place = self.place(waiter).ok()?;
        self.places[place].parked.as_mut().map(|(operation, _)| operation)
    }

    fn watchers(&mut self, key: Key) -> &mut Vec<Waiter> {
        match key {
            Key::HighWatermark(partition) => &mut self.watchers[usize::from(partition.0)].high_watermark,
            Key::Fetch(partition) => &mut self.watchers[usize::from(partition.0)].fetch,
        }
    }

    #[cfg(test)]
    pub fn holds(&self, waiter: Waiter) -> bool {
        self.place(waiter).is_ok_and(|place| self.places[place].parked.is_some())
    }
}

impl Operation {
    /// Is this what an operation of this kind waits for?
    fn heeds(&self, key: Key) -> bool {
        match self {
            Operation::Produce(_) => matches!(key, Key::HighWatermark(_)),
            Operation::Fetch(_) => matches!(key, Key::Fetch(_)),
        }
    }

    /// Does it wait for this very partition (still)?
    fn waits_for(&self, key: Key) -> bool {
        match (self, key) {
            (Operation::Produce(produce), Key::HighWatermark(partition)) => {
                produce.waiting().any(|other| other == partition)
            }
            (Operation::Fetch(_), Key::Fetch(_)) => true,
            (Operation::Produce(_), Key::Fetch(_)) | (Operation::Fetch(_), Key::HighWatermark(_)) => false,
        }
    }

    /// Has it what it waits for?
    fn try_complete(&mut self, cx: &Context, replicas: &Replicas, image: &Image) -> bool {
        match self {
            Operation::Produce(produce) => produce.try_complete(cx, replicas, image),
            Operation::Fetch(fetch) => fetch.is_worth_answering(cx, replicas, image),
        }
    }

    /// Its result as things stand.
    fn complete(self, cx: &mut Context, replicas: &Replicas, image: &Image) -> Body {
        match self {
            Operation::Produce(produce) => produce.complete(),
            Operation::Fetch(fetch) => fetch.complete(cx, replicas, image),
        }
    }
}
