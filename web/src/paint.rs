//! Paints a picture on a canvas. Goes through the shapes once, in order, and obeys; neighbours that look the same share
//! one path.

use ackscope_scene::picture::{Anchor, Dash, Fill, Mark, Picture, Point, Shape, Stroke, Style};
use ackscope_scene::tokens::{Pattern, Theme, Tone};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CanvasPattern, CanvasRenderingContext2d, HtmlCanvasElement};

const SANS: &str = "system-ui,-apple-system,\"Segoe UI\",Roboto,\"Noto Sans\",Ubuntu,Cantarell,sans-serif";
const MONO: &str = "ui-monospace,\"SF Mono\",\"Cascadia Mono\",\"Roboto Mono\",Menlo,Consolas,\"DejaVu Sans Mono\",monospace";
const HALO_WIDTH: f64 = 3.4;

/// A canvas of a size, and what has been prepared for it.
pub struct Painter {
    canvas: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
    theme: Theme,
    /// Device pixels per CSS pixel.
    scale: f64,
    patterns: Vec<((Pattern, Tone), CanvasPattern)>,
    /// What the context is set to; asking it would cost more than remembering.
    fill: Option<Tone>,
    stroke: Option<Stroke>,
    font: Option<(f32, bool, bool)>,
    anchor: Option<Anchor>,
    opacity: f32,
    open: Open,
}

/// The path that is being collected.
#[derive(Clone, Copy, PartialEq)]
enum Open {
    Nothing,
    Fill(Tone, f32),
    Stroke(Stroke, f32),
}

impl Drop for Painter {
    /// Gives the picture's memory back at once: a browser would keep it until it collects garbage.
    fn drop(&mut self) {
        self.canvas.set_width(0);
        self.canvas.set_height(0);
    }
}

impl Painter {
    pub fn new(canvas: HtmlCanvasElement) -> Painter {
        let context = canvas
            .get_context("2d")
            .ok()
            .flatten()
            .and_then(|context| context.dyn_into::<CanvasRenderingContext2d>().ok())
            .expect("every browser that runs WebAssembly draws on a canvas");
        Painter {
            canvas,
            context,
            theme: Theme::Light,
            scale: 0.0,
            patterns: Vec::new(),
            fill: None,
            stroke: None,
            font: None,
            anchor: None,
            opacity: 1.0,
            open: Open::Nothing,
        }
    }

    /// The whole picture on a cleared canvas.
    pub fn paint(&mut self, picture: &Picture, theme: Theme, scale: f64) {
        let size = (f64::from(picture.width) * scale).round() as u32;
        let height = (f64::from(picture.height) * scale).round() as u32;
        if (size, height) != (self.canvas.width(), self.canvas.height()) {
            self.canvas.set_width(size);
            self.canvas.set_height(height);
        }
        if theme != self.theme || scale != self.scale {
            self.patterns.clear();
        }
        (self.theme, self.scale) = (theme, scale);
        self.forget();
        let _ = self.context.set_transform(scale, 0.0, 0.0, scale, 0.0, 0.0);
        self.context.clear_rect(0.0, 0.0, f64::from(picture.width), f64::from(picture.height));
        self.context.set_global_alpha(1.0);
        self.context.set_line_join("round");
        for shape in &picture.shapes {
            self.shape(picture, shape);
        }
        self.close();
    }

    /// Resizing a canvas resets its context; so does a new theme, as far as colours go.
    fn forget(&mut self) {
        (self.fill, self.stroke, self.font, self.anchor) = (None, None, None, None);
        (self.opacity, self.open) = (1.0, Open::Nothing);
    }

    fn shape(&mut self, picture: &Picture, shape: &Shape) {
        let opacity = shape.opacity;
        match shape.mark {
            Mark::Rect { x, y, width, height, radius, fill, stroke } => {
                let [x, y, width, height, radius] = [x, y, width, height, radius].map(f64::from);
                self.inside_and_edge(fill, stroke, opacity, |context| {
                    if radius > 0.0 {
                        let _ = context.round_rect_with_f64(x, y, width, height, radius);
                    } else {
                        context.rect(x, y, width, height);
                    }
                });
            }
            Mark::Area { points, fill, stroke } => {
                let points = picture.points(points);
                self.inside_and_edge(fill, stroke, opacity, |context| {
                    trail(context, points);
                    context.close_path();
                });
            }
            Mark::Line { points, stroke } => {
                self.collect(Open::Stroke(stroke, opacity));
                trail(&self.context, picture.points(points));
            }
            Mark::Strokes { points, stroke } => {
                self.collect(Open::Stroke(stroke, opacity));
                for pair in picture.points(points).chunks_exact(2) {
                    trail(&self.context, pair);
                }
            }
            Mark::Text { at, text, style, anchor } => {
                self.text(picture.text(text), at, style, anchor, opacity);
            }
        }
    }

    fn inside_and_edge(
        &mut self,
        fill: Option<Fill>,
        stroke: Option<Stroke>,
        opacity: f32,
        outline: impl Fn(&CanvasRenderingContext2d),
    ) {
        if let Some(tone) = fill.and_then(|fill| fill.tone) {
            self.collect(Open::Fill(tone, opacity));
            outline(&self.context);
        }
        if let Some((pattern, tone)) = fill.and_then(|fill| fill.pattern) {
            self.close();
            self.set_opacity(opacity);
            self.fill = None;
            if let Some(tile) = self.tile(pattern, tone) {
                self.context.set_fill_style_canvas_pattern(&tile);
                self.context.begin_path();
                outline(&self.context);
                self.context.fill();
            }
        }
        if let Some(stroke) = stroke {
            self.collect(Open::Stroke(stroke, opacity));
            outline(&self.context);
        }
    }

