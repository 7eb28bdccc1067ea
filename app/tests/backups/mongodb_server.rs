//! The same from a MongoDB server of which nothing is left into one that has never had data.

use super::wiped_and_restored;
use crate::program::Home;
use crate::server::Server;

#[tokio::test(flavor = "multi_thread")]
async fn a_wiped_server_comes_back_from_its_backup_with_every_list_as_it_was() {
    let home = Home::new();
    let mut server = Server::start();
    let uri = server.uri("trouvaille");
    let mut new_server = None;
    let wipe = || {
        server.kill();
        new_server.insert(Server::start()).uri("trouvaille")
    };
    wiped_and_restored(&home, &uri, wipe).await;
}
