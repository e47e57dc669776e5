//! Does a simulated take agree with what real Kafka did? Section by section, each at the strictest level at which all
//! recorded takes agree with each other: where real Kafka differs from take to take, the engine is free to differ too.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

/// One section of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub section: &'static str,
    /// `level 0` (strictest) upwards, `free`, or what was compared.
    pub level: String,
    /// None: it agrees.
    pub difference: Option<String>,
}

type View = fn(&Value, usize) -> Option<Value>;

const SECTIONS: [(&str, View, usize); 7] = [
    ("states", states, 4),
    ("logs", logs, 5),
    ("batches", batches, 2),
    ("answers", answers, 4),
    ("operations", operations, 3),
    ("deliveries", deliveries, 4),
    ("rebalances", rebalances, 3),
];

/// Compares a recorded run (the whole file) with one simulated take.
pub fn compare(recorded: &Value, simulated: &Value) -> Vec<Row> {
    let steps = &recorded["inputs"]["steps"];
    let takes: Vec<Value> = list(&recorded["takes"]).iter().map(|take| with_steps(take, steps)).collect();
    let simulated = with_steps(simulated, steps);
    let mut rows = Vec::new();
    for (section, view, levels) in SECTIONS {
        if section == "batches" && recorded["inputs"]["exact_batches"] != json!(true) {
            continue;
        }
        // One take alone cannot tell chance from rule.
        let first = usize::from(takes.len() == 1 && section != "batches");
        let agreed = (first..levels).find_map(|level| {
            let views: Vec<Option<Value>> = takes.iter().map(|take| view(take, level)).collect();
            views.windows(2).all(|pair| pair[0] == pair[1]).then(|| (level, views[0].clone()))
        });
        let Some((level, expected)) = agreed else {
            rows.push(Row { section, level: "free".to_owned(), difference: None });
            continue;
        };
        let Some(expected) = expected.filter(|expected| !is_empty(expected)) else { continue };
        let found = view(&simulated, level).unwrap_or(Value::Null);
        let difference = first_difference(&expected, &found, "");
        rows.push(Row { section, level: format!("level {level}"), difference });
    }
    let strict = |row: &Row| {
        row.section == "states"
            && matches!(row.level.as_str(), "level 0" | "level 1")
            && row.difference.is_none()
    };
    if rows.iter().any(strict) {
        rows.push(times(&takes, &simulated));
    }
    rows
}

fn with_steps(take: &Value, steps: &Value) -> Value {
    let mut take = take.clone();
    if let Some(fields) = take.as_object_mut() {
        fields.entry("steps").or_insert_with(|| steps.clone());
    }
    take
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(Map::is_empty)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn sorted(value: &Value) -> Vec<i64> {
    let mut ids: Vec<i64> = list(value).iter().filter_map(Value::as_i64).collect();
    ids.sort_unstable();
    ids
}

type Path = Vec<(Value, Vec<i64>, Vec<i64>)>;

/// The (leader, ISR, ELR) states of each partition in order, as the controller committed them.
fn by_partition(take: &Value) -> BTreeMap<String, Path> {
    let mut paths: BTreeMap<String, Path> = BTreeMap::new();
    for change in list(&take["partitions"]) {
        let path = paths.entry(format!("{}-{}", text(&change["topic"]), change["partitionId"])).or_default();
        let (leader, isr, elr) = path.last().cloned().unwrap_or((Value::Null, Vec::new(), Vec::new()));
        let leader = if change["leader"].is_null() { leader } else { change["leader"].clone() };
        let isr = if change["isr"].is_null() { isr } else { sorted(&change["isr"]) };
        let elr_field = &change["eligibleLeaderReplicas"];
        let elr = if elr_field.is_null() { elr } else { sorted(elr_field) };
        let state = (leader, isr, elr);
        if path.last() != Some(&state) {
            path.push(state);
        }
    }
    paths
}

fn states(take: &Value, level: usize) -> Option<Value> {
    let paths = by_partition(take);
    let map = |of: &dyn Fn(&Path) -> Value| {
        Value::Object(paths.iter().map(|(key, path)| (key.clone(), of(path))).collect())
    };
    Some(match level {
        0 => map(&|path| json!(path)),
        1 => map(&|path| {
            let sizes: Vec<_> =
                path.iter().map(|(leader, isr, elr)| json!([leader, isr.len(), elr.len()])).collect();
            json!([sizes, path.last()])
        }),
        2 => map(&|path| {
            let mut leaders: Vec<&Value> = path.iter().map(|(leader, _, _)| leader).collect();
            leaders.dedup();
            json!([leaders, path.last()])
        }),
        3 => map(&|path| json!(path.last().map(|(_, isr, elr)| json!([isr, elr])))),
        _ => return None,
    })
}

fn replicas(take: &Value) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    for (topic, partitions) in entries(&take["logs"]) {
        for (partition, replicas) in entries(partitions) {
            for (broker, replica) in entries(replicas).filter(|(_, replica)| !replica.is_null()) {
                found.push((format!("{topic}-{partition}@{broker}"), replica));
            }
        }
    }
    found
}

