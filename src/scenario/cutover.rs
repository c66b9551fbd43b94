//! What is done: the strategy, its times, and a rollback.

use cutover_mocks::share::Share;
use cutover_mocks::stytch::Vertical;
use cutover_mocks::time::Span;

use super::kind::{OneOf, Or};
use super::problem::Problem;
use super::quantity;
use super::reader::{Read, Setting, Table, Variants, setting};
use super::scalar::{Flag, LENGTH, Length, Percent};
use super::time::Frame;

/// The cutover.
#[derive(Clone, Debug, PartialEq)]
pub struct Cutover {
    /// The strategy.
    pub strategy: Strategy,
    /// Going back, if the scenario does.
    pub rollback: Option<Rollback>,
}

/// A strategy and its times, counted from the start of the rehearsal.
#[derive(Clone, Debug, PartialEq)]
pub enum Strategy {
    /// Nothing changes: the baseline that the others are measured against.
    None,
    /// From `at` only Stytch sessions are honoured.
    AllAtOnce {
        /// When.
        at: Span,
    },
    /// A feature flag moves a growing share; those it has reached need a Stytch session.
    Rolling(Rolling),
    /// Both sessions are honoured and legacy ones are migrated.
    ZeroDowntime {
        /// From when.
        from: Span,
        /// From when legacy sessions are no longer honoured; never within the rehearsal when absent.
        until: Option<Span>,
    },
}

/// A rolling deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct Rolling {
    /// The flag's share over time: ascending in time and in share.
    pub steps: Vec<Step>,
    /// Whether the share grows evenly between steps instead of jumping at each.
    pub ramp: bool,
    /// What the flag is keyed by.
    pub key: FlagKey,
    /// Whether a device remembers in a cookie which login it belongs to once it was moved.
    pub sticky: bool,
    /// Whether legacy sessions of those the flag has reached are migrated instead of refused.
    pub migrate: bool,
    /// From when legacy sessions are no longer honoured for anyone.
    pub legacy_until: Option<Span>,
    /// Which share of app instances evaluates the flag with another, disagreeing algorithm.
    pub skewed_evaluators: Share,
}

/// A step of the flag.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// From when.
    pub at: Span,
    /// The share of keys for which the flag is on.
    pub share: Share,
}

/// What a feature flag is keyed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagKey {
    /// The person, once known; before login the device's anonymous cookie.
    User,
    /// The device's cookie.
    Cookie,
    /// The network address.
    Address,
    /// The region.
    Geography,
    /// The organization (B2B with organization-specific login).
    Organization,
}

/// Going back to the legacy provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rollback {
    /// When.
    pub at: Span,
    /// What the application then does with Stytch sessions.
    pub stytch_sessions: StytchSessions,
}

/// What becomes of Stytch sessions after a rollback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StytchSessions {
    /// They are refused.
    Refuse,
    /// They are honoured until they end.
    Honour,
}

/// Strategies; also the keys of `[cutover]`.
pub(super) const STRATEGIES: Variants = Variants {
    what: "strategy",
    names: &[
        (
            "none",
            "Nothing changes: the baseline that the others are measured against.",
        ),
        (
            "all-at-once",
            "From one moment on only Stytch sessions are honoured.",
        ),
        (
            "rolling",
            "A feature flag moves a growing share; those it has reached need a Stytch session.",
        ),
        (
            "zero-downtime",
            "Both sessions are honoured and legacy ones are migrated.",
        ),
    ],
};

const FLAG_KEY: OneOf<FlagKey> = OneOf(&[
    ("user", FlagKey::User),
    ("cookie", FlagKey::Cookie),
    ("address", FlagKey::Address),
    ("geography", FlagKey::Geography),
    ("organization", FlagKey::Organization),
]);

const FATES: OneOf<StytchSessions> = OneOf(&[
    ("refuse", StytchSessions::Refuse),
    ("honour", StytchSessions::Honour),
]);

/// A strategy that was read, with the first moment at which it changes anything.
struct Begun {
    strategy: Strategy,
    begins: Option<Read<Span>>,
}

const STYTCH_SESSIONS: Setting<OneOf<StytchSessions>> = setting(
    "stytch_sessions",
    FATES,
    "What the application then does with Stytch sessions: it refuses them, \
     or honours them until they end.",
    "refuse",
    "an assumption: the old middleware does not know them",
);

const UNTIL: Setting<Or<Length>> = setting(
    "until",
    Or("never", LENGTH),
    "From when legacy sessions are no longer honoured.",
    "never",
    "Stytch's zero-downtime guide sets no end",
);

