//! Each link of the stage can be taken hold of, however many there are.

use ackscope_scene::picture::{Picture, Source};
use ackscope_scene::stage::{self, LinkPlace, StageView};
use ackscope_scene::story::Story;
use ackscope_scene::timeline::Room;
use ackscope_sim::ids::{BrokerId, MachineId, NodeId};
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
        let held = |place: &LinkPlace| place.at.expect("a page has room for it");
        for (index, place) in places.iter().enumerate() {
            let at = held(place);
            for other in &places[index + 1..] {
                let far = (at.x - held(other).x).hypot(at.y - held(other).y);
                assert!(far >= 6.5, "{brokers} brokers: {place:?} and {other:?} lie on each other");
            }
            assert!(at.x > 0.0 && at.x < view.width && at.y < picture.height);
            // Of more brokers than that only those links are drawn that something uses.
            if brokers <= 5 {
                assert_eq!(picture.hit(at, 0.6), Source::Link(place.a, place.b), "{brokers} brokers");
            }
        }
        let phone = stage::links(&story, &StageView { room: Room::Phone, ..view });
        let named = |place: &LinkPlace| (place.a, place.b);
        assert!(phone.iter().map(named).eq(places.iter().map(named)), "a phone has the same links");
        assert!(phone.iter().all(|place| place.at.is_none()), "but no room for them on the picture");
    }
}

/// Nine brokers have 36 links: a thicket, unless only those are drawn that matter.
#[test]
fn between_many_brokers_only_the_links_in_use_and_the_chosen_one_are_drawn() {
    let run = run(9, 1);
    let story = Story::new(&run);
    let cluster = run.view_at(ms(0.0));
    let drawn = |view: &StageView<'_>| {
        let mut picture = Picture::default();
        stage::draw(&story, view, &mut picture);
        let between = |source| matches!(source, Source::Link(NodeId::Broker(_), NodeId::Broker(_)));
        let mut links: Vec<Source> =
            picture.shapes.iter().map(|shape| shape.source).filter(|&source| between(source)).collect();
        links.dedup();
        links
    };
    let view = view(&cluster);
    assert_eq!(drawn(&view), []);
    let chosen = Source::Link(NodeId::Broker(BrokerId(2)), NodeId::Broker(BrokerId(9)));
    assert_eq!(drawn(&StageView { selection: chosen, ..view }), [chosen]);
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
