//! The bar between what became of a run and what can be changed about it: dragged, or moved with arrows, it gives one of
//! them more room.

use leptos::html;
use leptos::prelude::*;

/// The lower part's share of the height, in hundredths: as the page opens, and what it can be.
pub const USUAL: u32 = 42;
const LEAST: u32 = 25;
const MOST: u32 = 80;
const STEP: u32 = 5;

#[component]
pub fn Split(share: RwSignal<u32>) -> impl IntoView {
    let bar = NodeRef::<html::Div>::new();
    // How far below the edge that it moves it was taken hold of.
    let held = StoredValue::new(None::<f64>);
    let set = move |to: u32| share.set(to.clamp(LEAST, MOST));
    let frame = move |of: &str| {
        let element = bar.get_untracked()?.closest(of).ok()??;
        Some(element.get_bounding_client_rect())
    };
    let down = move |event: web_sys::PointerEvent| {
        held.set_value(frame(".change").map(|frame| f64::from(event.client_y()) - frame.top()));
        if let Some(bar) = bar.get_untracked() {
            let _ = bar.set_pointer_capture(event.pointer_id());
        }
    };
    let moved = move |event: web_sys::PointerEvent| {
        if let Some((below_edge, page)) = held.get_value().zip(frame(".player")) {
            let edge = f64::from(event.client_y()) - below_edge;
            let share = (page.bottom() - edge) / page.height();
            set((share.clamp(0.0, 1.0) * 100.0).round() as u32);
        }
    };
    let key = move |event: web_sys::KeyboardEvent| {
        let share = share.get_untracked();
        set(match event.key().as_str() {
            "ArrowUp" => share + STEP,
            "ArrowDown" => share - STEP,
            "Home" => MOST,
            "End" => LEAST,
            "Enter" => USUAL,
            _ => return,
        });
        event.prevent_default();
    };
    view! {
        <div class="split" node_ref=bar role="separator" tabindex="0" aria-orientation="horizontal" data-testid="split"
            aria-label="Width of the settings panel" title="Drag to resize; double-click to reset"
            aria-valuenow=move || share.get().to_string() aria-valuemin=LEAST.to_string() aria-valuemax=MOST.to_string()
            on:pointerdown=down on:pointermove=moved on:pointerup=move |_| held.set_value(None)
            on:pointercancel=move |_| held.set_value(None) on:dblclick=move |_| set(USUAL) on:keydown=key></div>
    }
}
