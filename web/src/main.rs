//! The page's entry point.

fn main() {
    ackscope_web::start();
}
