//! How large an element is, and whether it is in sight, as signals.

use leptos::html::ElementType;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, IntersectionObserver, IntersectionObserverEntry, ResizeObserver};

use super::{listen, window};
use crate::screens::{self, Drawing};

/// Width and height of its content box in CSS pixels; nothing before it is laid out.
pub fn size_of<E>(node: NodeRef<E>, drawing: Drawing) -> Signal<Option<(f32, f32)>>
where
    E: ElementType,
    E::Output: JsCast + Clone + Into<Element> + 'static,
{
    if cfg!(feature = "prerender") {
        return screens::size(drawing);
    }
    let size = RwSignal::new(None);
    let observer = StoredValue::new_local(None::<(ResizeObserver, Closure<dyn FnMut()>)>);
    Effect::new(move |_| {
        let Some(element) = node.get() else { return };
        let element: Element = element.into();
        let watched = element.clone();
        let measure = move || size.set(Some((watched.client_width() as f32, watched.client_height() as f32)));
        measure();
        let changed = Closure::new(measure);
        if let Ok(watcher) = ResizeObserver::new(changed.as_ref().unchecked_ref()) {
            watcher.observe(&element);
            observer.set_value(Some((watcher, changed)));
        }
    });
    on_cleanup(move || {
        if let Some(Some((observer, _))) = observer.try_update_value(Option::take) {
            observer.disconnect();
        }
    });
    size.into()
}

/// The window's width in CSS pixels.
pub fn window_width() -> Signal<f64> {
    if cfg!(feature = "prerender") {
        return screens::window_width();
    }
    let read = || window().inner_width().ok().and_then(|width| width.as_f64()).unwrap_or(1280.0);
    let (width, set_width) = signal(read());
    listen(&window(), "resize", Closure::<dyn FnMut()>::new(move || _ = set_width.try_set(read())));
    width.into()
}

/// True from the first time that the element comes near the screen.
pub fn when_seen(node: NodeRef<leptos::html::Div>) -> ReadSignal<bool> {
    let (seen, set_seen) = signal(false);
    Effect::new(move |_| {
        let Some(element) = node.get() else { return };
        let seen = Closure::<dyn FnMut(js_sys::Array, IntersectionObserver)>::new(
            move |entries: js_sys::Array, observer: IntersectionObserver| {
                let entries =
                    entries.iter().filter_map(|entry| entry.dyn_into::<IntersectionObserverEntry>().ok());
                if entries.into_iter().any(|entry| entry.is_intersecting()) {
                    observer.disconnect();
                    set_seen.try_set(true);
                }
            },
        );
        if let Ok(observer) = IntersectionObserver::new(seen.as_ref().unchecked_ref()) {
            observer.observe(&element);
            seen.forget();
        }
    });
    seen
}
