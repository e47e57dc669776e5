//! Somebody opens a link that asks for far too much: the page goes on answering, says what was too much, and is none the
//! worse for it afterwards.

use ackscope_scenario::library;
use ackscope_scenario::link::{View, to_text};
use ackscope_sim::run::Run;
use ackscope_tests::browser::Page;

/// The most memory that the page may take, engine and all.
const MOST_MIB: u64 = 512;

/// What a stranger may send: a name for it, and the fragment.
fn worst() -> Vec<(&'static str, String)> {
    let named = |name, link: &str| (name, link.to_owned());
    let text = |name, text: String| (name, format!("#{}", to_text(&text, &View::default())));
    let document = |rest: &str| format!("ackscope = 1\nid = \"x\"\ntitle = \"x\"\nuntil = \"24 h\"\n{rest}");
    let cluster = "[cluster]\nbrokers = 9\n[topic.t]\npartitions = 64\n[producer.p]\n";
    let one = "[topic.t]\n[producer.p]\n";
    let everybody = "[\"broker-1\", \"broker-2\", \"broker-3\"]";
    let consumers: String = (0..15).map(|number| format!("[consumer.c{number}]\nreads = \"t\"\n")).collect();
    let kills: String = (0..450)
        .map(|n| format!("\"k{n}\" = {{ at = \"{} s\", kill = \"broker-1\" }}\n\"s{n}\" = {{ at = \"{} s\", start = \"broker-1\" }}\n", n * 100 + 1, n * 100 + 50))
        .collect();
    let notes: String = (0..900).map(|n| format!("[[note]]\nat = \"{n} ms\"\ntext = \"{n}\"\n")).collect();
    vec![
        named("polls all the time", "#healthy?cluster.config.replica.fetch.wait.max.ms=1&until=24%20h"),
        named("beats all the time", "#healthy?cluster.config.broker.heartbeat.interval.ms=1&until=24%20h"),
        named("no wait between retries", "#healthy?producer.p.config.retry.backoff.ms=0&until=24%20h"),
        named("no lag allowed", "#healthy?cluster.config.replica.lag.time.max.ms=0"),
        named("a negative lag allowed", "#healthy?cluster.config.replica.lag.time.max.ms=-1"),
        named("no session", "#healthy?kafka=2.8&cluster.config.zookeeper.session.timeout.ms=0"),
        named("two thousand million threads", "#healthy?cluster.config.num.io.threads=2147483647"),
        named("a name that nothing has", "#no-such-scenario"),
        named("a link cut short", "#v1.7VpbT9swFH7"),
        named("a time beyond all times", "#healthy?t=99999999999999999999s"),
        text(
            "nobody answers and nobody waits",
            document(&format!(
                "[network]\nlatency = \"0 ms\"\njitter = \"0 ms\"\n{one}config.reconnect.backoff.ms = 0\n\
                 config.reconnect.backoff.max.ms = 0\nconfig.retry.backoff.ms = 0\n[do]\n\"all die\" = {{ at = \"1 s\", kill = {everybody} }}\n\
                 \"one\" = {{ at = \"2 s\", load = 1000, every = \"1 ms\", prefix = \"a\" }}"
            )),
        ),
        text(
            "every record alone, and read fifteen times",
            document(&format!(
                "{one}config.batch.size = 0\n{consumers}[do]\n\"load\" = {{ at = \"1 s\", load = 200000, every = \"1 ms\", prefix = \"a\" }}"
            )),
        ),
        text("one broker dies again and again", document(&format!("{one}[do]\n{kills}"))),
        text("notes for every millisecond", document(&format!("{one}{notes}"))),
        text(
            "everything at its largest",
            document(&format!(
                "{cluster}[do]\n\"load\" = {{ at = \"1 s\", load = 200000, every = \"10 us\", prefix = \"a\" }}"
            )),
        ),
        text(
            "records of four gigabytes",
            document(&format!("{one}[do]\n\"one\" = {{ at = \"1 s\", send = \"v0\", size = \"4 GiB\" }}")),
        ),
        text(
            "a title without end",
            document("").replace("title = \"x\"", &format!("title = \"{}\"", "W".repeat(4_000))),
        ),
        text("brackets in brackets", document(&format!("a = {}{}", "[".repeat(20_000), "]".repeat(20_000)))),
        text("a key of dots", document(&format!("{} = 1", vec!["a"; 20_000].join(".")))),
        text(
            "a million requests at once",
            document(&format!(
                "{one}config.linger.ms = 0\nconfig.batch.size = 0\nconfig.acks = 0\nconfig.enable.idempotence = false\n[do]\n\"load\" = {{ at = \"1 s\", load = 200000, outstanding = 200000, prefix = \"a\" }}"
            )),
        ),
    ]
}

