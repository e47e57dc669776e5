//! Each link of the stage can be taken hold of, however many there are.

use ackscope_scene::picture::{Picture, Source};
use ackscope_scene::stage::{self, StageView};
use ackscope_scene::story::Story;
use ackscope_scene::timeline::Room;
use ackscope_sim::ids::{BrokerId, MachineId};
use ackscope_sim::run::Run;
use ackscope_sim::spec::BrokerSpec;
use ackscope_sim::view::ClusterView;

use crate::fixture::{self, ms};

/// A short run of a cluster of that many brokers, and of producers and consumers.
fn run(brokers: u32, clients: u8) -> Run {
    let mut spec = fixture::spec();
    let ids: Vec<BrokerId> = (1..=brokers).map(BrokerId).collect();
    let broker = |&id: &BrokerId| BrokerSpec { id, machine: MachineId(id.0 as u8), rack: None };
    spec.brokers = ids.iter().map(broker).collect();
    spec.partitions[0].replicas.clone_from(&ids);
    let (producer, consumer) = (spec.producers[0].clone(), spec.consumers[0].clone());
    spec.producers.clear();
    spec.consumers.clear();
    for place in 0..clients {
        let mut producer = producer.clone();
        producer.name = format!("p{place}").into();
        (producer.machine, producer.bootstrap) = (MachineId(20 + place), ids.clone());
        spec.producers.push(producer);
        let mut consumer = consumer.clone();
        consumer.name = format!("c{place}").into();
        (consumer.machine, consumer.bootstrap) = (MachineId(30 + place), ids.clone());
        spec.consumers.push(consumer);
    }
    spec.until = ms(20.0);
    Run::new(spec)
}

/// The stage with every link drawn.
fn view(cluster: &ClusterView) -> StageView<'_> {
    StageView {
        width: 932.0,
        room: Room::Page,
        cluster,
        partition: Some(fixture::P),
        selection: Source::None,
        all_links: true,
    }
}

#[test]
fn every_link_has_a_place_of_its_own_and_is_hit_there() {
    for (brokers, clients) in [(1, 1), (2, 1), (3, 1), (3, 3), (5, 4), (9, 1)] {
        let run = run(brokers, clients);
        let story = Story::new(&run);
        let cluster = run.view_at(ms(10.0));
        let view = view(&cluster);
        let places = stage::links(&story, &view);
        let others = 2 * u32::from(clients) + 1;
        assert_eq!(places.len() as u32, brokers * others + brokers * (brokers - 1) / 2);
        let mut picture = Picture::default();
        stage::draw(&story, &view, &mut picture);
        // Messages lie on top of the links.
        picture.shapes.retain(|shape| !matches!(shape.source, Source::Message(_)));
        for (index, place) in places.iter().enumerate() {
            for other in &places[index + 1..] {
                let far = (place.at.x - other.at.x).hypot(place.at.y - other.at.y);
                assert!(
                    far >= if brokers > 5 { 4.0 } else { 6.5 },
                    "{brokers} brokers: {place:?} and {other:?} lie on each other"
                );
            }
            assert!(place.at.x > 0.0 && place.at.x < view.width && place.at.y < picture.height);
            let found = picture.hit(place.at, 0.6);
            assert!(matches!(found, Source::Link(..)));
            // The ways of more brokers than that lie on each other.
            if brokers <= 5 {
                assert_eq!(found, Source::Link(place.a, place.b), "{brokers} brokers");
            }
        }
        let phone = StageView { room: Room::Phone, ..view };
        assert!(stage::links(&story, &phone).is_empty(), "a phone has no room for them");
    }
}

#[test]
fn a_link_that_nothing_uses_is_drawn_when_asked_for_or_selected() {
    let run = run(3, 1);
    let story = Story::new(&run);
    let cluster = run.view_at(ms(0.0));
    let view = view(&cluster);
    let idle =
        stage::links(&story, &view).last().map(|place| Source::Link(place.a, place.b)).expect("a link");
    let is_drawn = |view: &StageView<'_>| {
        let mut picture = Picture::default();
        stage::draw(&story, view, &mut picture);
        picture.shapes.iter().any(|shape| shape.source == idle)
    };
    assert!(is_drawn(&view));
    assert!(!is_drawn(&StageView { all_links: false, ..view }));
    assert!(is_drawn(&StageView { all_links: false, selection: idle, ..view }));
}
