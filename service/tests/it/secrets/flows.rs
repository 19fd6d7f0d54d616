//! Every flow that handles secrets, with valid and invalid input and with injected faults, for the search for secrets in
//! logs. Other tests check the responses.

use crate::support::accounts::{
    PASSWORD, call_as, create_account, get_as, log_in, post, token_pair, try_log_in, try_log_in_with_code,
    with_json,
};
use crate::support::app::{App, send};
use crate::support::authenticator::{base32, code};
use crate::support::browser::Browser;
use crate::support::database::{Database, lines};
use crate::support::mailed_links;
use crate::support::otlp_collector::OtlpCollector;
use crate::support::program::ServiceProcess;
use crate::support::run_log;
use crate::support::smtp_server::{SmtpBehaviour, SmtpServer, Tls};
use portcullis::types::role::Role;
use serde_json::{Value, json};

const NEW_PASSWORD: &str = "another long sentence 9";
const WRONG_PASSWORD: &str = "a wrong guess of some length";

/// A service with a database, a mail server and a collector of its own.
pub struct TestEnvironment {
    /// The database.
    pub database: Database,
    /// The mail server.
    pub smtp: SmtpServer,
    /// The process.
    pub serving: ServiceProcess,
    /// A client of it.
    pub app: App,
    /// The collector of its traces, logs and metrics.
    pub collector: OtlpCollector,
}

/// Starts everything, with the log at debug level.
pub fn start() -> TestEnvironment {
    let (database, smtp) = (Database::fresh(), SmtpServer::start(Tls::Never));
    let collector = OtlpCollector::start();
    let mut pairs = database.pairs();
    let mut more = smtp.settings();
    more.extend(
        [
            ("LOG", "debug"),
            ("DEMO", "token"),
            ("OTLP_ENDPOINT", &collector.url),
        ]
        .map(|(name, value)| (name, value.to_owned())),
    );
    pairs.extend(more.into_iter().map(|(name, value)| (name.to_owned(), value)));
    let serving = ServiceProcess::start(&pairs);
    let app = App::of_process(&serving);
    TestEnvironment {
        database,
        smtp,
        serving,
        app,
        collector,
    }
}

/// Registration, confirmation, password reset, change of address, and invitation, with valid and invalid links.
pub fn accounts(env: &TestEnvironment) {
    let (app, database) = (&env.app, &env.database);
    let register = |email: &str, password: &str| {
        let body = json!({"name": "Ann Example", "email": email, "password": password});
        post(app, "/auth/register", &body).status
    };
    assert_eq!(register("ann@example.org", PASSWORD), 202);
    assert_eq!(register("short@example.org", "2short!"), 400);
    let confirm = mailed_links::token(database, "confirm", "ann@example.org");
    let forged: String = confirm.chars().rev().collect();
    run_log::record_secret(&forged);
    post(
        app,
        "/auth/confirm",
        &json!({"token": forged, "password": PASSWORD}),
    )
    .problem(404);
    let wrong = json!({"token": confirm, "password": NEW_PASSWORD});
    post(app, "/auth/confirm", &wrong).problem(403);
    let right = json!({"token": confirm, "password": PASSWORD});
    assert_eq!(post(app, "/auth/confirm", &right).status, 200);
    post(app, "/auth/confirm", &right).problem(404);
    assert_eq!(register("ann@example.org", NEW_PASSWORD), 202, "taken");
    assert_eq!(
        post(app, "/auth/forgot", &json!({"email": "ann@example.org"})).status,
        202
    );
    let reset = mailed_links::token(database, "reset", "ann@example.org");
    let body = json!({"token": reset, "password": NEW_PASSWORD});
    assert_eq!(post(app, "/auth/reset", &body).status, 200);
    let ann = token_pair(&try_log_in(app, "ann@example.org", NEW_PASSWORD));
    let change =
        json!({"email": "ann.new@example.org", "current_password": NEW_PASSWORD, "new_password": PASSWORD});
    assert_eq!(call_as(app, &ann.access, "PUT", "/auth/me", &change).status, 200);
    let change = mailed_links::token(database, "change_email", "ann.new@example.org");
    post(app, "/auth/change-email", &json!({"token": change}));
    create_account(database, "root@example.org", Role::Admin);
    let root = log_in(app, "root@example.org").access;
    let invited = json!({"email": "guest@example.org"});
    assert_eq!(call_as(app, &root, "POST", "/user", &invited).status, 201);
    let invitation = mailed_links::token(database, "invite", "guest@example.org");
    let body = json!({"token": invitation, "name": "A Guest", "password": NEW_PASSWORD});
    assert_eq!(post(app, "/auth/invitation", &body).status, 200);
    for path in [
        "/auth/admins",
        "/auth/me",
        "/users",
        "/admin/audit",
        "/auth/sessions",
    ] {
        assert_eq!(get_as(app, &root, path).status, 200, "{path}");
    }
}

