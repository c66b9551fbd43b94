//! The page of a run in a real browser: it renders, keeps to itself, says what the JSON says, fits a
//! phone and paper, and reads without scripts.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::browser::{Browser, installed};

/// A small rehearsal of committed files by this command; its directory.
fn made(reports: &Path, command: &[&str]) -> PathBuf {
    let _ = std::fs::remove_dir_all(reports);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let status = Command::new(env!("CARGO_BIN_EXE_cutover"))
        .current_dir(root)
        .args(command)
        .arg("--reports")
        .arg(reports)
        .output()
        .expect("our own program");
    let told = String::from_utf8_lossy(&status.stderr);
    let mut runs = std::fs::read_dir(reports).expect(&told);
    runs.next().expect(&told).expect("readable").path()
}

/// Keeps what the browser showed, where somebody wants to look at it.
fn keep(browser: &mut Browser, name: &str) {
    if let Some(place) = std::env::var_os("KEEP_SCREENSHOTS") {
        browser.screenshot(&PathBuf::from(place).join(format!("{name}.png")), 2_400);
    }
}

fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}

/// A browser, and a directory of this test's own; nothing where there is no browser to test with.
fn browser(test: &str) -> Option<(Browser, PathBuf)> {
    let Some(program) = installed() else {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "pages are tested in Chromium, which is not installed"
        );
        #[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
        {
            eprintln!("skipped: no Chromium is installed");
        }
        return None;
    };
    let place = std::env::temp_dir().join(format!("cutover-{test}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&place);
    Some((Browser::start(&program, &place.join("profile")), place))
}

#[test]
fn a_run_in_a_browser() {
    let Some((mut browser, place)) = browser("run") else {
        return;
    };
    let scenario = "scenarios/userinfo-limited-consumer.toml";
    let people = "population.users=4000";
    let run = made(
        &place.join("reports"),
        &["simulate", scenario, "--set", people],
    );
    let page = run.join("index.html");
    let text = std::fs::read_to_string(run.join("outcome.json")).expect("written");
    let outcome: Value = serde_json::from_str(&text).expect("JSON");

    browser.open(&page, 1_280);
    keep(&mut browser, "run-desktop");
    keeps_to_itself(&mut browser);
    says_what_the_json_says(&mut browser, &outcome);
    sorts_and_filters(&mut browser);
    fits(&mut browser, &page, "run-phone");
    goes_dark(&mut browser, &page, "run-dark");
    goes_on_paper(&mut browser, &page, "run");
    reads_without_scripts(&mut browser, &page);
    drop(browser);
    std::fs::remove_dir_all(&place).expect("ours");
}

#[test]
fn a_comparison_in_a_browser() {
    let Some((mut browser, place)) = browser("comparison") else {
        return;
    };
    let comparison = "scenarios/compare-b2b.toml";
    let few = ["--seeds", "3", "--set", "population.users=300"];
    let command = [&["compare", comparison][..], &few].concat();
    let run = made(&place.join("reports"), &command);
    let page = run.join("index.html");
    let text = std::fs::read_to_string(run.join("comparison.json")).expect("written");
    let outcome: Value = serde_json::from_str(&text).expect("JSON");

    browser.open(&page, 1_280);
    keep(&mut browser, "comparison-desktop");
    keeps_to_itself(&mut browser);
    // On a common screen the decision is seen without scrolling.
    let bottom =
        number(&browser.value("document.querySelector('.verdict').getBoundingClientRect().bottom"));
    assert!(bottom < 900.0, "{bottom}");
    let ranked = browser.value(
        "[...document.querySelectorAll('#verdict tbody')[0].rows].map((row) => \
         row.cells[0].textContent.replace(/^[0-9]+. /, ''))",
    );
    let places = outcome["ranking"]["places"].as_array().expect("places");
    let told: Vec<&Value> = places.iter().map(|place| &place["arm"]).collect();
    assert_eq!(ranked, json!(told));
    fits(&mut browser, &page, "comparison-phone");
    goes_dark(&mut browser, &page, "comparison-dark");
    goes_on_paper(&mut browser, &page, "comparison");
    drop(browser);
    std::fs::remove_dir_all(&place).expect("ours");
}

fn keeps_to_itself(browser: &mut Browser) {
    // A round trip, so that whatever the browser had to say has been said.
    assert_eq!(browser.value("document.readyState"), json!("complete"));
    assert_eq!(browser.complaints(), [""; 0]);
    let requests = browser.requests();
    assert_eq!(requests.len(), 1, "the page only: {requests:?}");
    let bytes = number(&browser.value("new Blob([document.documentElement.outerHTML]).size"));
    assert!(bytes < 1e6, "{bytes} bytes");
}

fn says_what_the_json_says(browser: &mut Browser, outcome: &Value) {
    let shown = browser.value(
        "[...document.querySelectorAll('data')].map((one) => \
         [one.dataset.from, Number(one.value), one.textContent])",
    );
    let shown = shown.as_array().expect("a list");
    assert!(shown.len() > 8, "{shown:?}");
    for one in shown {
        let pointer = one[0].as_str().expect("a pointer");
        let told = outcome
            .pointer(pointer)
            .and_then(Value::as_f64)
            .unwrap_or(0.0);
        assert!((number(&one[1]) - told).abs() < 1e-9, "{one}: {told}");
    }
    // What the page shows of forced logouts, by time, phase and platform, adds up to the total.
    let total = outcome["totals"]["forced_logouts"].as_f64().unwrap_or(0.0);
    assert!(total > 0.0, "somebody is logged out in this scenario");
    let column = |caption: &str| {
        format!(
            "(() => {{ const table = [...document.querySelectorAll('table')]
               .find((one) => one.caption.textContent.startsWith('{caption}'));
             const column = [...table.tHead.rows[0].cells]
               .findIndex((head) => head.textContent.trim() === 'forced logouts');
             return [...table.tBodies[0].rows]
               .map((row) => Number(row.cells[column].textContent.replaceAll(',', '')))
               .reduce((sum, count) => sum + count, 0); }})()"
        )
    };
    for caption in ["Logouts and logins", "By phase", "By platform"] {
        let sum = number(&browser.value(&column(caption)));
        assert!((sum - total).abs() < 1e-9, "{caption}: {sum} of {total}");
    }
    let charts = number(&browser.value(
        "[...document.querySelectorAll('svg.chart')].filter((one) => \
         one.getBoundingClientRect().width > 300 && one.querySelector('title')).length",
    ));
    assert!(charts >= 6.0, "{charts} charts are seen and named");
}

