//! Somebody opens a cluster of five brokers and six partitions.

use ackscope_scenario::link::{self, View};
use ackscope_tests::browser::Page;

const LARGE: &str = r#"
ackscope = 1
id = "large"
title = "Five brokers, six partitions"
question = "Does it all fit?"
until = "6 s"

[cluster]
brokers = 5

[topic.orders]
partitions = 6
replication_factor = 3

[producer.p]
config.acks = "all"

[do]
"records" = { at = "100 ms", send = "r0..r29", every = "20 ms" }
"broker 2 dies" = { at = "2 s", kill = "broker-2" }
"#;

#[tokio::test]
async fn everything_fits_and_every_partition_can_be_looked_at() {
    let page = Page::open(&format!("#{}", link::to_text(LARGE, &View::default()))).await;
    assert_eq!(page.client().title().await.expect("a title"), "Five brokers, six partitions · Ackscope");
    page.scrub(1.0).await;
    for broker in 1..=5 {
        page.find(&format!("lane-broker-{broker}")).await;
    }
    let timeline = "return document.querySelector('[data-testid=timeline] canvas').toDataURL()";
    let mut pictures = Vec::new();
    for partition in ["all", "0", "1", "2", "3", "4", "5"] {
        page.click(&format!("partition-{partition}")).await;
        page.until("pressed", &format!("return document.querySelector(\"[data-testid='partition-{partition}']\").getAttribute('aria-pressed') === 'true'")).await;
        page.settled().await;
        pictures.push(page.script(timeline).await.to_string());
    }
    let count = pictures.len();
    pictures.sort();
    pictures.dedup();
    assert!(
        pictures.len() >= count - 1,
        "each partition has a picture of its own: {} of {count}",
        pictures.len()
    );
    let fits = "const it = document.querySelector('[data-testid=play]').getBoundingClientRect(); return it.bottom <= innerHeight && document.documentElement.scrollWidth <= innerWidth";
    assert_eq!(page.script(fits).await, true, "playback stays in sight");
    assert_eq!(page.console_errors().await, [""; 0]);
}

/// A figure in somebody's text has no room to scroll in: all lanes share what there is.
#[tokio::test]
async fn the_embedded_figure_shows_every_broker_and_the_controller_at_once() {
    let page = Page::blank().await;
    page.size(720, 420).await;
    page.go("?embed#acks-1-leader-crash").await;
    let hidden = "const it = document.querySelector('[data-testid=timeline]'); return it.scrollHeight - it.clientHeight";
    let hidden = page.script(hidden).await.as_f64();
    assert!(hidden <= Some(2.0), "{hidden:?} px lie below the frame");
    assert_eq!(page.console_errors().await, [""; 0]);
}