/// Login, refresh, validation, introspection and log-out, with valid and invalid credentials.
pub fn tokens(env: &TestEnvironment) {
    let (app, database) = (&env.app, &env.database);
    create_account(database, "carl@example.org", Role::Admin);
    let carl = log_in(app, "carl@example.org");
    try_log_in(app, "carl@example.org", WRONG_PASSWORD).problem(401);
    try_log_in(app, "nobody@example.org", WRONG_PASSWORD).problem(401);
    let renewed = token_pair(&post(
        app,
        "/auth/refresh",
        &json!({"refresh_token": carl.refresh}),
    ));
    post(app, "/auth/refresh", &json!({"refresh_token": carl.refresh}));
    post(app, "/auth/refresh", &json!({"refresh_token": carl.access})).problem(401);
    let basic = |password: &str| {
        send(
            app.request("POST", "/login")
                .basic_auth("carl@example.org", Some(password)),
        )
    };
    let token = basic(PASSWORD).text().to_owned();
    basic(WRONG_PASSWORD).problem(401);
    assert_eq!(
        send(app.request("POST", "/validate").bearer_auth(&token)).status,
        200
    );
    send(app.request("POST", "/validate").bearer_auth(format!("{token}x"))).problem(401);
    let form = app.request("POST", "/introspect").bearer_auth(&renewed.access);
    let form = form.header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(send(form.body(format!("token={token}"))).status, 200);
    let wish = json!({"title": "nothing to hide", "note": ""});
    assert_eq!(call_as(app, &token, "POST", "/wishes", &wish).status, 201);
    assert_eq!(
        call_as(app, &token, "POST", "/populate", &Value::Null).status,
        201
    );
    assert_eq!(
        call_as(app, &token, "POST", "/auth/logout", &Value::Null).status,
        204
    );
    get_as(app, &token, "/auth/me").problem(401);
}

