//! What every page must keep to, as assertions.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// Nothing comes from elsewhere, and only the page's own style and script run.
pub(super) fn assert_keeps_to_itself(page: &str) {
    for foreign in [
        "src=",
        "url(",
        "@import",
        "<link",
        "<iframe",
        "javascript:",
        " style=",
        " onclick=",
    ] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    let addresses = page.matches("://").count();
    assert_eq!(
        addresses,
        page.matches("xmlns=\"http://www.w3.org/2000/svg\"").count()
    );
    for (open, close, name) in [
        ("<style>", "</style>", "style"),
        ("<script>", "</script>", "script"),
    ] {
        let text = page
            .split_once(open)
            .and_then(|(_, rest)| rest.split_once(close));
        let hash = STANDARD.encode(Sha256::digest(text.expect("one of them").0));
        assert!(
            page.contains(&format!("{name}-src &#39;sha256-{hash}&#39;")),
            "{name}"
        );
    }
    assert!(!page.contains("unsafe-"), "no unsafe source is allowed");
}

/// Ids are unique, every reference has its target, and every chart is named, described and told in
/// numbers; returns how many charts there are.
pub(super) fn assert_hangs_together(page: &str) -> usize {
    let values = |name: &str| -> Vec<String> {
        let start = format!(" {name}=\"");
        let parts = page.split(&start).skip(1);
        parts
            .filter_map(|part| part.split_once('"').map(|(value, _)| value.to_owned()))
            .collect()
    };
    let mut ids: BTreeMap<String, u32> = BTreeMap::new();
    for id in values("id") {
        *ids.entry(id).or_insert(0) += 1;
    }
    let twice: Vec<_> = ids.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    let labels = values("aria-labelledby");
    for reference in labels.iter().flat_map(|of| of.split(' ')) {
        assert!(ids.contains_key(reference), "{reference}");
    }
    for link in values("href")
        .iter()
        .filter_map(|link| link.strip_prefix('#'))
    {
        assert!(ids.contains_key(link), "{link}");
    }
    // A chart is named, described and told in numbers.
    let charts = page.matches("<figure").count();
    assert_eq!(page.matches("class=\"chart wide\"").count(), charts);
    assert_eq!(page.matches("class=\"chart narrow\"").count(), charts);
    assert_eq!(page.matches("The numbers of this chart").count(), charts);
    charts
}
