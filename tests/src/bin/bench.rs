//! Measures and writes JSON: to standard output natively, into the page in the browser. Run by `cargo xtask bench`.

use ackscope_tests::bench;

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    let start = std::time::Instant::now();
    println!("{}", json(&bench::measure(&|| start.elapsed().as_secs_f64())));
}

#[cfg(target_arch = "wasm32")]
fn main() {
    let window = web_sys::window().expect("a page");
    let clock = window.performance().expect("every browser has a clock");
    let document = window.document().expect("a page");
    let figures = bench::measure(&|| clock.now() / 1000.0);
    document.body().expect("a body").set_text_content(Some(&json(&figures)));
    let root = document.document_element().expect("a root");
    root.set_attribute("data-ready", "true").expect("data-ready is a valid attribute name");
}

fn json(figures: &[bench::Figure]) -> String {
    let object = |bench::Figure { name, value, unit }: &bench::Figure| {
        format!(r#"{{"name":"{name}","value":{value},"unit":"{unit}"}}"#)
    };
    format!("[{}]", figures.iter().map(object).collect::<Vec<_>>().join(","))
}