const RAMP: Setting<Flag> = setting(
    "ramp",
    Flag,
    "Whether the share grows evenly between steps instead of jumping at each.",
    "false",
    "an assumption",
);

const STICKY: Setting<Flag> = setting(
    "sticky",
    Flag,
    "Whether a device remembers in a cookie which login it belongs to once \
     it was moved.",
    "true",
    "Stytch's zero-downtime guide offers it",
);

const MIGRATE: Setting<Flag> = setting(
    "migrate",
    Flag,
    "Whether legacy sessions of those the flag has reached are migrated \
     instead of refused.",
    "false",
    "Stytch's zero-downtime guide, rolling deployment",
);

const SKEWED_EVALUATORS: Setting<Percent> = setting(
    "skewed_evaluators",
    Percent,
    "Share of app instances that evaluate the flag with another, \
     disagreeing algorithm.",
    "0%",
    "an assumption; open-feature/flagd issue 1872 for why it is not always so",
);

const KEY: Setting<OneOf<FlagKey>> = setting(
    "key",
    FLAG_KEY,
    "What the flag is keyed by: the person once known (before login the \
     cookie), the device's cookie, the network address, the region, or the \
     organization (B2B).",
    "user",
    "an assumption",
);

const LEGACY_UNTIL: Setting<Or<Length>> = setting(
    "legacy_until",
    Or("never", LENGTH),
    "From when legacy sessions are no longer honoured for anyone.",
    "never",
    "Stytch's zero-downtime guide sets no end",
);

/// Reads `[cutover]`.
pub(super) fn read(t: &mut Table<'_>, frame: &Frame) -> Cutover {
    let chosen = t.choice(&STRATEGIES, |t, name| match name {
        "none" => Begun {
            strategy: Strategy::None,
            begins: None,
        },
        "all-at-once" => {
            let at = t
                .key(
                    "at",
                    LENGTH,
                    "From when only Stytch sessions are honoured, after the start.",
                )
                .required("3d 9h");
            frame.within(t, "at", &at);
            Begun {
                strategy: Strategy::AllAtOnce { at: at.value },
                begins: Some(at),
            }
        }
        "rolling" => read_rolling(t, frame),
        _ => read_zero_downtime(t, frame),
    });
    let doc = "Going back to the legacy provider; \"none\" for not at all.";
    let source = "most rehearsals go forward only";
    let rollback = t.maybe("rollback", "none", doc, source, |t| {
        let at = t.key("at", LENGTH, "When, after the start.").required("5d");
        frame.within(t, "at", &at);
        let sessions = t.get(&STYTCH_SESSIONS);
        (at, sessions.value)
    });
    if let Some(rollback) = &rollback {
        check_rollback(t, &chosen, rollback);
    }
    Cutover {
        strategy: chosen.value.strategy,
        rollback: rollback.map(|rollback| {
            let (at, stytch_sessions) = rollback.value;
            Rollback {
                at: at.value,
                stytch_sessions,
            }
        }),
    }
}

/// A rollback goes back from something, and after it began.
fn check_rollback(
    t: &mut Table<'_>,
    chosen: &Read<Begun>,
    rollback: &Read<(Read<Span>, StytchSessions)>,
) {
    if !chosen.sound {
        return;
    }
    let at = &rollback.value.0;
    match &chosen.value.begins {
        None => t.problem(
            Problem::new("there is nothing to roll back under the strategy `none`")
                .at(&rollback.place, "this goes back to where it never left")
                .at(&chosen.place, "the strategy")
                .help("remove the rollback, or choose another strategy"),
        ),
        Some(begins) if at.sound && begins.sound && at.value <= begins.value => t.problem(
            Problem::new("the rollback comes before the cutover")
                .at(&at.place, format!("back at {}", at.text()))
                .at(
                    &begins.place,
                    format!("the cutover begins at {}", begins.text()),
                )
                .help(format!("roll back later than {}", begins.text())),
        ),
        Some(_) => {}
    }
}

fn read_zero_downtime(t: &mut Table<'_>, frame: &Frame) -> Begun {
    let from = t
        .key(
            "from",
            LENGTH,
            "From when both sessions are honoured and legacy ones are migrated, \
             after the start.",
        )
        .required("3d");
    let until = t.get(&UNTIL);
    frame.within(t, "from", &from);
    if let Some(end) = until.value.filter(|_| until.sound) {
        frame.within(t, "until", &until.clone().map(|_| end));
        if from.sound && end <= from.value {
            let problem = Problem::new("legacy sessions end before the migration begins")
                .at(&until.place, format!("they end at {}", quantity::text(end)))
                .at(&from.place, format!("it begins at {}", from.text()))
                .help(format!("end them later than {}, or \"never\"", from.text()));
            t.problem(problem);
        }
    }
    Begun {
        strategy: Strategy::ZeroDowntime {
            from: from.value,
            until: until.value,
        },
        begins: Some(from),
    }
}

