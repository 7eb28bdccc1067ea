//! What operators see while a MongoDB server is away.

use super::{Watched, value};
use crate::agents::until;
use crate::program::Home;
use crate::server::Server;

#[tokio::test(flavor = "multi_thread")]
async fn a_process_is_unready_while_its_server_is_away_and_ready_again_when_it_is_back() {
    let mut server = Server::start();
    let home = Home::new();
    let agent = Watched::agent(&home, &["--store", &server.uri("away")]);
    let is_ready = async || agent.get("/readyz") == (200, "ready\n".to_owned());
    until("it is ready", is_ready).await;
    server.kill();
    until("it is unready", async || {
        agent.get("/readyz") == (503, "the store does not answer\n".to_owned())
    })
    .await;
    assert_eq!(agent.get("/healthz").0, 200);
    let away = agent.scrape();
    assert_eq!(value(&away, "trouvaille_store_up"), 0);
    assert_eq!(value(&away, "trouvaille_ready"), 0);
    server.start_again(&[]);
    until("it is ready again", is_ready).await;
    assert_eq!(value(&agent.scrape(), "trouvaille_store_up"), 1);
}
