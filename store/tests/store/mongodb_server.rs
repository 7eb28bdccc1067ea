//! What happens to a server: it knows its users, it dies, and it loses its place as primary.

use ::mongodb::Client;
use ::mongodb::bson::doc;
use catalog::{Outcome, ProductFilter, Start, StoreError, TaskEntry};
use store::{OpenMode, open, open_with_tasks};

use crate::made::{apply, at, begin, finish, last_page, page, products, state};
use crate::made_tasks::{
    CRAWL, HOUR, append, crawls, finish as end_item, make, new_task, progress, task_id,
};
use crate::server::Server;

const HOST: &str = "a.example";

#[tokio::test]
async fn a_user_needs_the_right_password_and_the_right_to_write() {
    let mut server = Server::start();
    let client = Client::with_uri_str(server.uri("admin")).await.unwrap();
    for (user, roles) in [
        ("writer", vec![doc! { "role": "readWrite", "db": "shops" }]),
        ("reader", vec![doc! { "role": "read", "db": "shops" }]),
        ("nobody", vec![]),
    ] {
        let create = doc! { "createUser": user, "pwd": "pa55w0rd", "roles": roles };
        client.database("admin").run_command(create).await.unwrap();
    }
    server.kill();
    server.start_again(&["--auth"]);

    let refusal = async |uri: String| {
        let error = open(&uri, OpenMode::Create).await.unwrap_err();
        for shown in [error.to_string(), format!("{error:?}")] {
            assert!(
                !shown.contains("pa55w0rd") && !shown.contains("wr0ng"),
                "{shown}"
            );
        }
        error.to_string()
    };
    let wrong = refusal(uri_of(&server, "writer", "wr0ng", "shops")).await;
    assert!(
        wrong.contains("refused the user name or the password"),
        "{wrong}"
    );
    for uri in [
        server.uri("shops"),
        uri_of(&server, "nobody", "pa55w0rd", "shops"),
        uri_of(&server, "reader", "pa55w0rd", "shops"),
    ] {
        let without_rights = refusal(uri).await;
        assert!(without_rights.contains("no right"), "{without_rights}");
    }

    let store = open(
        &uri_of(&server, "writer", "pa55w0rd", "shops"),
        OpenMode::Create,
    )
    .await
    .unwrap();
    assert!(!format!("{store:?}").contains("pa55w0rd"));
    assert!(
        store.location().starts_with("mongodb://127.0.0.1:"),
        "{}",
        store.location()
    );
    crate::made::crawl(&*store, HOST, products(HOST, 0..3), 0).await;

    // As an earlier version of the program left it.
    let uri = uri_of(&server, "writer", "pa55w0rd", "shops");
    let client = Client::with_uri_str(&uri).await.unwrap();
    let change = doc! { "update": "meta", "updates": [
        { "q": { "_id": "schema" }, "u": { "$set": { "version": 1_i64 } } },
    ] };
    client.database("shops").run_command(change).await.unwrap();
    let reader = uri_of(&server, "reader", "pa55w0rd", "shops");
    let earlier = refusal(reader.clone()).await;
    assert!(
        earlier.contains("an earlier version") && earlier.contains("the role readWrite"),
        "{earlier}"
    );
    open(&uri, OpenMode::Existing).await.unwrap();
    let read = open(&reader, OpenMode::Existing).await.unwrap();
    let all = ProductFilter::default();
    assert_eq!(read.features(&all, None, 9).await.unwrap().len(), 3);
}

/// Every page is begun before the kill and ends after it, or the other way round; all are stored once.
#[tokio::test(flavor = "multi_thread")]
async fn pages_go_on_when_a_killed_server_is_back() {
    let mut server = Server::start();
    let store = open(&server.uri("killed"), OpenMode::Create).await.unwrap();
    let begun = begin(&*store, HOST, Start::Fresh, 0).await;
    let n_pages = 12;
    let mut pages = tokio::task::JoinSet::new();
    for n in 1..=n_pages {
        let (store, begun) = (store.clone(), begun.clone());
        let products = products(HOST, u64::from(n) * 100..u64::from(n) * 100 + 100);
        pages.spawn(async move { apply(&*store, &begun, page(n, products)).await.new });
    }
    // With some pages stored and some under way.
    let mut n_new = pages.join_next().await.unwrap().unwrap();
    server.kill();
    server.start_again(&[]);
    while let Some(n) = pages.join_next().await {
        n_new += n.unwrap();
    }
    assert_eq!(n_new, u64::from(n_pages) * 100, "stored once");
    server.kill();
    server.start_again(&[]);
    let report = finish(&*store, &begun, Outcome::Complete, 1).await;
    assert_eq!(
        (report.counts.pages, report.counts.new),
        (u64::from(n_pages), n_new)
    );
    assert_eq!(report.counts.gone, 0);
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.n_products, stats.n_observations), (n_new, n_new));
}