fn sorts_and_filters(browser: &mut Browser) {
    let result = browser.value(
        "(() => {
           const table = document.querySelector('#people table.sortable');
           const input = document.querySelector('#people input[type=search]');
           const rows = () => [...table.tBodies[0].rows].filter((row) => !row.hidden);
           const before = rows().length;
           const buttons = [...table.tHead.querySelectorAll('button')];
           buttons[0].click();
           const people = rows().map((row) => Number(row.cells[0].textContent));
           const up = people.every((one, at) => at === 0 || people[at - 1] <= one);
           const said = buttons[0].closest('th').getAttribute('aria-sort');
           buttons[0].click();
           const down = Number(rows()[0].cells[0].textContent) === Math.max(...people);
           input.value = rows()[0].cells[0].textContent + ' forced';
           input.dispatchEvent(new Event('input'));
           const found = rows().length;
           const told = document.querySelector('#people output').textContent;
           input.value = '';
           input.dispatchEvent(new Event('input'));
           return { before, up, said, down, found, told, after: rows().length };
         })()",
    );
    assert!(number(&result["before"]) > 1.0, "{result}");
    assert_eq!(result["up"], json!(true), "{result}");
    assert_eq!(result["said"], json!("ascending"), "{result}");
    assert_eq!(result["down"], json!(true), "{result}");
    assert!(
        number(&result["found"]) >= 1.0 && result["found"] != result["before"],
        "{result}"
    );
    assert!(
        result["told"]
            .as_str()
            .is_some_and(|told| told.ends_with(" shown")),
        "{result}"
    );
    assert_eq!(result["after"], result["before"], "{result}");
}

