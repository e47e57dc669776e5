//! The library's runs in every size: their words can be read, and each famous picture says what it is famous for.

use ackscope_scenario::library;
use ackscope_scene::axis::{Axis, AxisMode};
use ackscope_scene::narration::Narrator;
use ackscope_scene::picture::{Anchor, Mark, Picture};
use ackscope_scene::stage::{self, StageView};
use ackscope_scene::story::Story;
use ackscope_scene::text;
use ackscope_scene::timeline::{Room, Timeline, View, lanes};
use ackscope_sim::happening::Fact;
use ackscope_sim::ids::Partition;
use ackscope_sim::run::Run;
use ackscope_sim::time::Time;

fn run(id: &str) -> Run {
    Run::new(library::find(id).expect("it is in the library").document().variants[0].spec.clone())
}

struct Words {
    left: f32,
    right: f32,
    top: f32,
    bottom: f32,
    text: String,
}

fn words(picture: &Picture) -> Vec<Words> {
    let words = picture.shapes.iter().filter_map(|shape| {
        let Mark::Text { at, text, style, anchor } = shape.mark else { return None };
        let text = picture.text(text);
        // Some systems have wider letters than others.
        let width = text::width(text, style.size, style.bold) * 1.1;
        let left = match anchor {
            Anchor::Start => at.x,
            Anchor::Middle => at.x - width / 2.0,
            Anchor::End => at.x - width,
        };
        let (top, bottom) = (at.y - style.size * 0.72, at.y);
        Some(Words { left, right: left + width, top, bottom, text: text.to_owned() })
    });
    words.collect()
}

/// What cannot be read: words on each other, words that leave the picture.
fn unreadable(picture: &Picture) -> Vec<String> {
    let words = words(picture);
    let mut found = Vec::new();
    for (place, a) in words.iter().enumerate() {
        if a.left < -1.0 || a.right > picture.width + 1.0 || a.top < 0.0 || a.bottom > picture.height + 1.0 {
            found.push(format!("{:?} leaves the picture", a.text));
        }
        let meets = |b: &&Words| a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
        for b in words[place + 1..].iter().filter(meets) {
            found.push(format!("{:?} lies on {:?}", a.text, b.text));
        }
    }
    found
}

fn timeline(story: &Story, width: f32, room: Room) -> Picture {
    let axis = Axis::new(AxisMode::Elastic, story);
    let lanes = lanes(story, room);
    let mut picture = Picture::default();
    Timeline::new(story, &axis, View::new(width, room, &lanes, axis.whole())).draw(&mut picture);
    picture
}

fn says(picture: &Picture, text: &str) -> bool {
    words(picture).iter().any(|words| words.text.contains(text))
}

const SIZES: [(f32, Room); 4] =
    [(932.0, Room::Page), (720.0, Room::Figure), (390.0, Room::Phone), (360.0, Room::Phone)];

