//! Somebody opens a long scenario: two minutes, ten thousand records, a leader that dies, and every happening of it.

use ackscope_scenario::link::{View, to_text};
use ackscope_tests::browser::Page;

const LIMIT_MIB: f64 = 64.0;

#[tokio::test]
async fn two_minutes_with_ten_thousand_records_stay_below_64_mib() {
    let page = Page::open(&format!("#{}", to_text(include_str!("two-minutes.toml"), &View::default()))).await;

    // The module is loaded already: importing it again gives the same one, and starting it again what it exports.
    let bytes = page
        .script(
            "const module = performance.getEntriesByType('resource').map(entry => entry.name)\
                 .find(name => /ackscope-web-[^/]*\\.js$/.test(name));\
             return import(module).then(module => module.default())\
                 .then(exports => exports.memory.buffer.byteLength)",
        )
        .await;
    let mib = bytes.as_f64().expect("a number of bytes") / f64::from(1 << 20);
    assert_eq!(page.console_errors().await, [""; 0]);
    println!("{mib:.1} MiB");
    assert!(mib > 2.0 && mib < LIMIT_MIB, "{mib:.1} MiB");
}
