//! A broker's process, from its start to its end in good order.

use crate::broker::Broker;
use crate::broker::membership::Next;
use crate::broker::parked::Parked;
use crate::broker::server::Server;
use crate::ids::Partition;
use crate::script::Boot;
use crate::world::context::Context;

impl Broker {
    pub fn start(&mut self, cx: &mut Context, boot: Boot) {
        self.starts += 1;
        self.replicas.start(cx.now);
        self.server = Server::new(cx.spec.broker_config.num_io_threads);
        self.parked = Parked::new(cx.spec.partitions.len());
        self.membership.start(cx, self.starts, &self.replicas.disk, boot);
    }

    /// SIGTERM.
    pub fn stop(&mut self, cx: &mut Context) {
        let next = self.membership.stop(cx);
        self.proceed(cx, next);
    }

    /// On its way out: whoever wants it started must wait until it is gone.
    pub fn is_stopping(&self) -> bool {
        self.membership.life.is_stopping()
    }

    pub(super) fn proceed(&mut self, cx: &mut Context, next: Next) {
        match next {
            Next::GoOn => {}
            Next::Recover => {
                let scan = self.replicas.load_logs(cx);
                self.membership.is_published = true;
                let known = self.membership.image.partitions();
                let partitions: Vec<Partition> = known.map(|(partition, _)| partition).collect();
                for partition in partitions {
                    self.apply_partition(cx, partition);
                }
                self.membership.recovered(cx, scan);
            }
            Next::ShutDown => {
                cx.listen(false);
                self.server.close(cx);
                self.parked.clear();
                self.membership.begin_shutdown(cx);
            }
            Next::End => self.end(cx),
        }
    }

    /// Everything is written down.
    pub(super) fn closed(&mut self, cx: &mut Context) {
        let loaded = self.membership.is_published || cx.spec.version.uses_zookeeper();
        if loaded && !self.replicas.disk.failed {
            let broker_epoch = self.membership.life.broker_epoch.unwrap_or_default();
            self.replicas.close_logs(cx, broker_epoch);
        }
        self.end(cx);
    }

    /// The process ends by itself.
    fn end(&mut self, cx: &mut Context) {
        self.forget(cx);
        cx.exit();
    }
}