    /// Makes sure that what follows goes into a path of this kind.
    fn collect(&mut self, kind: Open) {
        if self.open != kind {
            self.close();
            self.open = kind;
            self.context.begin_path();
        }
    }

    /// Puts the collected path on the canvas.
    fn close(&mut self) {
        match std::mem::replace(&mut self.open, Open::Nothing) {
            Open::Nothing => {}
            Open::Fill(tone, opacity) => {
                self.set_opacity(opacity);
                self.set_fill(tone);
                self.context.fill();
            }
            Open::Stroke(stroke, opacity) => {
                self.set_opacity(opacity);
                self.set_stroke(stroke);
                self.context.stroke();
            }
        }
    }

    fn text(&mut self, words: &str, at: Point, style: Style, anchor: Anchor, opacity: f32) {
        self.close();
        self.set_opacity(opacity);
        let font = (style.size, style.bold, style.mono);
        if self.font != Some(font) {
            let weight = if style.bold { "600 " } else { "" };
            let family = if style.mono { MONO } else { SANS };
            // In tenths: printing floats would bring a lot of code along.
            let tenths = (style.size * 10.0) as u32;
            self.context.set_font(&format!("{weight}{}.{}px {family}", tenths / 10, tenths % 10));
            self.font = Some(font);
        }
        if self.anchor != Some(anchor) {
            self.context.set_text_align(match anchor {
                Anchor::Start => "left",
                Anchor::Middle => "center",
                Anchor::End => "right",
            });
            self.anchor = Some(anchor);
        }
        let (x, y) = (f64::from(at.x), f64::from(at.y));
        if let Some(halo) = style.halo {
            self.stroke = None;
            self.context.set_stroke_style_str(halo.hex(self.theme));
            self.context.set_line_width(HALO_WIDTH);
            self.set_dash(Dash::Solid);
            let _ = self.context.stroke_text(words, x, y);
        }
        self.set_fill(style.tone);
        let _ = self.context.fill_text(words, x, y);
    }

    fn set_opacity(&mut self, opacity: f32) {
        if self.opacity != opacity {
            self.opacity = opacity;
            self.context.set_global_alpha(f64::from(opacity));
        }
    }

    fn set_fill(&mut self, tone: Tone) {
        if self.fill != Some(tone) {
            self.fill = Some(tone);
            self.context.set_fill_style_str(tone.hex(self.theme));
        }
    }

    fn set_stroke(&mut self, stroke: Stroke) {
        if self.stroke != Some(stroke) {
            self.stroke = Some(stroke);
            self.context.set_stroke_style_str(stroke.tone.hex(self.theme));
            self.context.set_line_width(f64::from(stroke.width));
            self.set_dash(stroke.dash);
        }
    }

    fn set_dash(&self, dash: Dash) {
        let lengths = js_sys::Array::new();
        for length in dash.lengths().into_iter().flatten() {
            lengths.push(&JsValue::from_f64(f64::from(length)));
        }
        let _ = self.context.set_line_dash(&lengths);
        self.context.set_line_cap(if dash.is_round() { "round" } else { "butt" });
    }

    /// A pattern's tile, drawn once in device pixels.
    fn tile(&mut self, pattern: Pattern, tone: Tone) -> Option<CanvasPattern> {
        let key = (pattern, tone);
        if let Some((_, tile)) = self.patterns.iter().find(|(known, _)| *known == key) {
            return Some(tile.clone());
        }
        let tile = pattern.tile();
        let pixels = (f64::from(tile.size) * self.scale).round().max(1.0);
        let scale = pixels / f64::from(tile.size);
        let canvas: HtmlCanvasElement =
            self.canvas.owner_document()?.create_element("canvas").ok()?.dyn_into().ok()?;
        canvas.set_width(pixels as u32);
        canvas.set_height(pixels as u32);
        let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
        context.scale(scale, scale).ok()?;
        context.set_global_alpha(f64::from(tile.opacity));
        context.set_stroke_style_str(tone.hex(self.theme));
        context.set_fill_style_str(tone.hex(self.theme));
        context.set_line_width(f64::from(tile.stroke_width));
        for stroke in tile.strokes {
            let [x1, y1, x2, y2] = stroke.map(f64::from);
            context.begin_path();
            context.move_to(x1, y1);
            context.line_to(x2, y2);
            context.stroke();
        }
        for dot in tile.dots {
            let [x, y, radius] = dot.map(f64::from);
            context.begin_path();
            context.arc(x, y, radius, 0.0, std::f64::consts::TAU).ok()?;
            context.fill();
        }
        let made = self.context.create_pattern_with_html_canvas_element(&canvas, "repeat").ok()??;
        // The tile is in device pixels, the context in CSS pixels.
        let matrix = web_sys::DomMatrix::new().ok()?;
        matrix.scale_self(1.0 / scale);
        made.set_transform(matrix.unchecked_ref());
        self.patterns.push((key, made.clone()));
        Some(made)
    }
}

fn trail(context: &CanvasRenderingContext2d, points: &[Point]) {
    let Some((first, rest)) = points.split_first() else { return };
    context.move_to(f64::from(first.x), f64::from(first.y));
    for point in rest {
        context.line_to(f64::from(point.x), f64::from(point.y));
    }
}