/// Secrets in the wrong place: in malformed bodies, paths, queries, headers, and as names.
pub fn misplaced_secrets(env: &TestEnvironment) {
    let (app, database) = (&env.app, &env.database);
    create_account(database, "dora@example.org", Role::User);
    let dora = log_in(app, "dora@example.org");
    for text in [
        format!(r#"{{"email":"dora@example.org","password":"{PASSWORD}""#),
        format!(r#"{{"email":"dora@example.org","password":"{PASSWORD}","password":"{PASSWORD}"}}"#),
        format!(r#"{{"email":"dora@example.org","password":["{PASSWORD}"]}}"#),
        format!(
            r#"{{"email":"dora@example.org","{PASSWORD}":1,"{}":2}}"#,
            dora.refresh
        ),
        format!(r#"{{"email":"{PASSWORD}","password":"dora@example.org"}}"#),
        format!("{PASSWORD}\u{0}"),
    ] {
        send(with_json(app.request("POST", "/auth/login"), &text)).problem(400);
    }
    let encoded = PASSWORD.replace(' ', "%20");
    run_log::record_secret(&encoded);
    for path in [
        format!("/confirm?token={}", dora.refresh),
        format!("/confirm%3Ftoken={}", dora.refresh),
        format!("/reset/{}", dora.refresh),
        format!("/auth/sessions/{}", dora.refresh),
        format!("/wishes/{}", dora.access),
        format!("/ports/{}", dora.access),
        format!("/users?q={}&token={encoded}", dora.access),
        "/user/dora@example.org".to_owned(),
        "/user/dora%40example.org?email=dora%40example.org".to_owned(),
    ] {
        assert!(app.get(&path).status < 500, "{path}");
        get_as(app, &dora.access, &path);
    }
    for scheme in ["Basic", "bearer", "Token", "Digest", ""] {
        let field = format!("{scheme} {}", dora.access);
        send(app.request("GET", "/auth/me").header("authorization", field));
        let cookie = format!("__Host-session={}; other={}", dora.access, dora.refresh);
        send(app.request("GET", "/my/wishes").header("cookie", cookie));
    }
    let ids = app
        .request("GET", "/version")
        .header("x-request-id", PASSWORD.replace(|c: char| !c.is_ascii(), ""));
    send(
        ids.header("user-agent", &dora.access)
            .header("referer", format!("http://x/?{}", dora.refresh)),
    );
}

/// The pages, with session cookies and CSRF tokens.
pub fn pages(env: &TestEnvironment) {
    let (app, database) = (&env.app, &env.database);
    create_account(database, "eve@example.org", Role::User);
    let browser = Browser::new(app);
    let wrong = [("email", "eve@example.org"), ("password", WRONG_PASSWORD)];
    assert_ne!(browser.submit("/sign-in", &wrong).status, 303);
    let signed_in = Browser::signed_in(app, "eve@example.org", PASSWORD);
    assert_eq!(
        signed_in
            .submit("/my/wishes/new", &[("title", "a page's"), ("note", "")])
            .status,
        303
    );
    let csrf = signed_in.token("/my/wishes/new");
    let stolen = browser.post("/my/wishes/new", &[("csrf", &csrf)]);
    assert_ne!(stolen.status, 200);
    for cookie in ["__Host-session", "__Host-csrf"] {
        run_log::record_secret(&signed_in.cookie(cookie).unwrap());
    }
    assert_eq!(signed_in.submit("/sign-out", &[]).status, 303);
}

/// A second factor; the TOTP codes that were sent, which are too short to be searched for like other secrets.
pub fn second_factor(env: &TestEnvironment) -> Vec<String> {
    let (app, database) = (&env.app, &env.database);
    create_account(database, "ida@example.org", Role::User);
    let ida = log_in(app, "ida@example.org").access;
    let password = json!({"password": PASSWORD});
    let started = call_as(app, &ida, "POST", "/auth/totp/start", &password).json();
    let secret = started["secret"].as_str().unwrap().to_owned();
    let raw = base32(&secret);
    run_log::record_secret(&raw.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    let codes = [0, 1, 90].map(|steps| code(&secret, steps));
    let confirmed = call_as(
        app,
        &ida,
        "POST",
        "/auth/totp/confirm",
        &json!({"code": codes[0]}),
    );
    assert_eq!(confirmed.status, 200, "{confirmed:?}");
    let recovery = confirmed.json()["recovery_codes"][0].as_str().unwrap().to_owned();
    assert_eq!(
        try_log_in_with_code(app, "ida@example.org", PASSWORD, &codes[1]).status,
        200
    );
    try_log_in_with_code(app, "ida@example.org", PASSWORD, &codes[2]).problem(401);
    try_log_in(app, "ida@example.org", PASSWORD).problem(401);
    database.execute("DELETE FROM sessions.throttles");
    assert_eq!(
        try_log_in_with_code(app, "ida@example.org", PASSWORD, &recovery).status,
        200
    );
    let disable = json!({"password": PASSWORD, "code": confirmed.json()["recovery_codes"][1]});
    assert_eq!(
        call_as(app, &ida, "POST", "/auth/totp/disable", &disable).status,
        204
    );
    codes.to_vec()
}

/// Injected faults: a mail server that echoes what it received, broken connections, renamed columns.
pub fn injected_faults(env: &TestEnvironment) {
    let (app, database) = (&env.app, &env.database);
    let reply = format!("550 5.1.1 <frank@example.org> is unknown, {PASSWORD}");
    env.smtp
        .set_behaviour(SmtpBehaviour::Rejects("RCPT", reply.leak()));
    let body = json!({"name": "Frank", "email": "frank@example.org", "password": PASSWORD});
    let connections = env.smtp.connections();
    assert_eq!(post(app, "/auth/register", &body).status, 202);
    env.smtp
        .wait("an attempt", |smtp| smtp.connections() > connections);
    env.serving.wait_for_line("mail given up");
    let terminate = "SELECT pg_terminate_backend(pid)::text AS line FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    create_account(database, "gina@example.org", Role::User);
    let gina = log_in(app, "gina@example.org");
    for _ in 0..2 {
        lines(&mut database.admin(), terminate).unwrap();
        assert!(try_log_in(app, "gina@example.org", PASSWORD).status < 504);
        get_as(app, &gina.access, "/auth/me");
    }
    for (table, column) in [
        ("sessions.sessions", "account_id"),
        ("accounts.accounts", "email_key"),
    ] {
        database.execute(&format!("ALTER TABLE {table} RENAME COLUMN {column} TO gone"));
        assert!(try_log_in(app, "gina@example.org", PASSWORD).status >= 500);
        get_as(app, &gina.access, "/auth/me");
        let body = json!({"name": "Hal", "email": "hal@example.org", "password": PASSWORD});
        post(app, "/auth/register", &body);
        database.execute(&format!("ALTER TABLE {table} RENAME COLUMN gone TO {column}"));
    }
    env.serving.wait_for_line("statement failed");
}