fn logs(take: &Value, level: usize) -> Option<Value> {
    // row: offset, leader epoch, producer id, producer epoch, sequence, transactional, control, value
    let pick =
        |row: &Value, places: &[usize]| places.iter().map(|&place| row[place].clone()).collect::<Value>();
    let of = |replica: &Value| {
        let rows = list(&replica["records"]);
        let values = || rows.iter().map(|row| text(&row[7]).to_owned());
        Some(match level {
            0 | 1 => {
                let places: &[usize] = if level == 0 { &[0, 1, 3, 4, 5, 6, 7] } else { &[0, 1, 6, 7] };
                let mut picked: Vec<Value> = rows.iter().map(|row| pick(row, places)).collect();
                picked.push(replica["epochs"].clone());
                json!(picked)
            }
            2 => values().collect(),
            3 => {
                let mut all: Vec<String> = values().collect();
                all.sort();
                json!(all)
            }
            4 => json!(values().collect::<BTreeSet<String>>().len() == rows.len()),
            _ => return None,
        })
    };
    let mut map = Map::new();
    for (key, replica) in replicas(take) {
        map.insert(key, of(replica)?);
    }
    Some(Value::Object(map))
}

fn batches(take: &Value, level: usize) -> Option<Value> {
    let of = |replica: &Value| match level {
        0 => Some(replica["batches"].clone()),
        1 => Some(list(&replica["batches"]).iter().map(|batch| json!([batch[0], batch[1]])).collect()),
        _ => None,
    };
    let mut map = Map::new();
    for (key, replica) in replicas(take) {
        map.insert(key, of(replica)?);
    }
    Some(Value::Object(map))
}

/// Numbers in messages (times, ports) differ from take to take.
fn plain(message: &Value) -> String {
    let mut plain = String::new();
    for character in text(message).chars() {
        if !character.is_ascii_digit() {
            plain.push(character);
        } else if !plain.ends_with('#') {
            plain.push('#');
        }
    }
    plain
}

/// What the application heard of each record, in the order in which it heard it.
fn answers(take: &Value, level: usize) -> Option<Value> {
    let mut heard: BTreeMap<String, Vec<Vec<Value>>> = BTreeMap::new();
    for (client, events) in entries(&take["clients"]) {
        for event in list(events) {
            let kind = text(&event["e"]);
            let what = match kind {
                "ack" => vec![json!("ack"), event["part"].clone(), event["o"].clone()],
                "err" | "threw" => vec![json!(kind), event["x"].clone(), json!(plain(&event["m"]))],
                _ => continue,
            };
            // There is no order between partitions.
            let part =
                if kind == "ack" && level == 0 { format!("/{}", event["part"]) } else { String::new() };
            let mut row = vec![json!(text(&event["v"]).trim())];
            row.extend(what);
            heard.entry(format!("{client}/{}{part}", text(&event["p"]))).or_default().push(row);
        }
    }
    let by_text = |rows: &mut Vec<Vec<Value>>| rows.sort_by_key(|row| json!(row).to_string());
    let mut map = Map::new();
    for (key, mut rows) in heard {
        let value = match level {
            0 => json!(rows),
            1 => {
                by_text(&mut rows);
                json!(rows)
            }
            2 => {
                let last: BTreeMap<String, Value> = rows
                    .iter()
                    .map(|row| {
                        let detail = if row[1] == json!("ack") { Value::Null } else { row[2].clone() };
                        (text(&row[0]).to_owned(), json!([row[1], detail]))
                    })
                    .collect();
                json!(last)
            }
            3 => json!(rows.iter().map(|row| text(&row[1]).to_owned()).collect::<BTreeSet<String>>()),
            _ => return None,
        };
        map.insert(key, value);
    }
    Some(Value::Object(map))
}

/// Everything else that a client reported.
fn operations(take: &Value, level: usize) -> Option<Value> {
    const ELSEWHERE: [&str; 16] = [
        "ack", "err", "threw", "rec", "ready", "bye", "burst", "metrics", "describe", "topic", "assigned",
        "revoked", "lost", "cclosed", "raw", "position",
    ];
    let mut map: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (client, events) in entries(&take["clients"]) {
        for event in list(events) {
            let kind = text(&event["e"]);
            if ELSEWHERE.contains(&kind) {
                continue;
            }
            let subject = ["id", "c", "p"].iter().map(|field| &event[*field]).find(|value| !value.is_null());
            let message = if level == 0 { json!(plain(&event["m"])) } else { Value::Null };
            let mut row = vec![json!(kind), subject.cloned().unwrap_or_default(), event["ok"].clone()];
            row.extend([event["x"].clone(), message]);
            match kind {
                "part" => row.push(json!(entries(&event["map"]).collect::<BTreeMap<_, _>>())),
                "offsets" => row.push(offsets(&event["r"])),
                _ => {}
            }
            map.entry(client.clone()).or_default().push(Value::Array(row));
        }
    }
    if level >= 2 {
        map.values_mut().for_each(|rows| rows.sort_by_key(Value::to_string));
    }
    (level < 3).then(|| json!(map))
}

