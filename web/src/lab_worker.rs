//! Runs the batching sweep in a worker, one pair of settings after the other, and sends the charts as they fill.

use std::cell::RefCell;
use std::rc::Rc;

use ackscope_lab::{Measured, Sweep};
use ackscope_scene::chart::{
    Place, Sample, Sheet, every_combination, fill_of_batches, latency_over_capacity, svg,
};
use ackscope_scene::tokens::Theme;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

use crate::lab::{Answer, Question, Tried, workload};
use crate::turns::in_turns;

/// The first ones are shown one by one, later ones a few at a time.
const SHOWN_ONE_BY_ONE: usize = 16;
const SHOWN_TOGETHER: usize = 4;
/// The two large charts, in px: text in them is as large as it is on the screen.
const CHART: (u32, u32) = (600, 418);
const ON_A_PHONE: (u32, u32) = (344, 360);

/// The sweep that is under way.
struct Work {
    question: Question,
    sweep: Sweep,
    sheet: Sheet,
    of: usize,
}

pub fn run() {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    let work: Rc<RefCell<Option<Work>>> = Rc::default();
    let begin = in_turns(measuring(scope.clone(), Rc::clone(&work)));
    let on_question = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        let Ok(question) = serde_wasm_bindgen::from_value::<Question>(event.data()) else { return };
        let mut work = work.borrow_mut();
        match &mut *work {
            // Only the looks are others: what is known stays known.
            Some(work)
                if (Question { dark: question.dark, narrow: question.narrow, ..work.question.clone() })
                    == question =>
            {
                work.question = question;
                tell(&scope, &work.answer());
            }
            _ => {
                let idle = work.as_ref().is_none_or(|work| work.sweep.len() == 0);
                *work = Some(Work::new(question));
                if idle {
                    begin();
                }
            }
        }
    });
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    scope.set_onmessage(Some(on_question.as_ref().unchecked_ref()));
    on_question.forget();
    // The page asks only now: what it had sent before would have been lost.
    tell(&scope, &Answer::default());
}

/// Measures one pair of settings at a turn.
fn measuring(scope: DedicatedWorkerGlobalScope, work: Rc<RefCell<Option<Work>>>) -> impl FnMut() -> bool {
    move || {
        let mut work = work.borrow_mut();
        let Some(work) = &mut *work else { return false };
        if work.measure_one() {
            tell(&scope, &work.answer());
        }
        work.sweep.len() > 0
    }
}

fn tell(scope: &DedicatedWorkerGlobalScope, answer: &Answer) {
    if let Ok(message) = serde_wasm_bindgen::to_value(answer) {
        let _ = scope.post_message(&message);
    }
}

impl Work {
    fn new(question: Question) -> Work {
        let workload = workload(&question);
        let sweep = Sweep::new(workload.spec(), Default::default()).with_flat_out(workload.flat_out().spec());
        let grid = sweep.grid();
        let sheet = Sheet {
            lingers_ms: grid.lingers.iter().map(|linger| linger.nanos as f64 / 1e6).collect(),
            batch_sizes: grid.batch_sizes.clone(),
            samples: Vec::new(),
            load: workload.rate(),
            present: sweep.present(),
        };
        Work { question, of: sweep.len(), sweep, sheet }
    }

    /// Whether there is something new to show.
    fn measure_one(&mut self) -> bool {
        let Some(measured) = self.sweep.next() else { return false };
        self.sheet.samples.push(sample(&measured, self.question.record_bytes));
        let done = self.sheet.samples.len();
        done <= SHOWN_ONE_BY_ONE || done.is_multiple_of(SHOWN_TOGETHER) || self.sweep.len() == 0
    }

    fn answer(&self) -> Answer {
        let theme = if self.question.dark { Theme::Dark } else { Theme::Light };
        let sheet = &self.sheet;
        let (finding, advice) = words(sheet);
        let (mut dots, mut cells) = (Vec::new(), Vec::new());
        let chart @ (wide, high) = if self.question.narrow { ON_A_PHONE } else { CHART };
        let latency = svg(wide, high, |area| latency_over_capacity(area, sheet, theme, &mut dots));
        let combinations = svg(wide, high, |area| every_combination(area, sheet, theme, &mut cells));
        Answer {
            done: sheet.samples.len() as u32,
            of: self.of as u32,
            latency,
            combinations,
            tried: dots.iter().zip(&cells).map(|(dot, cell)| tried(sheet, chart, dot, cell)).collect(),
            batches: svg(320, 132, |area| fill_of_batches(area, sheet, theme)),
            finding,
            advice,
        }
    }
}

/// Both charts list the samples in the same order.
fn tried(sheet: &Sheet, chart: (u32, u32), dot: &Place, cell: &Place) -> Tried {
    let sample = &sheet.samples[dot.sample];
    let across = |px: i32| px as f32 / chart.0 as f32;
    let down = |px: i32| px as f32 / chart.1 as f32;
    Tried {
        linger_ms: sheet.lingers_ms[sample.linger] as u32,
        batch_size: sheet.batch_sizes[sample.batch_size],
        p99_us: sample.p99_us as u32,
        capacity: sample.capacity as u32,
        dot: [across(dot.x), down(dot.y)],
        cell: [across(cell.x), down(cell.y), across(cell.width), down(cell.height)],
    }
}

fn sample(measured: &Measured, record_bytes: u32) -> Sample {
    Sample {
        linger: usize::from(measured.linger),
        batch_size: usize::from(measured.batch_size),
        p50_us: measured.counted.latency.p50_us,
        p99_us: measured.counted.latency.p99_us,
        capacity: measured.capacity.unwrap_or_else(|| measured.records_per_second()),
        records_per_batch: measured.records_per_batch_tenths() as f64 / 10.0,
        records_that_fit: (f64::from(measured.batch_size_bytes) / f64::from(record_bytes.max(1))).max(1.0),
    }
}

/// What the present settings do, and what would be better.
fn words(sheet: &Sheet) -> (String, String) {
    let Some((linger, size)) = sheet.present else { return Default::default() };
    let at = |place: (usize, usize)| {
        sheet.samples.iter().find(|sample| (sample.linger, sample.batch_size) == place)
    };
    let Some(now) = at((linger, size)) else { return Default::default() };
    let millis = |us: u64| format!("{:.1} ms", us as f64 / 1e3);
    let finding = format!(
        "With linger.ms={} and batch.size={}, batches leave with {:.1} of the {:.0} records that they could hold; \
         half of the records are answered within {}, 99 in 100 within {}.",
        sheet.lingers_ms[linger],
        sheet.batch_sizes[size],
        now.records_per_batch,
        now.records_that_fit,
        millis(now.p50_us),
        millis(now.p99_us),
    );
    let load = sheet.load.unwrap_or(0);
    let better = sheet.frontier().into_iter().find(|sample| {
        // Carries the load with room to spare, and answers sooner than now.
        sample.capacity > load + load / 5 && sample.p99_us + sample.p99_us / 10 < now.p99_us
    });
    let advice = if now.capacity < load {
        format!(
            "That is not enough: at most {} records a second get through, and {load} are sent.",
            now.capacity
        )
    } else if let Some(better) = better {
        format!(
            "linger.ms={} and batch.size={} answers 99 in 100 within {} and still carries {} records a second.",
            sheet.lingers_ms[better.linger],
            sheet.batch_sizes[better.batch_size],
            millis(better.p99_us),
            better.capacity,
        )
    } else {
        format!("These settings could carry up to {} records a second.", now.capacity)
    };
    (finding, advice)
}
