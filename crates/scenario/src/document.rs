//! The scenario document: a text that says what is asked, what stands there, what happens and what must be seen.

use ackscope_sim::order::sorted;
use ackscope_sim::run::budget::Budget;
use ackscope_sim::spec::Spec;

use crate::check::moments_in;
use crate::cluster;
use crate::expect::{self, Expectation, Measure, Moment, Names};
use crate::library;
use crate::limits;
use crate::names;
use crate::problem::Problem;
use crate::reader::{Fields, Item, Reading};
use crate::recording::{self, Recording};
use crate::script::{self, Step, VERBS};
use crate::settings::Settings;
use crate::tree::{self, Node, Table, Value};
use crate::units::Bounds;

/// A document that can be run: every variant has been read and judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// As it was written.
    pub text: String,
    pub id: String,
    /// What it belongs to in the library: `A`, `B`, …
    pub family: String,
    pub title: String,
    pub question: String,
    /// One line: what one gets to see.
    pub promise: String,
    /// Rules of `docs/kafka` that it rests on.
    pub rules: Vec<String>,
    /// At least one; the first is what opens.
    pub variants: Vec<Variant>,
    pub(crate) comparisons: Vec<Comparison>,
}

/// One run of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Empty where the document has only one.
    pub name: String,
    pub title: String,
    pub question: String,
    pub promise: String,
    /// Recorded runs of real Kafka of the same kind and release: of the library's own text alone, unchanged.
    pub recorded: Vec<Recording>,
    pub spec: Spec,
    pub steps: Vec<Step>,
    /// What Kafka made of each set of settings.
    pub settings: Vec<Settings>,
    pub expectations: Vec<Expectation>,
    pub(crate) notes: Vec<Note>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    pub at: Moment,
    pub text: String,
}

/// Two variants side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Comparison {
    pub name: String,
    /// The same measure, read for each variant.
    pub measures: Vec<Measure>,
    pub of: usize,
    pub versus: usize,
    /// The bounds are for a ratio in thousandths, else for a difference.
    pub ratio: bool,
    pub bounds: Bounds,
}

/// A value for a dotted path, over what the document says: `producer.p.config.acks` = `all`.
pub type Override<'a> = (&'a str, &'a str);

impl Document {
    pub fn parse(text: &str) -> Result<Document, Vec<Problem>> {
        Document::parse_with(text, &[])
    }