/// Committed offsets, as `t-0=OffsetAndMetadata{offset=80` or as an object.
fn offsets(answer: &Value) -> Value {
    if answer.is_object() {
        return json!(entries(answer).collect::<BTreeMap<_, _>>());
    }
    let parts = text(answer).split("=OffsetAndMetadata{offset=").collect::<Vec<_>>();
    let pairs = parts.windows(2).filter_map(|pair| {
        let name = pair[0].rsplit([' ', '{', ',']).next()?;
        let digits: String = pair[1].chars().take_while(char::is_ascii_digit).collect();
        Some((name.to_owned(), digits.parse::<i64>().ok()?))
    });
    json!(pairs.collect::<BTreeMap<String, i64>>())
}

fn deliveries(take: &Value, level: usize) -> Option<Value> {
    let notes: Vec<(f64, &Value)> = list(&take["steps"])
        .iter()
        .filter(|step| step["step"] == json!("note"))
        .map(|step| (step["t_ms"].as_f64().unwrap_or(0.0), &step["text"]))
        .collect();
    let mut map: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (client, events) in entries(&take["clients"]) {
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for event in list(events) {
            let kind = text(&event["e"]);
            if !matches!(kind, "rec" | "cerr" | "position") {
                continue;
            }
            let consumer = text(&event["c"]);
            let rows = map.entry(format!("{client}/{consumer}")).or_default();
            if level <= 1 {
                let seen = seen.entry(consumer).or_default();
                for (at, note) in &notes[*seen..] {
                    if *at <= event["at"].as_f64().unwrap_or(0.0) {
                        rows.push(json!(["note", note]));
                        *seen += 1;
                    }
                }
            }
            let row = if kind == "rec" {
                let mut row = vec![event["p"].clone(), event["o"].clone(), json!(text(&event["v"]).trim())];
                if level == 0 {
                    row.push(event["le"].clone());
                }
                Value::Array(row)
            } else {
                json!([kind, event["op"], event["x"], event["pos"]])
            };
            // An error that every poll repeats counts once.
            if kind != "cerr" || rows.last() != Some(&row) {
                rows.push(row);
            }
        }
    }
    if level >= 2 {
        for rows in map.values_mut() {
            rows.retain(|row| row[0] != json!("cerr") && (level == 2 || row[0] != json!("position")));
            if level == 3 {
                let values: BTreeSet<String> = rows.iter().map(|row| text(&row[2]).to_owned()).collect();
                *rows = values.into_iter().map(Value::String).collect();
            } else {
                rows.sort_by_key(Value::to_string);
            }
        }
    }
    (level < 4).then(|| json!(map))
}

fn rebalances(take: &Value, level: usize) -> Option<Value> {
    let mut map: BTreeMap<String, Vec<(String, Vec<String>)>> = BTreeMap::new();
    for (client, events) in entries(&take["clients"]) {
        for event in list(events) {
            let kind = text(&event["e"]);
            if matches!(kind, "assigned" | "revoked" | "lost") {
                let mut partitions: Vec<String> = text(&event["p"])
                    .split(|character: char| !character.is_alphanumeric() && !"._-".contains(character))
                    .filter(|name| name.contains('-'))
                    .map(str::to_owned)
                    .collect();
                partitions.sort();
                let consumer = format!("{client}/{}", text(&event["c"]));
                map.entry(consumer).or_default().push((kind.to_owned(), partitions));
            }
        }
    }
    let of = |rows: &Vec<(String, Vec<String>)>| match level {
        0 => Some(json!(rows)),
        1 => Some(
            rows.iter()
                .filter(|(_, names)| !names.is_empty())
                .map(|(kind, names)| json!([kind, names.len()]))
                .collect(),
        ),
        2 => Some(json!(
            rows.iter()
                .map(|(kind, names)| if kind == "assigned" {
                    names.len() as i64
                } else {
                    -(names.len() as i64)
                })
                .sum::<i64>()
        )),
        _ => None,
    };
    let mut found = Map::new();
    for (key, rows) in &map {
        found.insert(key.clone(), of(rows)?);
    }
    Some(Value::Object(found))
}

