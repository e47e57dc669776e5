//! Somebody puts figures into a page of their own, as a script, as a module, and in a sandbox.

use ackscope_tests::browser::{Page, dist};
use ackscope_tests::inputs;
use ackscope_tests::site::Site;
use fantoccini::elements::{Element, ElementRef};
use serde_json::json;

/// What a host of figures sends.
const FOR_ALL: [(&str, &str); 1] = [("", "access-control-allow-origin: *")];

/// Somebody else's page, on a host of its own.
struct Host {
    site: Site,
    folder: std::path::PathBuf,
}

impl Host {
    fn new(name: &str, html: &str) -> Host {
        let folder = std::env::temp_dir().join(format!("ackscope-host-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(
            folder.join("index.html"),
            format!("<!doctype html><title>{name}</title><link rel=icon href=data:,>{html}"),
        )
        .expect("a page");
        Host { site: Site::serve(&folder, "/"), folder }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

/// Into the frame that the script's result is: the scripts that follow run in there.
async fn enter(page: &Page, frame: &str) {
    page.until("a frame", &format!("return !!({frame})")).await;
    let found = page.script(&format!("return {frame}")).await;
    let id =
        found.as_object().and_then(|it| it.values().next()).and_then(|id| id.as_str()).expect("an element");
    let element = Element::from_element_id(page.client().clone(), ElementRef::from(id.to_owned()));
    element.enter_frame().await.expect("a frame to enter");
}

async fn leave(page: &Page) {
    page.client().clone().enter_parent_frame().await.expect("the page around it");
}

const FIGURE: &str = "document.querySelector('ackscope-player')?.shadowRoot?.querySelector('iframe')";

async fn figure_shows(page: &Page, fragment: &str) {
    enter(page, FIGURE).await;
    page.until(
        fragment,
        &format!(
            "return location.hash === '{fragment}' && document.documentElement.dataset.ready === 'true'"
        ),
    )
    .await;
    page.find("play").await;
}

#[tokio::test]
async fn a_script_a_module_and_an_import_all_show_it() {
    let page = Page::beside(Site::serve_with(dist(), "/some/where/", &FOR_ALL)).await;
    let source = format!("{}embed.js", page.site().url());
    for (name, load) in [
        ("script", format!("<script src=\"{source}\"></script>")),
        ("deferred", format!("<script defer src=\"{source}?v=2\"></script>")),
        ("module", format!("<script type=module src=\"{source}\"></script>")),
        ("import", format!("<script type=module>import \"{source}\"</script>")),
        ("late", format!("<script>setTimeout(() => import(\"{source}\"))</script>")),
    ] {
        let host = Host::new(name, &format!("{load}<ackscope-player scenario=healthy></ackscope-player>"));
        page.load(&host.site.url()).await;
        figure_shows(&page, "#healthy").await;
        assert_eq!(page.script("return document.referrer").await, json!(""), "{name}");
        leave(&page).await;
        assert_eq!(page.console_errors().await, [""; 0], "{name}");
    }
}

#[tokio::test]
async fn another_scenario_is_shown_in_place_and_leaves_the_history_alone() {
    let page = Page::beside(Site::serve_with(dist(), "/some/where/", &FOR_ALL)).await;
    let source = format!("{}embed.js", page.site().url());
    let html = format!(
        "<script src=\"{source}\"></script><div></div><ackscope-player scenario=healthy></ackscope-player>"
    );
    let host = Host::new("history", &html);
    page.load(&host.site.url()).await;
    figure_shows(&page, "#healthy").await;
    page.script("window.same = true").await;
    leave(&page).await;
    let steps = page.script("return history.length").await;
    for scenario in ["rf1", "acks-1-leader-crash"] {
        page.script(&format!(
            "document.querySelector('ackscope-player').setAttribute('scenario', '{scenario}')"
        ))
        .await;
        figure_shows(&page, &format!("#{scenario}")).await;
        assert_eq!(page.script("return window.same").await, json!(true), "it was not loaded again");
        leave(&page).await;
    }
    page.script("document.querySelector('ackscope-player').setAttribute('theme', 'dark')").await;
    figure_shows(&page, "#acks-1-leader-crash").await;
    page.until("the dark one", "return document.documentElement.dataset.theme === 'dark'").await;
    leave(&page).await;
    // Moved, it still shows what it should.
    page.script("document.querySelector('div').append(document.querySelector('ackscope-player'))").await;
    figure_shows(&page, "#acks-1-leader-crash").await;
    leave(&page).await;
    assert_eq!(page.script("return history.length").await, steps);
    assert_eq!(page.console_errors().await, [""; 0]);
}

#[tokio::test]
async fn in_a_sandbox_it_runs_or_names_what_the_sandbox_lacks() {
    const FRAME: &str = "document.querySelector('iframe')";
    for (headers, runs) in [(&FOR_ALL[..], true), (&[][..], false)] {
        let page = Page::beside(Site::serve_with(dist(), "/some/where/", headers)).await;
        let html = format!(
            "<iframe sandbox=allow-scripts width=800 height=500 src=\"{}?embed#healthy\"></iframe>",
            page.site().url()
        );
        let host = Host::new(if runs { "sandbox" } else { "sandbox-alone" }, &html);
        page.load(&host.site.url()).await;
        enter(&page, FRAME).await;
        if runs {
            page.ready().await;
            page.click("step-forward").await;
            page.until(
                "a step",
                "return document.querySelector('[data-testid=time]').textContent.includes('event 1')",
            )
            .await;
        } else {
            page.until("the reason", "return document.body.innerText.includes('allow-same-origin')").await;
            let words = page.script("return document.body.innerText").await.to_string();
            assert!(!words.contains("newer browser"), "{words}");
        }
        leave(&page).await;
    }
}

#[tokio::test]
async fn in_a_sandbox_the_lab_says_what_it_lacks() {
    let page = Page::beside(Site::serve_with(dist(), "/some/where/", &FOR_ALL)).await;
    let html = format!(
        "<iframe sandbox=allow-scripts width=800 height=500 src=\"{}#lab\"></iframe>",
        page.site().url()
    );
    let host = Host::new("sandbox-lab", &html);
    page.load(&host.site.url()).await;
    enter(&page, "document.querySelector('iframe')").await;
    page.until(
        "the reason",
        "return document.querySelector('[data-testid=progress]')?.textContent.includes('allow-same-origin')",
    )
    .await;
    leave(&page).await;
}

/// What the fuzzer takes for the address of a player is what a browser makes of it, whatever a page's author wrote.
#[tokio::test]
async fn any_attribute_becomes_the_address_that_inputs_are_read_from() {
    let page = Page::beside(Site::serve_with(dist(), "/some/where/", &FOR_ALL)).await;
    let source = format!("{}embed.js", page.site().url());
    let host = Host::new("attributes", &format!("<script src=\"{source}\"></script>"));
    page.load(&host.site.url()).await;
    let corpus = inputs::corpus::corpus("embed").into_iter().map(|(_, input)| input);
    let inputs = corpus.chain(inputs::corpus::beside("embed", 500));
    let attributes: Vec<String> = inputs.map(|input| String::from_utf8_lossy(&input).into_owned()).collect();
    // Far away, so that none of them is loaded.
    let addresses = "return arguments[0].map(scenario => {
        const player = document.createElement('ackscope-player');
        player.setAttribute('scenario', scenario);
        player.style.marginTop = '200000px';
        document.body.append(player);
        const hash = new URL(player.shadowRoot.querySelector('iframe').src).hash;
        player.remove();
        return hash;
    })";
    let found = page.script_with(addresses, vec![json!(attributes)]).await;
    let wanted: Vec<String> = attributes.iter().map(|attribute| inputs::fragment(attribute)).collect();
    for (place, attribute) in attributes.iter().enumerate() {
        assert_eq!(found[place], json!(wanted[place]), "{attribute:?}");
    }
}
