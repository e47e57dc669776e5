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
    ackscope_tests::side_page::show(&json(&bench::measure(&|| clock.now() / 1000.0)));
}

fn json(figures: &[bench::Figure]) -> String {
    let object = |bench::Figure { name, value, unit }: &bench::Figure| {
        format!(r#"{{"name":"{name}","value":{value},"unit":"{unit}"}}"#)
    };
    format!("[{}]", figures.iter().map(object).collect::<Vec<_>>().join(","))
}
