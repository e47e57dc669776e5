//! A page in a real Chromium, with what a test does to it: click, type, wait for a condition, read.
//! Each page has a driver, a profile and a host of its own, so tests can run side by side.

use crate::site::Site;
use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub use fantoccini::key::Key;

/// How long a condition may take before a test gives up on it; a machine under load must not fail a test.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at a condition. A test never waits for time to pass, only for something to be so.
const GLANCE: Duration = Duration::from_millis(15);
/// The site must work below any path, so tests never put it at the top.
const SUB_PATH: &str = "/some/where/";

pub struct Page {
    client: Client,
    site: Site,
    session: String,
    driver: Driver,
}

impl Page {
    /// Opens the built site at this fragment (`""` is the landing page) and waits until the view is complete.
    pub async fn open(fragment: &str) -> Self {
        let page = Self::blank().await;
        page.go(fragment).await;
        page
    }

    /// A fresh browser with the built site beside it, nothing opened yet: for what must be set before.
    pub async fn blank() -> Self {
        Self::beside(Site::serve(dist(), SUB_PATH)).await
    }

    /// A fresh browser beside a host of one's own.
    pub async fn beside(site: Site) -> Self {
        let driver = Driver::start();
        let client = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities())
            .connect(&driver.url())
            .await
            .unwrap_or_else(|error| panic!("Chromium does not start: {error}"));
        let session = client.session_id().await.ok().flatten().expect("an open session has an id");
        let page = Self { client, site, session, driver };
        page.size(1280, 800).await;
        page
    }

    /// Opens a view of the site and waits until it is complete.
    pub async fn go(&self, fragment: &str) {
        self.load(&format!("{}{fragment}", self.site.url())).await;
        self.ready().await;
    }

    /// Shows the landing page that somebody is there: the simulator comes and takes the place of what was drawn before.
    pub async fn wake(&self) {
        self.script("dispatchEvent(new PointerEvent('pointermove'))").await;
        self.until("the page runs", "return !document.getElementById('landing')").await;
        self.ready().await;
    }

    /// From the next document on, keeps what the page's policy refuses: for `refusals`.
    pub async fn watch_policy(&self) {
        let source = "window.refusals = []; addEventListener('securitypolicyviolation', event => \
                      refusals.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`))";
        self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": source })).await;
    }

    /// What the policy has refused in this document.
    pub async fn refusals(&self) -> Value {
        self.script("return refusals").await
    }

    /// Opens any address and waits for nothing. A new document each time, even when only the fragment differs.
    pub async fn load(&self, url: &str) {
        done(self.client.goto("about:blank").await, "leave the page");
        done(self.client.goto(url).await, "open the page");
    }

    /// The page's own word that the addressed view is complete.
    pub async fn ready(&self) {
        self.until(
            "the page says that it is ready",
            "return document.documentElement.dataset.ready === 'true'",
        )
        .await;
    }

    /// Waits until the script's result is true.
    pub async fn until(&self, what: &str, script: &str) {
        let began = Instant::now();
        while self.script(script).await != json!(true) {
            if began.elapsed() > PATIENCE {
                self.fail(&format!("never came: {what} ({script})")).await;
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Runs a function body in the page and returns what it returns.
    pub async fn script(&self, body: &str) -> Value {
        self.script_with(body, Vec::new()).await
    }

    /// The same with arguments, in `arguments`.
    pub async fn script_with(&self, body: &str, arguments: Vec<Value>) -> Value {
        match self.client.execute(body, arguments).await {
            Ok(value) => value,
            Err(error) => self.fail(&format!("the script failed: {error}\n{body}")).await,
        }
    }

    /// The element with this `data-testid`, waited for.
    pub async fn find(&self, test_id: &str) -> Element {
        let selector = format!("[data-testid='{test_id}']");
        self.until(
            &format!("an element {test_id:?}"),
            &format!("return !!document.querySelector(\"{selector}\")"),
        )
        .await;
        done(self.client.find(Locator::Css(&selector)).await, &selector)
    }

    pub async fn click(&self, test_id: &str) {
        let element = self.find(test_id).await;
        if let Err(error) = element.click().await {
            self.fail(&format!("cannot click {test_id:?}: {error}")).await
        }
    }

    /// Replaces what a field holds, once it can be seen.
    pub async fn fill(&self, test_id: &str, text: &str) {
        let is = format!(
            "return document.querySelector(\"[data-testid='{test_id}']\")?.checkVisibility() === true"
        );
        self.until(test_id, &is).await;
        let element = self.find(test_id).await;
        done(element.clear().await, test_id);
        done(element.send_keys(text).await, test_id);
    }

    pub async fn text(&self, test_id: &str) -> String {
        done(self.find(test_id).await.text().await, test_id)
    }

    /// Waits until the element's own text is this.
    pub async fn until_text(&self, test_id: &str, text: &str) {
        let is = format!(
            "return document.querySelector(\"[data-testid='{test_id}']\")?.textContent.trim() === {}",
            json!(text)
        );
        self.until(&format!("{test_id:?} says {text:?}"), &is).await;
    }

    /// Follows another fragment, as a click on a link would, and waits until its view is complete.
    pub async fn follow(&self, fragment: &str) {
        let follow = "const [fragment, done] = arguments; addEventListener('hashchange', () => setTimeout(done), { once: true }); \
                      location.hash = fragment";
        done(self.client.execute_async(follow, vec![json!(fragment)]).await, fragment);
        self.ready().await;
    }

    /// The simulated time on show.
    pub async fn time(&self) -> String {
        self.script("return document.querySelector(\"[data-testid='time']\").textContent").await.to_string()
    }

    /// Moves the scrubber to a part of its way.
    pub async fn scrub(&self, part: f64) {
        self.find("scrubber").await;
        let body = "const it = document.querySelector(\"[data-testid='scrubber']\"); it.value = Math.round(it.max * arguments[0]); \
                    it.dispatchEvent(new Event('input', { bubbles: true }))";
        self.script_with(body, vec![json!(part)]).await;
    }

    /// Waits until what was asked to be drawn is drawn.
    pub async fn settled(&self) {
        let frames = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))";
        done(self.client.execute_async(frames, Vec::new()).await, "wait for frames");
    }

    pub async fn attribute(&self, test_id: &str, name: &str) -> Option<String> {
        done(self.find(test_id).await.attr(name).await, test_id)
    }

    /// Presses and lets go, wherever the focus is.
    pub async fn press(&self, key: impl Into<char>) {
        let value = key.into();
        let stroke =
            KeyActions::new("keyboard".into()).then(KeyAction::Down { value }).then(KeyAction::Up { value });
        done(self.client.perform_actions(stroke).await, "press a key");
    }

    /// Presses a key while others are held.
    pub async fn chord(&self, held: &[char], key: impl Into<char>) {
        let value = key.into();
        let down = held.iter().map(|&value| KeyAction::Down { value });
        let up = held.iter().map(|&value| KeyAction::Up { value });
        let all = down.chain([KeyAction::Down { value }, KeyAction::Up { value }]).chain(up);
        let strokes = all.fold(KeyActions::new("keyboard".into()), KeyActions::then);
        done(self.client.perform_actions(strokes).await, "press keys");
    }

    /// The page as it is seen, as PNG.
    pub async fn screenshot(&self, file: &Path) {
        let png = done(self.client.screenshot().await, "take a picture");
        std::fs::write(file, png).unwrap_or_else(|error| panic!("cannot write {}: {error}", file.display()));
    }

    /// The size of what is seen, in CSS pixels: a phone is narrower than any window may be.
    pub async fn size(&self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Lets fingers touch: see `Input.dispatchTouchEvent`.
    pub async fn with_touch(&self) {
        self.devtools("Emulation.setTouchEmulationEnabled", json!({ "enabled": true, "maxTouchPoints": 5 }))
            .await;
    }

    /// Answers media queries, such as `("prefers-color-scheme", "dark")`.
    pub async fn prefers(&self, features: &[(&str, &str)]) {
        let features: Vec<_> =
            features.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// Makes the processor this many times slower.
    pub async fn slow_down(&self, times: u32) {
        self.devtools("Emulation.setCPUThrottlingRate", json!({ "rate": times })).await;
    }

    /// Any command of the DevTools protocol.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        done(self.client.issue_cmd(DriverCommand { path: "goog/cdp/execute", body }).await, command)
    }

    /// Errors that reached the console since the last look: exceptions, failed requests, `console.error`.
    pub async fn console_errors(&self) -> Vec<String> {
        let entries = self.log("browser").await;
        entries
            .iter()
            .filter(|entry| entry["level"] == "SEVERE")
            .map(|entry| entry["message"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// Every address that was asked for since the last look, whichever host it belongs to.
    pub async fn requested(&self) -> Vec<String> {
        let messages = self.log("performance").await;
        messages
            .iter()
            .filter_map(|entry| serde_json::from_str::<Value>(entry["message"].as_str()?).ok())
            .filter(|event| event["message"]["method"] == "Network.requestWillBeSent")
            .filter_map(|event| event["message"]["params"]["request"]["url"].as_str().map(str::to_owned))
            .collect()
    }

    async fn log(&self, kind: &str) -> Vec<Value> {
        let command = DriverCommand { path: "se/log", body: json!({ "type": kind }) };
        let entries = done(self.client.issue_cmd(command).await, "read the log");
        entries.as_array().cloned().unwrap_or_default()
    }

    /// What the largest of this browser's pages takes up in memory, its workers and all, in MiB.
    pub fn renderer_mib(&self) -> u64 {
        self.driver.renderers_kib().into_iter().max().unwrap_or_default() >> 10
    }

    /// Where the site is served, and what was asked of it.
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// All the rest that WebDriver offers.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Ends the test with what the browser had to say, and a picture.
    async fn fail(&self, problem: &str) -> ! {
        let picture = std::env::temp_dir().join(format!("ackscope-failure-{}.png", self.session));
        if let Ok(png) = self.client.screenshot().await {
            std::fs::write(&picture, png).ok();
        }
        let console = self.console_errors().await.join("\n  ");
        panic!("{problem}\npicture: {}\nconsole errors:\n  {console}", picture.display());
    }
}

impl Drop for Page {
    /// Also when a test has failed, so that no browser outlives it.
    fn drop(&mut self) {
        self.driver.end_session(&self.session);
    }
}

/// The site under test, as `cargo xtask test` names it.
pub fn dist() -> PathBuf {
    from_environment("ACKSCOPE_DIST").into()
}

/// The page that computes trace hashes.
pub fn hashes() -> PathBuf {
    from_environment("ACKSCOPE_HASHES").into()
}

/// The rules that look for barriers, as a script.
pub fn axe() -> String {
    let file = from_environment("ACKSCOPE_AXE");
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("cannot read {file}: {error}"))
}

/// The files that opening the landing page should fetch, as the size budget counts them.
pub fn initial_download() -> Vec<String> {
    from_environment("ACKSCOPE_INITIAL_DOWNLOAD").lines().map(str::to_owned).collect()
}

fn from_environment(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set; browser tests run by `cargo xtask test`"))
}

fn capabilities() -> serde_json::Map<String, Value> {
    let arguments = [
        "--headless=new",
        // The pages are our own, and root, which a container often runs as, has no sandbox.
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-default-apps",
        "--disable-extensions",
        "--disable-sync",
        "--force-color-profile=srgb",
        "--hide-scrollbars",
        "--lang=en-US",
    ];
    let mut options = json!({ "args": arguments });
    if let Ok(chrome) = std::env::var("CHROME") {
        options["binary"] = json!(chrome);
    }
    let capabilities = json!({
        "browserName": "chrome",
        "goog:chromeOptions": options,
        // A page that computes for long answers late.
        "timeouts": { "script": 300_000, "pageLoad": 300_000 },
        "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
    });
    capabilities.as_object().cloned().expect("an object was written above")
}

/// A command of chromedriver's own.
#[derive(Debug)]
struct DriverCommand {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for DriverCommand {
    fn endpoint(&self, base_url: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base_url.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.to_string()))
    }
}

fn done<T>(outcome: Result<T, CmdError>, what: &str) -> T {
    outcome.unwrap_or_else(|error| panic!("{what}: {error}"))
}

/// One chromedriver on a free port.
struct Driver {
    process: Child,
    port: u16,
}

impl Driver {
    /// Now and then a port that was free when it was chosen is taken when it is bound: it tries again.
    fn start() -> Self {
        (0..3).find_map(|_| Self::try_start()).expect("chromedriver names its port")
    }

    /// None where it ended before it named its port.
    fn try_start() -> Option<Self> {
        let program = std::env::var_os("CHROMEDRIVER").unwrap_or_else(|| "chromedriver".into());
        let mut process = Command::new(&program)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", program.display()));
        let mut words = BufReader::new(process.stdout.take().expect("its output is piped"));
        let port = loop {
            let mut line = String::new();
            if words.read_line(&mut line).expect("chromedriver writes text") == 0 {
                process.wait().expect("an ended process can be waited for");
                return None;
            }
            // "ChromeDriver was started successfully on port 40123."
            if let Some((_, port)) = line.split_once("successfully on port ") {
                break port.trim_end().trim_end_matches('.').parse().expect("a port is a number");
            }
        };
        // A full pipe would stop the driver.
        std::thread::spawn(move || std::io::copy(&mut words, &mut std::io::sink()));
        Some(Self { process, port })
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The resident memory of each process that shows a page.
    fn renderers_kib(&self) -> Vec<u64> {
        let of = |pid: &str, file: &str| {
            std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default()
        };
        let processes = std::fs::read_dir("/proc").expect("a list of processes");
        let pids = processes.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let pids: Vec<String> = pids.filter(|name| name.parse::<u32>().is_ok()).collect();
        let field = |pid: &str, name: &str| -> Option<u64> {
            let status = of(pid, "status");
            status.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok())
        };
        let mut family = vec![u64::from(self.process.id())];
        let mut grown = 0;
        while grown != family.len() {
            grown = family.len();
            for pid in &pids {
                let own: u64 = pid.parse().expect("only numbers are kept");
                if !family.contains(&own)
                    && field(pid, "PPid:").is_some_and(|parent| family.contains(&parent))
                {
                    family.push(own);
                }
            }
        }
        let shows_a_page = |pid: &&u64| of(&pid.to_string(), "cmdline").contains("--type=renderer");
        family.iter().filter(shows_a_page).filter_map(|pid| field(&pid.to_string(), "VmRSS:")).collect()
    }

    /// Closes the browser without needing a runtime, as a failing test has none to spare.
    fn end_session(&self, session: &str) {
        let Ok(mut connection) = TcpStream::connect(("127.0.0.1", self.port)) else { return };
        connection.set_read_timeout(Some(Duration::from_secs(10))).ok();
        let request =
            format!("DELETE /session/{session} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n");
        if connection.write_all(request.as_bytes()).is_ok() {
            connection.read_to_end(&mut Vec::new()).ok();
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
