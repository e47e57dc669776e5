//! The lab's worker: its own module, so that charts and sweeps cost the landing page nothing.

fn main() {
    ackscope_web::start_lab_worker();
}