    /// With some values replaced; they hold in every variant.
    pub fn parse_with(text: &str, overrides: &[Override<'_>]) -> Result<Document, Vec<Problem>> {
        Document::parse_within(text, overrides, Budget::default())
    }

    /// The same for runs that may use more, or less, than usual.
    pub fn parse_within(
        text: &str,
        overrides: &[Override<'_>],
        budget: Budget,
    ) -> Result<Document, Vec<Problem>> {
        if text.len() > limits::TEXT_BYTES {
            let message = format!("the document is too long: {} bytes", text.len());
            let accepted = format!("at most {} bytes", limits::TEXT_BYTES);
            return Err(vec![Problem { accepted, message, ..Problem::default() }]);
        }
        let mut root = tree::parse(text)?;
        let Value::Table(table) = &mut root.value else { unreachable!("a document is a table") };
        let variants = take_variants(table);
        let comparisons = table.remove("compare");
        let over = overlay(overrides)?;
        let trees: Vec<(String, Node)> = match variants {
            None => {
                tree::lay_over(&mut root, over);
                vec![(String::new(), root)]
            }
            Some(Ok(variants)) => variants
                .into_iter()
                .map(|(name, variant)| {
                    let mut tree = root.clone();
                    make_room(&mut tree, &variant);
                    tree::lay_over(&mut tree, variant);
                    tree::lay_over(&mut tree, over.clone());
                    (name, tree)
                })
                .collect(),
            Some(Err(node)) => {
                let reading = Reading::new(text, budget);
                Item { reading: &reading, path: "variant".to_owned(), node: &node }.refuse(
                    "variants are tables with names",
                    format!("[variant.name], up to {}", limits::VARIANTS),
                );
                return Err(reading.into_problems());
            }
        };
        let mut document = read(text, &trees, comparisons.as_ref(), budget)?;
        // A text of one's own may say that it was recorded. It is read all the same: links of edited scenarios hold such texts.
        if !overrides.is_empty() || !library::holds(&document.id, text) {
            document.variants.iter_mut().for_each(|variant| variant.recorded.clear());
        }
        Ok(document)
    }

    /// The variant of that name; the first one for an empty name.
    pub fn variant(&self, name: &str) -> Option<&Variant> {
        if name.is_empty() {
            return self.variants.first();
        }
        self.variants.iter().find(|variant| variant.name == name)
    }

    /// The variant of that name, or the first one where there is none.
    pub fn variant_or_first(&self, name: &str) -> &Variant {
        self.variant(name).unwrap_or(&self.variants[0])
    }

    /// What the engine takes.
    pub fn spec(&self, variant: &str) -> Option<Spec> {
        self.variant(variant).map(|variant| variant.spec.clone())
    }

    /// The names of what is compared between variants.
    pub fn compares(&self) -> bool {
        !self.comparisons.is_empty()
    }
}

impl Variant {
    /// What the notes say, in the order of the document.
    pub fn note_texts(&self) -> impl Iterator<Item = &str> {
        self.notes.iter().map(|note| note.text.as_str())
    }

    /// The notes with their places in the trace of a run and their times, in order; notes on what did not happen are left
    /// out.
    pub fn notes(&self, run: &ackscope_sim::run::Trace) -> Vec<PinnedNote> {
        let moments = moments_in(run, self.notes.iter().map(|note| &note.at));
        let pinned = self.notes.iter().zip(moments).filter_map(|(note, moment)| {
            let (place, at) = moment?;
            Some(PinnedNote { place, at, text: note.text.clone() })
        });
        sorted(pinned, |note| note.place)
    }
}

/// A note at its moment in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinnedNote {
    /// Place in the trace.
    pub place: usize,
    pub at: ackscope_sim::time::Time,
    pub text: String,
}

/// The variants, taken out of the table; Err: not what they should be.
fn take_variants(table: &mut Table) -> Option<Result<Vec<(String, Node)>, Node>> {
    let node = table.remove("variant")?;
    match node.value {
        Value::Table(Table { entries })
            if (1..=limits::VARIANTS).contains(&entries.len())
                && entries.iter().all(|(name, entry)| names::is_name(name) && entry.table().is_some()) =>
        {
            Some(Ok(entries))
        }
        _ => Some(Err(node)),
    }
}

/// An entry of the story that does something else in a variant is another entry: nothing of the old one stays.
fn make_room(base: &mut Node, over: &Node) {
    let entries = |node: &Node| node.table().and_then(|table| table.get("do")).and_then(Node::table).cloned();
    let Some(changed) = entries(over) else { return };
    let Value::Table(table) = &mut base.value else { return };
    let Some(Node { value: Value::Table(there), .. }) = table.get_mut("do") else { return };
    for (name, entry) in &changed.entries {
        let Some(own) = entry.table() else { continue };
        let another_verb =
            |base: &Table| VERBS.iter().any(|(verb, _)| own.get(verb).is_some() && base.get(verb).is_none());
        if let Some(Node { value: Value::Table(base), .. }) = there.get_mut(name)
            && another_verb(base)
        {
            base.entries.clear();
        }
    }
}

/// Overrides as a tree to lay over.
fn overlay(overrides: &[Override<'_>]) -> Result<Node, Vec<Problem>> {
    let mut table = Table::default();
    for &(path, text) in overrides {
        if path.len() > 200 || path.split('.').any(str::is_empty) {
            let message = "not a path of keys".to_owned();
            let (found, accepted) = (format!("{path:?}"), "such as producer.p.config.acks".to_owned());
            return Err(vec![Problem { found, accepted, message, ..Problem::default() }.shortened()]);
        }
        let value = match text {
            "true" => Value::Flag(true),
            "false" => Value::Flag(false),
            _ => match text.parse::<i64>() {
                Ok(number) if number.to_string() == text => Value::Integer(number),
                _ => Value::Text(text.to_owned()),
            },
        };
        tree::insert(&mut table, path, Node::new(value));
    }
    Ok(Node::new(Value::Table(table)))
}

fn read(
    text: &str,
    trees: &[(String, Node)],
    comparisons: Option<&Node>,
    budget: Budget,
) -> Result<Document, Vec<Problem>> {
    let reading = Reading::new(text, budget);
    let mut document = Document {
        text: text.to_owned(),
        id: String::new(),
        family: String::new(),
        title: String::new(),
        question: String::new(),
        promise: String::new(),
        rules: Vec::new(),
        variants: Vec::new(),
        comparisons: Vec::new(),
    };
    for (name, tree) in trees {
        let root = Item { reading: &reading, path: String::new(), node: tree };
        let Some(fields) = root.fields() else { continue };
        about(&fields, &mut document);
        if let Some(variant) = variant(name, &fields, &document) {
            document.variants.push(variant);
        }
        fields.finish();
    }
    if let Some(node) = comparisons
        && reading.is_clean()
    {
        compare(&Item { reading: &reading, path: "compare".to_owned(), node }, &mut document);
    }
    // What belongs to the document as a whole is the first variant's to say.
    if let Some(first) = document.variants.first() {
        (document.question, document.promise) = (first.question.clone(), first.promise.clone());
    }
    let problems = reading.into_problems();
    if problems.is_empty() { Ok(document) } else { Err(problems) }
}

fn about(fields: &Fields<'_>, document: &mut Document) {
    if let Some(item) = fields.required("ackscope", "1, the version of this format")
        && item.node.value != Value::Integer(1)
    {
        item.refuse("not a version of this format", "1");
    }
    let owned = |text: Option<&str>| text.unwrap_or_default().to_owned();
    document.id = owned(fields.required("id", "a short name").and_then(|item| {
        let id = item.text()?;
        if !names::is_name(id) {
            item.refuse("not a short name", "letters, digits, - and _");
        }
        Some(id)
    }));
    document.family = owned(fields.get("family").and_then(|item| item.text_of(limits::WORD)));
    let title = owned(fields.required("title", "a few words").and_then(|item| item.text_of(limits::LINE)));
    if document.title.is_empty() {
        document.title = title;
    }
    document.rules = words(fields, "rules");
}

fn words(fields: &Fields<'_>, key: &'static str) -> Vec<String> {
    let words = fields.get(key).map(|item| item.words()).unwrap_or_default();
    words.into_iter().map(str::to_owned).collect()
}

fn variant(name: &str, fields: &Fields<'_>, document: &Document) -> Option<Variant> {
    let label = fields.get("label").and_then(|item| item.text_of(limits::LINE));
    let title = label.or(fields.text("title")).unwrap_or(&document.title).to_owned();
    let paragraph = |key| {
        let text = fields.get(key).and_then(|item| item.text_of(limits::PARAGRAPH));
        text.unwrap_or_default().to_owned()
    };
    let (question, promise) = (paragraph("question"), paragraph("promise"));
    let mut settings = Vec::new();
    let spec = cluster::read(fields, &mut settings);
    let Some(mut spec) = spec else {
        // The rest is asked for all the same, so that only what is unknown is called unknown.
        ["recorded", "cluster", "topic", "producer", "consumer", "network", "do", "expect", "note"]
            .into_iter()
            .for_each(|key| _ = fields.get(key));
        return None;
    };
    let recorded = recording::read(fields, spec.version);
    let steps = script::read(fields, &mut spec);
    let names = Names { spec: &spec, steps: &steps };
    let expectations = expect::read(fields, &names);
    let notes = notes(fields, &names);
    Some(Variant {
        name: name.to_owned(),
        title,
        question,
        promise,
        recorded,
        steps,
        settings,
        expectations,
        notes,
        spec,
    })
}

fn notes(fields: &Fields<'_>, names: &Names<'_>) -> Vec<Note> {
    let mut notes: Vec<Note> = names
        .steps
        .iter()
        .filter_map(|step| {
            let text = step.note.clone()?;
            Some(Note { at: Moment::Step(step.actions.clone().last()?), text })
        })
        .collect();
    for item in fields.get("note").and_then(|item| item.list()).unwrap_or_default() {
        let Some(fields) = item.fields() else { continue };
        let at = fields.required("at", "a moment").and_then(|item| names.moment(&item));
        let text = fields.required("text", "a sentence").and_then(|item| item.text_of(limits::PARAGRAPH));
        // Words for what is not done would be wrong.
        let off = |at: &Moment| names.steps.iter().any(|step| step.off && step.is_at(at));
        if let (Some(at), Some(text)) = (at, text)
            && !off(&at)
        {
            notes.push(Note { at, text: text.to_owned() });
        }
        fields.finish();
        if notes.len() > limits::NOTES {
            item.refuse_more("too many notes", limits::NOTES);
            break;
        }
    }
    notes
}

fn compare(item: &Item<'_>, document: &mut Document) {
    let Some(all) = item.fields() else { return };
    for (name, item) in all.entries() {
        if document.comparisons.len() == limits::EXPECTATIONS {
            item.refuse_more("too many comparisons", limits::EXPECTATIONS);
            break;
        }
        let Some(fields) = item.fields().filter(|_| item.is_short(name, limits::LINE)) else { continue };
        if let Some(comparison) = comparison(name, &item, &fields, document) {
            document.comparisons.push(comparison);
            fields.finish();
        }
    }
}

fn comparison(name: &str, item: &Item<'_>, fields: &Fields<'_>, document: &Document) -> Option<Comparison> {
    let place = |key: &'static str| {
        let item = fields.required(key, "the name of a variant")?;
        let name = item.text()?;
        let found = document.variants.iter().position(|variant| variant.name == name);
        if found.is_none() {
            item.refuse_name(
                "no such variant",
                name,
                document.variants.iter().map(|variant| variant.name.as_str()),
            );
        }
        found
    };
    let (of, versus) = (place("in")?, place("versus")?);
    // Numbers for names differ between variants.
    let measures: Option<Vec<Measure>> = document
        .variants
        .iter()
        .map(|variant| Names { spec: &variant.spec, steps: &variant.steps }.measure(item, fields))
        .collect();
    let (key, ratio) = if fields.has("ratio") { ("ratio", true) } else { ("difference", false) };
    let bounds = fields.required(key, "ratio = \">= 2\" or difference = \"> 0\"")?;
    let unit = |text: &str| {
        if ratio {
            return crate::units::thousandths(text);
        }
        crate::units::duration(text).map(|span| i128::from(span.nanos)).or(text.parse().ok())
    };
    let text = bounds.plain()?;
    let found = Bounds::parse(&text, unit);
    if found.is_none() {
        bounds.refuse("a range is expected", "\">= 2\", \"0.9..1.1\", \"< 20 ms\"");
    }
    Some(Comparison { name: name.to_owned(), measures: measures?, of, versus, ratio, bounds: found? })
}
