//! A tenant with Ada in it, and the calls of a login.

use cutover_mocks::answer::{Breakage, Outcome};
use cutover_mocks::auth0::*;
use cutover_mocks::email::Email;
use cutover_mocks::fault::{Fault, FaultKind, FaultPlan};
use cutover_mocks::latency::Latency;
use cutover_mocks::limit::Rate;
use cutover_mocks::luck::Luck;
use cutover_mocks::share::Share;
use cutover_mocks::time::{Span, Timestamp};

pub(super) const START: Timestamp = Timestamp::from_secs(1_772_409_600);
pub(super) const ADA: Email = Email::lower(1);
pub(super) const ALL: Scopes = Scopes {
    openid: true,
    profile: true,
    email: true,
    offline: true,
};
pub(super) const RIGHT: Proof = Proof::RightPassword;
pub(super) const NEVER: Rate = Rate {
    per_second: 1e-9,
    burst: 0,
};

/// A tenant with Ada in it, without limits unless a test sets them.
pub(super) struct Scene {
    pub(super) tenant: Tenant,
    pub(super) ada: UserId,
    pub(super) now: Timestamp,
    pub(super) luck: u64,
}

impl Scene {
    pub(super) fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings {
            tenant_limit: None,
            userinfo_per_user: None,
            logins_per_user_and_address: None,
            latency_default: Latency::fixed(Span::from_millis(40)),
            ..Settings::default()
        };
        change(&mut settings);
        let mut tenant = Tenant::new(settings, START);
        let ada = tenant.seed_user(SeedUser {
            email: ADA,
            connection: Connection::Database,
            verified: true,
            has_password: true,
        });
        Self {
            tenant,
            ada,
            now: START,
            luck: 0,
        }
    }

    pub(super) fn call(&mut self, call: Call) -> Answer {
        self.luck += 1;
        let stamp = Stamp {
            at: self.now,
            luck: Luck(self.luck).split(0),
            address: Address(1),
        };
        self.tenant.handle(stamp, &call)
    }

    pub(super) fn ask(&mut self, call: Call) -> Result<Reply, Error> {
        match self.call(call).outcome {
            Outcome::Served(reply) => Ok(reply),
            Outcome::Refused(refusal) => Err(refusal.error),
            Outcome::Broken(breakage) => panic!("{breakage:?}"),
        }
    }

    pub(super) fn wait(&mut self, span: Span) {
        self.now += span;
    }

    pub(super) fn authorize(
        &mut self,
        connection: Connection,
        hint: Option<Email>,
    ) -> Result<Reply, Error> {
        self.ask(Call::Authorize {
            connection,
            hint,
            silent: false,
            scopes: ALL,
            api: true,
            challenge: None,
            sso: None,
        })
    }

    pub(super) fn silent(&mut self, sso: Option<SsoSession>) -> Result<Reply, Error> {
        let (connection, challenge) = (Connection::Database, None);
        self.ask(Call::Authorize {
            connection,
            hint: None,
            silent: true,
            scopes: ALL,
            api: true,
            challenge,
            sso,
        })
    }

    pub(super) fn page(&mut self, connection: Connection) -> Transaction {
        match self.authorize(connection, None) {
            Ok(Reply::LoginPage(transaction)) => transaction,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn submit(
        &mut self,
        transaction: Transaction,
        email: Email,
        proof: Proof,
    ) -> Result<(Code, SsoSession), Error> {
        match self.ask(Call::SubmitLogin {
            transaction,
            email,
            proof,
        })? {
            Reply::Code { code, sso } => Ok((code, sso)),
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn exchange(&mut self, code: Code) -> Result<Tokens, Error> {
        Ok(tokens(self.ask(Call::ExchangeCode {
            code,
            verifier: None,
        })?))
    }

    pub(super) fn log_in(&mut self) -> Tokens {
        let page = self.page(Connection::Database);
        let (code, _) = self.submit(page, ADA, RIGHT).unwrap();
        self.exchange(code).unwrap()
    }

    pub(super) fn refresh(&mut self, token: RefreshToken) -> Result<Tokens, Error> {
        Ok(tokens(self.ask(Call::Refresh { token })?))
    }

    pub(super) fn userinfo(&mut self, token: AccessToken) -> Result<UserInfo, Error> {
        match self.ask(Call::UserInfo { token })? {
            Reply::UserInfo(told) => Ok(told),
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn update(&mut self, change: Change) {
        let call = Call::Manage(Manage::Update(self.ada, change));
        assert_eq!(self.ask(call), Ok(Reply::Done));
    }

    pub(super) fn block(&mut self) {
        self.update(Change {
            blocked: Some(true),
            ..Change::default()
        });
    }
}

pub(super) fn tokens(reply: Reply) -> Tokens {
    match reply {
        Reply::Tokens(tokens) => tokens,
        other => panic!("{other:?}"),
    }
}

pub(super) fn fault(kind: FaultKind) -> impl FnOnce(&mut Settings) {
    move |settings| {
        settings.faults = FaultPlan::new(vec![Fault {
            from: START + Span::from_secs(10),
            until: START + Span::from_secs(20),
            endpoint: Some(Endpoint::Token),
            share: Share::ONE,
            kind,
        }]);
    }
}

pub(super) fn breakage_status(breakage: Breakage) -> u16 {
    Outcome::<(), ()>::Broken(breakage).status()
}