#[test]
fn no_words_lie_on_each_other_in_any_run() {
    let mut wrong = Vec::new();
    for scenario in library::library() {
        let run = run(scenario.id);
        let story = Story::new(&run);
        for (width, room) in SIZES {
            for found in unreadable(&timeline(&story, width, room)) {
                wrong.push(format!("{}, timeline {width}: {found}", scenario.id));
            }
            for tenth in 0..=10 {
                let cluster = run.view_at(Time { nanos: run.end.nanos / 10 * tenth });
                for partition in [Some(Partition(0)), None] {
                    let mut picture = Picture::default();
                    let selection = ackscope_scene::picture::Source::None;
                    let view =
                        StageView { width, room, cluster: &cluster, partition, selection, all_links: false };
                    stage::draw(&story, &view, &mut picture);
                    // Beads move over what they pass.
                    let beads = |shape: &ackscope_scene::picture::Shape| {
                        matches!(shape.source, ackscope_scene::picture::Source::Message(_))
                    };
                    picture.shapes.retain(|shape| !beads(shape));
                    for found in unreadable(&picture) {
                        wrong.push(format!("{}, stage {width} at {tenth}: {found}", scenario.id));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong.join("\n"));
}

/// Five retries leave in one go: their names say in which order, and the logs say so row by row.
#[test]
fn the_reversed_retries_are_named_in_the_order_in_which_they_leave_and_lie() {
    let run = run("five-retries-reversed");
    let story = Story::new(&run);
    for (width, room) in SIZES {
        let picture = timeline(&story, width, room);
        let retried = if room == Room::Phone { "retr" } else { "retries E, D, C, B, A" };
        assert!(says(&picture, retried), "{room:?} lacks {retried:?}");
    }
    let picture = timeline(&story, 720.0, Room::Figure);
    let words = words(&picture);
    // The highest of each stands at the producer.
    let rows = |name: &'static str| words.iter().filter(move |words| words.text == name && words.top > 44.0);
    assert_eq!(rows("A").count(), 3, "each log names its rows");
    for (above, below) in [("A", "B"), ("B", "C"), ("C", "D"), ("D", "E")] {
        for (above, below) in rows(above).zip(rows(below)) {
            assert!(above.bottom < below.bottom, "{:?} lies above {:?}", above.text, below.text);
            let middle = |words: &Words| (words.left + words.right) / 2.0;
            assert!((middle(above) - middle(below)).abs() < 0.1, "they stand in a column");
        }
    }
}

/// Where two brokers hold what will be lost, neither says that it is the only one.
#[test]
fn the_only_copy_is_called_so_and_one_of_two_is_not() {
    for (id, alone) in [("acks-1-leader-crash", true), ("kip-101-loss", false)] {
        let picture = timeline(&Story::new(&run(id)), 932.0, Room::Page);
        assert!(says(&picture, "lost"), "{id}");
        assert_eq!(says(&picture, "only here"), alone, "{id}");
    }
}

/// What was lost, and that somebody was elected, is said however little room there is.
#[test]
fn losses_and_elections_speak_before_everything_else() {
    for (id, lost, elected) in [
        ("acks-1-leader-crash", "w0–w4", "elects"),
        ("unclean-on", "w0–w99", "uncleanly"),
        ("split-brain-zombie-leader", "z0–z4", "elects"),
    ] {
        let run = run(id);
        let story = Story::new(&run);
        for (width, room) in SIZES {
            let picture = timeline(&story, width, room);
            let full = words(&picture)
                .iter()
                .any(|words| words.text.starts_with(lost) && words.text.ends_with("lost"));
            assert!(
                full || room == Room::Phone && says(&picture, "lost"),
                "{id}, {width}: nobody says {lost} is lost"
            );
            assert!(says(&picture, elected), "{id}, {width} lacks {elected:?}");
        }
    }
}

/// What a broker refuses by is what the topic asks for then, not what the document began with.
#[test]
fn a_refusal_names_the_minimum_that_has_been_altered() {
    let text = "ackscope = 1\nid = \"x\"\ntitle = \"x\"\nuntil = \"9 s\"\n[cluster]\nbrokers = 3\n[topic.t]\nreplicas = [[1, 2, 3]]\n\
        config.min.insync.replicas = 1\n[producer.p]\nconfig.acks = \"all\"\nconfig.delivery.timeout.ms = 3000\nconfig.request.timeout.ms = 1000\n\
        [do]\n\"two die\" = { at = \"1 s\", stop = [\"broker-2\", \"broker-3\"] }\n\
        \"stricter\" = { at = \"3 s\", alter_topic = \"t\", config.min.insync.replicas = 2 }\n\
        \"one\" = { at = \"5 s\", send = \"v\" }\n";
    let document = ackscope_scenario::Document::parse(text).expect("a document");
    let run = Run::new(document.variants[0].spec.clone());
    let story = Story::new(&run);
    let narrator = Narrator::new(&run, &story);
    let refused =
        run.happenings.iter().find(|happening| matches!(happening.fact, Fact::ProduceRefused { .. }));
    let said = narrator.sentence(refused.expect("a refusal").id).text();
    assert!(said.contains("min.insync.replicas asks for 2."), "{said}");
}
