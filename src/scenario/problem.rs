//! Problems of scenario files: what was expected, where, what to do; shown as rustc shows its own.

use std::fmt;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// A stretch of a source: a file's text, or an option of the command line.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Index into [`Sources`].
    pub(super) source: usize,
    /// First byte.
    pub(super) start: usize,
    /// First byte after it.
    pub(super) end: usize,
}

/// A text that settings were read from.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// The file's path as given, or the option.
    pub(super) name: String,
    /// Its text.
    pub(super) text: String,
}

/// All texts that one scenario was read from.
#[derive(Clone, Debug, Default)]
pub(super) struct Sources(Vec<Source>);

impl Sources {
    /// Keeps a text; returns its index.
    pub(super) fn add(&mut self, name: String, text: String) -> usize {
        self.0.push(Source { name, text });
        self.0.len() - 1
    }

    /// The source with this index.
    pub(super) fn get(&self, source: usize) -> &Source {
        &self.0[source]
    }

    /// The text at a place.
    pub(super) fn at(&self, place: &Place) -> &str {
        self.get(place.source)
            .text
            .get(place.start..place.end)
            .unwrap_or_default()
    }

    /// The line on which a place begins, from 1.
    pub(super) fn line(&self, place: &Place) -> usize {
        let before = self
            .get(place.source)
            .text
            .get(..place.start)
            .unwrap_or_default();
        before.bytes().filter(|&byte| byte == b'\n').count() + 1
    }
}

/// One problem.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    title: String,
    labels: Vec<(Place, String)>,
    help: Option<String>,
    /// How it stands to others.
    pub(super) weight: Weight,
}

/// How a problem stands to others of the same text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// It counts in any case.
    Counts,
    /// It may be a mere consequence of a syntax error: something is absent.
    Follows,
    /// It gives way to a problem of meaning at the same place.
    Yields,
}

impl Problem {
    /// A problem told in one line.
    pub(super) fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            labels: Vec::new(),
            help: None,
            weight: Weight::Counts,
        }
    }

    /// Points at a place; the first one is where the problem is, the others are what it clashes with.
    #[must_use]
    pub(super) fn at(mut self, place: &Place, label: impl Into<String>) -> Self {
        self.labels.push((place.clone(), label.into()));
        self
    }

    /// Says what to do.
    #[must_use]
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Marks a problem that a syntax error elsewhere may have caused.
    #[must_use]
    pub(super) fn following(mut self) -> Self {
        self.weight = Weight::Follows;
        self
    }

    /// Marks a problem that gives way to a problem of meaning at the same place.
    #[must_use]
    pub(super) fn yielding(mut self) -> Self {
        self.weight = Weight::Yields;
        self
    }

    /// Where it is.
    pub(super) fn place(&self) -> Option<&Place> {
        self.labels.first().map(|(place, _)| place)
    }

    fn render(&self, sources: &Sources, renderer: &Renderer) -> String {
        let mut group = Group::with_title(Level::ERROR.primary_title(self.title.as_str()));
        let mut shown: Vec<usize> = Vec::new();
        for (place, _) in &self.labels {
            if shown.contains(&place.source) {
                continue;
            }
            shown.push(place.source);
            let source = sources.get(place.source);
            let mut snippet = Snippet::source(source.text.as_str()).path(source.name.as_str());
            for (index, (other, label)) in self.labels.iter().enumerate() {
                if other.source == place.source {
                    let kind = if index == 0 {
                        AnnotationKind::Primary
                    } else {
                        AnnotationKind::Context
                    };
                    let annotation = kind.span(other.start..other.end);
                    let label = (!label.is_empty()).then_some(label.as_str());
                    snippet = snippet.annotation(annotation.label(label));
                }
            }
            group = group.element(snippet);
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        renderer.render(&[group])
    }
}

/// All problems of a scenario, at once and in the order of the text.
#[derive(Debug)]
pub struct Problems {
    sources: Sources,
    list: Vec<Problem>,
}

impl Problems {
    /// Orders problems by their places.
    pub(super) fn new(sources: Sources, mut list: Vec<Problem>) -> Self {
        list.sort_by(|a, b| a.place().cmp(&b.place()));
        Self { sources, list }
    }

    /// How many there are; at least one.
    #[expect(
        clippy::len_without_is_empty,
        reason = "there is at least one problem where there are problems"
    )]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// What is missing, where nothing is wrong but that: a base that other files extend.
    pub fn only_missing(&self) -> Option<Vec<&str>> {
        let missing = |problem: &Problem| problem.weight == Weight::Follows;
        let titles = self.list.iter().map(|problem| problem.title.as_str());
        self.list.iter().all(missing).then(|| titles.collect())
    }

    /// Text for people, as rustc writes it, with terminal colours or without.
    pub fn render(&self, color: bool) -> String {
        let renderer = if color {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let renderer = renderer.decor_style(DecorStyle::Ascii);
        let texts: Vec<String> = self
            .list
            .iter()
            .map(|problem| problem.render(&self.sources, &renderer))
            .collect();
        texts.join("\n\n")
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Problems {}
