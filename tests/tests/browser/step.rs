//! Somebody steps through a run, event by event and moment by moment, and back.

use ackscope_tests::browser::Page;

#[tokio::test]
async fn every_step_reads_differently_and_going_back_returns_to_the_same_places() {
    let page = Page::open("#acks-1-leader-crash").await;

    let mut seen = vec![page.time().await];
    for _ in 0..25 {
        page.click("step-forward").await;
        seen.push(page.time().await);
    }
    let mut different = seen.clone();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), seen.len(), "{seen:?}");

    for earlier in seen.iter().rev().skip(1) {
        page.click("step-back").await;
        assert_eq!(&page.time().await, earlier);
    }
}

#[tokio::test]
async fn moments_lead_through_the_run_and_back() {
    let page = Page::open("#acks-1-leader-crash").await;

    let mut told = Vec::new();
    for _ in 0..200 {
        page.click("next-moment").await;
        told.push(page.text("narration").await);
        if page.script("return document.querySelector(\"[data-testid='next-moment']\").disabled").await
            == true
        {
            break;
        }
    }
    for words in ["is killed", "truncates"] {
        assert!(told.iter().any(|line| line.contains(words)), "no moment tells {words:?}: {told:#?}");
    }
    let end = page.time().await;
    page.click("previous-moment").await;
    assert_ne!(page.time().await, end);
}
