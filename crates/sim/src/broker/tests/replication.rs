//! The way of a record through a healthy cluster.

use super::harness::{Cluster, P0, acked, replica, values};
use crate::version::KafkaVersion;

#[test]
fn every_replica_gets_every_record() {
    for version in KafkaVersion::ALL {
        let mut cluster = Cluster::new(version, 3);
        let names: Vec<String> = (0..5).map(|number| format!("v{number}")).collect();
        for (place, name) in (0..).zip(&names) {
            cluster.send(1_000 + 20 * place, name);
        }
        cluster.spec.until = crate::time::Time::from_millis(5_000);
        let run = cluster.run();
        assert_eq!(acked(&run), names, "{version:?}");
        for id in 1..=3 {
            assert_eq!(values(&run, id, P0), names, "{version:?} broker {id}");
            assert_eq!(replica(&run, id, P0).high_watermark.0, 5, "{version:?} broker {id}");
        }
    }
}