/// A step that was read: when, and which share.
type ReadStep = Read<(Read<Span>, Read<Share>)>;

fn read_steps(t: &mut Table<'_>, frame: &Frame) -> Vec<ReadStep> {
    let doc = "The flag's share over time: ascending in time and in share.";
    t.tables("steps", doc, |t| {
        let at = t
            .key("at", LENGTH, "From when, after the start.")
            .required("3d");
        frame.within(t, "at", &at);
        let doc = "The share of keys for which the flag is on.";
        (at, t.key("share", Percent, doc).required("10%"))
    })
}

fn read_rolling(t: &mut Table<'_>, frame: &Frame) -> Begun {
    let steps = read_steps(t, frame);
    check_steps(t, &steps);
    let step = |step: &ReadStep| Step {
        at: step.value.0.value,
        share: step.value.1.value,
    };
    let rolling = Rolling {
        steps: steps.iter().map(step).collect(),
        ramp: t.get(&RAMP).value,
        key: read_flag_key(t, frame),
        sticky: t.get(&STICKY).value,
        migrate: t.get(&MIGRATE).value,
        legacy_until: read_legacy_until(t, frame, steps.first().map(|step| &step.value.0)),
        skewed_evaluators: t.get(&SKEWED_EVALUATORS).value,
    };
    let begins = steps.into_iter().next().map(|step| step.value.0);
    Begun {
        strategy: Strategy::Rolling(rolling),
        begins,
    }
}

fn read_flag_key(t: &mut Table<'_>, frame: &Frame) -> FlagKey {
    let key = t.get(&KEY);
    if key.sound && key.value == FlagKey::Organization && frame.vertical.value == Vertical::Consumer
    {
        let problem = Problem::new("a flag keyed by organization needs a B2B scenario")
            .at(&key.place, "there are no organizations")
            .at(
                &frame.vertical.place,
                frame.vertical.label("the vertical is consumer"),
            )
            .help(
                "choose another key, or set vertical = \"b2b\" and \
                 [population.organizations]",
            );
        t.problem(problem);
    }
    key.value
}

fn read_legacy_until(
    t: &mut Table<'_>,
    frame: &Frame,
    begins: Option<&Read<Span>>,
) -> Option<Span> {
    let until = t.get(&LEGACY_UNTIL);
    let end = until.value.filter(|_| until.sound)?;
    frame.within(t, "legacy_until", &until.clone().map(|_| end));
    if let Some(begins) = begins.filter(|begins| begins.sound && end < begins.value) {
        let problem = Problem::new("legacy sessions end before the first step")
            .at(&until.place, format!("they end at {}", quantity::text(end)))
            .at(
                &begins.place,
                format!("the first step is at {}", begins.text()),
            )
            .help(format!(
                "end them at {} or later, or \"never\"",
                begins.value
            ));
        t.problem(problem);
    }
    Some(end)
}

/// Steps: at least one, each later than the one before and not smaller.
fn check_steps(t: &mut Table<'_>, steps: &[ReadStep]) {
    if steps.is_empty() {
        let problem = Problem::new("a rolling deployment needs at least one step")
            .at(&t.place().clone(), "`steps` belongs here")
            .help(
                "for example: steps = [{ at = \"3d\", share = \"10%\" }, { at = \"5d\", \
                 share = \"100%\" }]",
            )
            .following();
        t.problem(problem);
    }
    for pair in steps.windows(2) {
        let ((at, share), (next_at, next_share)) = (&pair[0].value, &pair[1].value);
        if at.sound && next_at.sound && next_at.value <= at.value {
            let problem = Problem::new("the ramp goes backwards in time")
                .at(
                    &next_at.place,
                    format!("this step is at {}", next_at.text()),
                )
                .at(&at.place, format!("the one before it is at {}", at.text()))
                .help("order steps by time, each at its own");
            t.problem(problem);
        }
        if share.sound && next_share.sound && next_share.value < share.value {
            let problem = Problem::new("the ramp goes backwards")
                .at(
                    &next_share.place,
                    format!("from {} down to {}", share.value, next_share.value),
                )
                .at(&share.place, format!("{} were on before", share.value))
                .help("shares may only grow; to go back, add [cutover.rollback]");
            t.problem(problem);
        }
    }
}