fn fits(browser: &mut Browser, page: &Path, name: &str) {
    for width in [375, 320, 768, 1_280] {
        browser.open(page, width);
        if width == 375 {
            keep(browser, name);
        }
        browser
            .value("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
        let wide = number(&browser.value("document.documentElement.scrollWidth"));
        assert!(wide <= f64::from(width), "{wide} pixels at {width}");
        // Letters of a chart stay letters: at least 9 pixels high.
        let least = number(&browser.value(
            "Math.min(...[...document.querySelectorAll('svg.chart')]
               .filter((one) => one.getBoundingClientRect().width > 0)
               .map((one) => one.getBoundingClientRect().width / one.viewBox.baseVal.width
                 * Number(one.querySelector('text').getAttribute('font-size'))))",
        ));
        assert!(least >= 8.5, "{least} pixels at {width}");
        assert_eq!(browser.complaints(), [""; 0]);
    }
}

fn goes_dark(browser: &mut Browser, page: &Path, name: &str) {
    let ground = "getComputedStyle(document.body).backgroundColor";
    let scheme =
        |value: &str| json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] });
    browser.call("Emulation.setEmulatedMedia", &scheme("light"));
    browser.open(page, 1_280);
    let light = browser.value(ground);
    browser.call("Emulation.setEmulatedMedia", &scheme("dark"));
    keep(browser, name);
    assert_ne!(browser.value(ground), light);
    browser.call("Emulation.setEmulatedMedia", &scheme("light"));
}

fn goes_on_paper(browser: &mut Browser, page: &Path, name: &str) {
    browser.open(page, 1_280);
    browser.call("Emulation.setEmulatedMedia", &json!({ "media": "print" }));
    let seen = browser.value(
        "({ nav: getComputedStyle(document.querySelector('nav')).display,
            filter: getComputedStyle(document.querySelector('.filter')).display,
            ground: getComputedStyle(document.body).backgroundColor,
            charts: [...document.querySelectorAll('svg.chart')]
              .filter((one) => one.getBoundingClientRect().width > 100).length,
            figures: document.querySelectorAll('figure').length })",
    );
    assert_eq!(seen["nav"], json!("none"), "{seen}");
    assert_eq!(seen["filter"], json!("none"), "{seen}");
    assert_eq!(seen["ground"], json!("rgb(255, 255, 255)"), "{seen}");
    assert_eq!(seen["charts"], seen["figures"], "{seen}");
    browser.call("Emulation.setEmulatedMedia", &json!({ "media": "" }));
    let pdf = browser.print();
    assert!(pdf.starts_with(b"%PDF-"), "a PDF");
    if let Some(place) = std::env::var_os("KEEP_SCREENSHOTS") {
        std::fs::write(PathBuf::from(place).join(format!("{name}.pdf")), pdf).expect("writable");
    }
}

fn reads_without_scripts(browser: &mut Browser, page: &Path) {
    browser.call(
        "Emulation.setScriptExecutionDisabled",
        &json!({ "value": true }),
    );
    browser.open(page, 1_280);
    let seen = browser.value(
        "({ people: document.querySelectorAll('#people tbody tr').length,
            verdict: document.querySelector('#verdict h2').textContent,
            controls: document.querySelectorAll('input, button').length })",
    );
    assert!(number(&seen["people"]) > 1.0, "{seen}");
    assert!(
        seen["verdict"]
            .as_str()
            .is_some_and(|text| text.contains("exit")),
        "{seen}"
    );
    assert_eq!(
        seen["controls"],
        json!(0),
        "nothing that would do nothing: {seen}"
    );
}