/// Many workers take items, write to their task and end them, while the server is killed twice.
#[tokio::test(flavor = "multi_thread")]
async fn tasks_go_on_when_a_killed_server_is_back() {
    let mut server = Server::start();
    let opened = open_with_tasks(&server.uri("tasks"), OpenMode::Create).await;
    let (_, tasks) = opened.unwrap();
    let keys: Vec<String> = (0..24).map(|n| format!("{n}.example")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    make(&*tasks, &new_task("t", crawls(&keys))).await;
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..4 {
        let (tasks, owner) = (tasks.clone(), format!("worker {worker}"));
        workers.spawn(async move {
            let mut n_done = 0;
            while let Some(it) = tasks.claim(&[CRAWL], &owner, HOUR).await.unwrap() {
                append(
                    &*tasks,
                    &TaskEntry::of_holder(&it.lease, progress(1), at(1)),
                )
                .await;
                end_item(&*tasks, &it.lease).await;
                assert_eq!(it.item.attempts, 1);
                n_done += 1;
            }
            n_done
        });
    }
    let seq = async || tasks.task(&task_id("t")).await.unwrap().unwrap().seq;
    for n in [5, 12] {
        while seq().await < n {}
        server.kill();
        server.start_again(&[]);
    }
    let mut n_done = 0;
    while let Some(n) = workers.join_next().await {
        n_done += n.unwrap();
    }
    let events = tasks.events(&task_id("t"), 0, 99).await.unwrap();
    let seqs: Vec<u64> = events.iter().map(|event| event.seq).collect();
    assert_eq!((n_done, seqs), (24, (1..=25).collect()));
    let items = tasks.items(&task_id("t")).await.unwrap();
    assert!(items.iter().all(|item| item.result.is_some()));
}

/// Whatever is asked while the server gives up its place, the answer is the same.
#[tokio::test]
async fn a_primary_that_steps_down_for_a_moment_is_not_noticed() {
    let server = Server::start();
    let client = Client::with_uri_str(server.uri("admin")).await.unwrap();
    let mut states = Vec::new();
    let stepped_down = doc! { "errorCode": 10107, "closeConnection": false };
    let cut_off = doc! { "closeConnection": true };
    let conflict = doc! { "errorCode": 112, "errorLabels": ["TransientTransactionError"] };
    for (n, fault) in [None, Some(stepped_down), Some(cut_off), Some(conflict)]
        .into_iter()
        .enumerate()
    {
        let database = format!("primary{n}");
        // Nothing really changes, so the driver sees by its next look alone that the server is a primary.
        let uri = format!("{}?heartbeatFrequencyMS=500", server.uri(&database));
        let store = open(&uri, OpenMode::Create).await.unwrap();
        let begun = begin(&*store, HOST, Start::Fresh, 0).await;
        let mut n_faults = 0;
        for (n, command) in [
            "insert",
            "findAndModify",
            "update",
            "aggregate",
            "commitTransaction",
        ]
        .iter()
        .enumerate()
        {
            if let Some(fault) = &fault {
                let mut data = doc! { "failCommands": [*command] };
                data.extend(fault.clone());
                let fail = doc! { "configureFailPoint": "failCommand", "mode": { "times": 1 }, "data": data };
                client.database("admin").run_command(fail).await.unwrap();
                n_faults += 1;
            }
            let n = u32::try_from(n).unwrap() + 1;
            let first = u64::from(n) * 10;
            let counts = apply(&*store, &begun, page(n, products(HOST, first..first + 5))).await;
            assert_eq!(counts.new, 5, "{command} {fault:?}");
        }
        let off = doc! { "configureFailPoint": "failCommand", "mode": "off" };
        client.database("admin").run_command(off).await.unwrap();
        apply(&*store, &begun, last_page(6, vec![])).await;
        finish(&*store, &begun, Outcome::Complete, 1).await;
        assert_eq!(n_faults, if fault.is_some() { 5 } else { 0 });
        states.push(state(&*store).await);
    }
    for state in &states[1..] {
        assert_eq!(*state, states[0]);
    }
}

#[tokio::test]
async fn a_full_disk_in_the_middle_of_a_page_is_told_and_leaves_nothing_of_it() {
    let server = Server::start();
    let admin = Client::with_uri_str(server.uri("admin")).await.unwrap();
    let store = open(&server.uri("full"), OpenMode::Create).await.unwrap();
    let begun = begin(&*store, HOST, Start::Fresh, 0).await;
    let before = state(&*store).await;
    // The crawls document is written last: products, history and page are there by then.
    for command in ["insert", "findAndModify", "update", "commitTransaction"] {
        let full = doc! {
            "configureFailPoint": "failCommand",
            "mode": { "times": 1 },
            "data": { "failCommands": [command], "errorCode": 14031 },
        };
        admin.database("admin").run_command(full).await.unwrap();
        let refused = store
            .apply_page(&begun.ticket, page(1, products(HOST, 0..5)))
            .await;
        let error = refused.unwrap_err().to_string();
        assert!(error.contains("the server's disk is full"), "{error}");
        assert_eq!(state(&*store).await, before, "{command}");
    }
    let counts = apply(&*store, &begun, page(1, products(HOST, 0..5))).await;
    assert_eq!(counts.new, 5);
}

#[tokio::test]
async fn a_ticket_is_fenced_on_a_server_that_was_killed_in_between() {
    let mut server = Server::start();
    let store = open(&server.uri("fenced"), OpenMode::Create).await.unwrap();
    let early = begin(&*store, HOST, Start::Fresh, 0).await;
    let late = begin(&*store, HOST, Start::Fresh, 1).await;
    server.kill();
    server.start_again(&[]);
    let refused = store.apply_page(&early.ticket, page(1, vec![])).await;
    assert!(matches!(refused, Err(StoreError::Fenced { .. })));
    apply(&*store, &late, page(1, vec![])).await;
}

/// Returns the address of one of the server's databases for a user, whom the database `admin` knows.
fn uri_of(server: &Server, user: &str, password: &str, database: &str) -> String {
    let uri = server.uri(database);
    let uri = uri.replace("mongodb://", &format!("mongodb://{user}:{password}@"));
    format!("{uri}?authSource=admin")
}
