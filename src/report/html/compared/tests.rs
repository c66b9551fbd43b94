//! What the page of a comparison says, of a small comparison of the committed strategies.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::LazyLock;

use super::*;
use crate::comparison::sentences::number;
use crate::comparison::{Options, compare};
use crate::report::html::claims::{assert_hangs_together, assert_keeps_to_itself};
use crate::scenario::Overrides;

static SMALL: LazyLock<ComparisonOutcome> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/compare-b2b.toml");
    let overrides = Overrides {
        set: vec!["population.users=200".to_owned()],
        seed: None,
    };
    let mut loaded = crate::scenario::comparison::load(&path, &overrides).expect("committed");
    loaded.comparison.seeds = 3;
    let options = Options {
        threads: NonZeroUsize::MIN,
        tool_version: "0.0.0",
        deep: true,
    };
    compare(&loaded, options, &|_| ControlFlow::Continue(())).expect("a comparison")
});

#[test]
fn the_page_keeps_to_itself_and_hangs_together() {
    let page = comparison_html(&SMALL);
    assert_keeps_to_itself(&page);
    let charts = assert_hangs_together(&page);
    assert!(charts > 5, "{charts}");
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
}

#[test]
fn the_decision_comes_first_with_all_that_it_rests_on() {
    let page = comparison_html(&SMALL);
    let page = page.split_once("<body>").expect("a body").1;
    let place = |text: &str| {
        let escaped = text.replace('<', "&#60;").replace('\'', "&#39;");
        page.find(&escaped).expect(text)
    };
    let first_chart = page.find("<figure").expect("a chart");
    assert!(place(&headline(&SMALL).1) < first_chart);
    for sentence in &SMALL.ranking.advice {
        assert!(place(sentence) < first_chart);
    }
    for ranked in &SMALL.ranking.places {
        assert!(place(&format!("{}. {}", ranked.place, ranked.arm)) < first_chart);
    }
    for gate in &SMALL.between {
        assert!(place(&gate.gate) < first_chart);
    }
    place(&SMALL.control.sentence);
}

#[test]
fn every_mean_is_that_of_the_json() {
    let table = tables::measures(&SMALL);
    assert_eq!(table.head.len(), SMALL.arms.len() + 1);
    for (column, arm) in SMALL.arms.iter().enumerate() {
        for (row, measured) in arm.measures.iter().enumerate() {
            let shown = table.rows[row][column + 1].text.replace('\u{a0}', " ");
            let told = measured
                .mean
                .map_or_else(|| "in ".to_owned(), |mean| number(mean.mean, measured.unit));
            assert!(
                shown.starts_with(&told),
                "{}: {shown}: {told}",
                measured.yardstick
            );
        }
    }
}