/// When each fault or repair happened: {what, where and which in order: ms}.
fn faults(take: &Value) -> BTreeMap<String, f64> {
    const FAULTS: [&str; 9] =
        ["kill -9", "stop", "pause", "resume", "cut", "heal", "start", "wipe", "lose unflushed"];
    let (mut found, mut counts) = (BTreeMap::new(), BTreeMap::new());
    for step in list(&take["steps"]) {
        let kind = text(&step["step"]);
        if !FAULTS.contains(&kind) {
            continue;
        }
        let place = match step["node"].as_str() {
            Some(node) => node.to_owned(),
            None => format!("{}-{}", text(&step["a"]), text(&step["b"])),
        };
        let count = counts.entry(format!("{kind} {place}")).or_insert(0);
        *count += 1;
        found.insert(format!("{kind} {place} #{count}"), step["t_ms"].as_f64().unwrap_or(0.0));
    }
    found
}

fn changes(take: &Value) -> BTreeMap<String, f64> {
    list(&take["partitions"])
        .iter()
        .enumerate()
        .filter(|(_, change)| change["what"] == json!("changed"))
        .map(|(place, change)| {
            let name = format!("{}-{}#{place}", text(&change["topic"]), change["partitionId"]);
            (name, change["t_ms"].as_f64().unwrap_or(0.0))
        })
        .collect()
}

/// For each committed change: the latest fault or repair before it, and the milliseconds since.
fn delays(take: &Value) -> BTreeMap<String, (String, f64)> {
    let mut marks: Vec<(f64, String)> = faults(take).into_iter().map(|(name, at)| (at, name)).collect();
    marks.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
    changes(take)
        .into_iter()
        .filter_map(|(change, at)| {
            let (since, fault) = marks.iter().rev().find(|(mark, _)| *mark <= at)?;
            Some((change, (fault.clone(), at - since)))
        })
        .collect()
}

/// Each committed change comes within a second or a quarter of the recorded delay after its fault.
fn times(takes: &[Value], simulated: &Value) -> Row {
    let delays: Vec<_> = takes.iter().map(delays).collect();
    let (mine, at) = (faults(simulated), changes(simulated));
    let mut compared = 0;
    let mut difference = None;
    for (change, (fault, _)) in &delays[0] {
        let each: Option<Vec<f64>> = delays
            .iter()
            .map(|take| take.get(change).filter(|(own, _)| own == fault).map(|(_, delay)| *delay))
            .collect();
        let Some(each) = each else { continue };
        compared += 1;
        let low = each.iter().copied().fold(f64::INFINITY, f64::min);
        let high = each.iter().copied().fold(0.0, f64::max);
        let slack = f64::max(1_000.0, 0.25 * high);
        let problem = match (mine.get(fault), at.get(change)) {
            (None, _) => Some(format!("{change}: the simulated take's steps lack \"{fault}\"")),
            (Some(fault_at), Some(at)) if !(low - slack..=high + slack).contains(&(at - fault_at)) => {
                let found = at - fault_at;
                Some(format!("{change}: recorded {low:.0}–{high:.0} ms after {fault}, simulated {found:.0}"))
            }
            (Some(_), _) => None,
        };
        difference = difference.or(problem);
    }
    Row { section: "times", level: format!("{compared} changes"), difference }
}

fn shown(value: &Value, most: usize) -> String {
    value.to_string().chars().take(most).collect()
}

fn first_difference(recorded: &Value, simulated: &Value, path: &str) -> Option<String> {
    match (recorded, simulated) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            keys.into_iter().find_map(|key| match (a.get(key), b.get(key)) {
                (None, _) => Some(format!("{path}/{key}: only simulated")),
                (_, None) => Some(format!("{path}/{key}: only recorded")),
                (Some(a), Some(b)) => first_difference(a, b, &format!("{path}/{key}")),
            })
        }
        (Value::Array(a), Value::Array(b)) => {
            let inner = a.iter().zip(b).enumerate();
            let mut inner =
                inner.filter_map(|(place, (a, b))| first_difference(a, b, &format!("{path}[{place}]")));
            inner.next().or_else(|| {
                let (longer, shorter) = if a.len() > b.len() { (a, b) } else { (b, a) };
                (a.len() != b.len()).then(|| {
                    let extra = shown(&longer[shorter.len()], 200);
                    format!(
                        "{path}: recorded {} entries, simulated {}; first extra {extra}",
                        a.len(),
                        b.len()
                    )
                })
            })
        }
        (a, b) if numbers_equal(a, b) => None,
        (a, b) => {
            let path = if path.is_empty() { "/" } else { path };
            Some(format!("{path}: recorded {}, simulated {}", shown(a, 300), shown(b, 300)))
        }
    }
}

fn numbers_equal(a: &Value, b: &Value) -> bool {
    a == b || a.as_f64().is_some() && a.as_f64() == b.as_f64()
}