/// Follows a link, if there is one, then presses a key whose answer needs nothing of the run, and waits for it. How long
/// that took, in ms of the page's clock, and whether the page was still waiting for the run.
async fn answers(page: &Page, link: Option<&str>) -> (f64, bool) {
    let body = "const [link, done] = arguments, root = document.documentElement; \
        const press = () => { const began = performance.now(), was = root.dataset.theme; \
            const look = () => root.dataset.theme === was ? setTimeout(look) \
                : done([performance.now() - began, root.dataset.ready !== 'true']); \
            document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 't', bubbles: true })); look(); }; \
        if (link === null) return press(); \
        addEventListener('hashchange', () => setTimeout(press), { once: true }); location.hash = link;";
    let told =
        page.client().execute_async(body, vec![serde_json::json!(link)]).await.expect("the page answers");
    (told[0].as_f64().expect("a time"), told[1].as_bool().expect("a word"))
}

#[tokio::test]
async fn the_worst_links_cost_no_patience_and_leave_nothing_behind() {
    let links = worst();
    assert_eq!(links.len(), 20);
    let healthy = library::find("healthy").expect("in the library").document().variants[0].spec.clone();
    let expected = Run::new(healthy).trace_hash();
    let page = Page::open("#healthy").await;
    // The longest time for which the page heard nothing, by the browser's own account.
    let watch = "window.longest = 0; new PerformanceObserver(list => list.getEntries().forEach(entry => \
        window.longest = Math.max(window.longest, entry.duration))).observe({ type: 'longtask' })";
    page.script(watch).await;
    for (name, link) in links {
        page.script("window.longest = 0").await;
        let (took, waits) = answers(&page, Some(&link)).await;
        assert!(waits, "{name}: the page answers before the run is there");
        page.until("an end", "return document.documentElement.dataset.ready === 'true'").await;
        let (closed, _) = answers(&page, None).await;
        let said = "return (document.querySelector('[data-testid=notice]') ?? document.querySelector('[data-testid=cut-short]'))?.textContent ?? ''";
        let said = page.script(said).await.as_str().unwrap_or_default().to_owned();
        let longest = page.script("return window.longest").await.as_f64().unwrap_or_default();
        // What nobody can reach any more is the browser's to throw away when it likes.
        page.devtools("HeapProfiler.collectGarbage", serde_json::json!({})).await;
        let memory = page.renderer_mib();
        println!(
            "{name}: answers after {took:.0} and {closed:.0} ms, longest task {longest:.0} ms, {memory} MiB; {said}"
        );
        assert!(memory < MOST_MIB, "{name}: {memory} MiB");
        let failure = page.script("return document.querySelector('#failure')?.textContent ?? ''").await;
        assert_eq!(failure, "", "{name}: the page has failed");
        page.follow("#healthy").await;
        let hash = page.script("return ackscope.traceHash()").await;
        assert_eq!(
            hash.as_str(),
            Some(expected.as_str()),
            "{name}: a good link afterwards is as if nothing had been"
        );
        assert!(
            page.script("return !document.querySelector('[data-testid=notice], [data-testid=cut-short]')")
                .await
                == true,
            "{name}: its notice stays"
        );
    }
}

#[tokio::test]
async fn a_long_run_is_shown_and_can_be_stopped_and_the_run_before_stays() {
    let page = Page::open("#acks-1-leader-crash").await;
    let before = page.script("return ackscope.traceHash()").await;
    page.slow_down(4).await;
    let link =
        worst().into_iter().find(|(name, _)| *name == "everything at its largest").expect("one of them").1;
    page.script(&format!("location.hash = {}", serde_json::json!(link))).await;
    page.find("running").await;
    assert_eq!(page.script("return ackscope.traceHash()").await, before);
    // What is shown can be looked at meanwhile.
    page.press('l').await;
    page.script("document.querySelector('[data-testid=stop-run]').click()").await;
    page.ready().await;
    assert_eq!(page.script("return ackscope.traceHash()").await, before);
    assert!(page.text("notice").await.contains("stopped"));
    assert!(page.script("return !document.querySelector('[data-testid=running]')").await == true);
    page.slow_down(1).await;
    page.follow("#healthy").await;
    assert_ne!(page.script("return ackscope.traceHash()").await, before);
}

#[tokio::test]
async fn without_workers_the_page_runs_the_engine_itself() {
    let page = Page::blank().await;
    let remove = serde_json::json!({ "source": "delete window.Worker" });
    page.devtools("Page.addScriptToEvaluateOnNewDocument", remove).await;
    page.go("#acks-1-leader-crash").await;
    let spec =
        library::find("acks-1-leader-crash").expect("in the library").document().variants[0].spec.clone();
    let hash = page.script("return ackscope.traceHash()").await;
    assert_eq!(hash.as_str(), Some(Run::new(spec).trace_hash().as_str()));
    page.press('k').await;
    assert_eq!(page.console_errors().await, [""; 0]);
}

#[tokio::test]
async fn a_long_list_of_entries_is_shown_part_by_part() {
    let page = Page::open("#healthy").await;
    let link = worst()
        .into_iter()
        .find(|(name, _)| *name == "one broker dies again and again")
        .expect("one of them")
        .1;
    page.follow(&link).await;
    let rows =
        |count: usize| format!("return document.querySelectorAll('[data-testid=fault]').length === {count}");
    page.until("the first", &rows(60)).await;
    assert_eq!(page.text("more-faults").await, "Show 60 more of 840");
    page.script("document.querySelector('[data-testid=more-faults]').click()").await;
    page.until("more of them", &rows(120)).await;
}
