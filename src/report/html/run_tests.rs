//! What the page of a run says, that it says it safely, and that it can be read.

use std::collections::BTreeMap;

use super::claims::{assert_hangs_together, assert_keeps_to_itself};
use super::*;
use crate::outcome::Outcome;
use crate::outcome::fixture::{Fixture, slice};
use crate::recorder::{IncidentKind, LogoutCause, Platform};
use crate::scenario::GateText;
use crate::verdict::{PlacedGate, judge};

const GATES: [&str; 4] = [
    "forced_logouts <= 3",
    "lockouts == 0",
    "latency.migrate.p99 < 200ms",
    "latency.login.p99 < 1s",
];

fn judged(fixture: &Fixture) -> Outcome {
    let place = |(index, text): (usize, &&str)| {
        let written = GateText {
            text: (*text).to_owned(),
            file: "rolling.toml".to_owned(),
            line: 40 + index,
        };
        PlacedGate::read(written).expect(text)
    };
    let gates: Vec<PlacedGate> = GATES.iter().enumerate().map(place).collect();
    let mut outcome = fixture.outcome();
    outcome.verdict = Some(judge(&outcome, &gates));
    outcome
}

fn page() -> String {
    html(&judged(&Fixture::healthy()))
}

/// The page's words, one line for each piece; without drawings, which are tested by themselves.
fn words(html: &str) -> String {
    let body = html.split_once("<body>").expect("a body").1;
    let mut text = String::new();
    let mut rest = body;
    while let Some(start) = rest.find('<') {
        text.push_str(rest[..start].trim());
        let skipped = ["svg", "script"]
            .iter()
            .find(|tag| rest[start + 1..].starts_with(**tag));
        let end = match skipped {
            Some(tag) => rest[start..].find(&format!("</{tag}>")).expect("an end") + tag.len() + 3,
            None => rest[start..].find('>').expect("an end") + 1,
        };
        let tag = &rest[start..start + end];
        if [
            "</li>",
            "</p>",
            "</tr>",
            "</h",
            "</div>",
            "</caption>",
            "</summary>",
            "</td>",
            "</th>",
        ]
        .iter()
        .any(|block| tag.starts_with(block))
        {
            text.push_str(if tag.starts_with("</t") && tag != "</tr>" {
                " | "
            } else {
                "\n"
            });
        } else {
            text.push(' ');
        }
        rest = &rest[start + end..];
    }
    let lines = text
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn words_of_a_page() {
    insta::assert_snapshot!(words(&page()));
}

#[test]
fn the_verdict_comes_before_everything_that_explains_it() {
    let page = page();
    let place = |text: &str| page.find(text).expect(text);
    let order = [
        "GATE FAILED: 2 of 4 do not hold (exit 1)",
        "3 of 640 devices seen were logged out",
        "latency.migrate.p99 &#60; 200ms",
        "Live sessions by kind",
        "Every setting of this rehearsal",
    ];
    let places = order.map(place);
    assert!(places.is_sorted(), "{places:?}");
}

#[test]
fn numbers_shown_are_those_of_the_json() {
    let outcome = judged(&Fixture::healthy());
    let json = serde_json::to_value(&outcome).expect("an outcome");
    let page = html(&outcome);
    let mut seen = 0;
    for part in page.split("<data value=\"").skip(1) {
        let (value, rest) = part.split_once("\" data-from=\"").expect("an origin");
        let pointer = rest.split_once('"').expect("an end").0;
        let shown: f64 = value.parse().expect("a number");
        // A measure that is absent is 0.
        let told = json
            .pointer(pointer)
            .and_then(serde_json::Value::as_f64)
            .unwrap_or(0.0);
        assert!(
            (shown - told).abs() < 1e-9,
            "{pointer}: {shown} is not {told}"
        );
        seen += 1;
    }
    assert_eq!(seen, 8 + 3, "tiles, and gates that have a value");
}

#[test]
fn nothing_comes_from_elsewhere_and_only_the_own_style_and_script_run() {
    assert_keeps_to_itself(&page());
}

#[test]
fn texts_from_outside_cannot_become_markup() {
    let mut outcome = judged(&Fixture::healthy());
    let evil = "<img src=x onerror=alert(1)>\"'&".to_owned();
    outcome.identity.question.clone_from(&evil);
    outcome.identity.scenario.clone_from(&evil);
    outcome.identity.text.clone_from(&evil);
    outcome.phases[1].name.clone_from(&evil);
    outcome.assumptions[0].value.clone_from(&evil);
    outcome.causes[0].cause = Some(evil);
    assert!(!html(&outcome).contains("<img"));
}

#[test]
fn ids_are_unique_and_every_reference_has_its_target() {
    assert!(assert_hangs_together(&page()) >= 5);
}

#[test]
fn a_rehearsal_in_which_nothing_happened_has_a_page() {
    let page = html(&Fixture::empty().outcome());
    assert!(page.contains("NOT JUDGED") && page.contains("Nobody: no forced logout"));
}

#[test]
fn many_affected_people_are_counted_and_some_are_named() {
    let mut fixture = Fixture::healthy();
    let kind = IncidentKind::ForcedLogout(LogoutCause::FlagFlip);
    fixture.incidents(1, slice(Platform::Web), kind, 900);
    let page = html(&judged(&fixture));
    assert!(page.contains("people were affected. 300 of them are listed here"));
}

/// The style sheet's colours: light, then dark.
fn colours() -> [BTreeMap<String, [f64; 3]>; 2] {
    let read = |block: &str| -> BTreeMap<String, [f64; 3]> {
        let declarations = block.split('}').next().expect("a block").split(';');
        let pairs = declarations.filter_map(|one| one.split_once("--")?.1.split_once(": #"));
        pairs
            .map(|(name, hex)| {
                let part = |at: usize| {
                    let byte = u8::from_str_radix(&hex[at..at + 2], 16).expect("six digits");
                    let share = f64::from(byte) / 255.0;
                    if share <= 0.040_45 {
                        share / 12.92
                    } else {
                        ((share + 0.055) / 1.055).powf(2.4)
                    }
                };
                (name.to_owned(), [part(0), part(2), part(4)])
            })
            .collect()
    };
    let mut roots = STYLE.split(":root {").skip(1);
    [(); 2].map(|()| read(roots.next().expect("light and dark")))
}

/// The contrast of two colours after WCAG 2.
fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let light = |[red, green, blue]: [f64; 3]| 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    let (one, other) = (light(one), light(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn words_stand_out_from_what_is_behind_them() {
    for (scheme, colours) in ["light", "dark"].iter().zip(colours()) {
        for word in ["text", "soft", "link", "good", "bad", "doubt"] {
            for behind in ["page", "card"] {
                let found = contrast(colours[word], colours[behind]);
                assert!(found >= 4.5, "{scheme}: {word} on {behind}: {found:.2}");
            }
        }
        for tone in ["good", "bad", "doubt"] {
            let behind = colours[&format!("{tone}-soft")];
            for word in [tone, "text"] {
                let found = contrast(colours[word], behind);
                assert!(found >= 4.5, "{scheme}: {word} on {tone}-soft: {found:.2}");
            }
        }
        // Lines and areas need less, but must be seen and told apart from the ground.
        for ink in [
            "stytch", "bad", "relogin", "first", "second", "third", "fourth", "fifth", "sixth",
        ] {
            let found = contrast(colours[ink], colours["card"]);
            assert!(found >= 3.0, "{scheme}: {ink}: {found:.2}");
        }
    }
}
