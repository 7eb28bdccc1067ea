//! Two servers behind one address.

use mcp_server::CursorKey;
use serde_json::json;

use super::Served;
use crate::world;

#[tokio::test]
async fn a_list_goes_on_at_another_replica() {
    let context = world::with_shops().await;
    let replicas = [Served::new(&context).await, Served::new(&context).await];
    let first = replicas[0].call("list_shops", json!({"limit": 1})).await;
    let cursor = &first.answer()["next_cursor"];
    let next = json!({"limit": 1, "cursor": cursor});
    let second = replicas[1].call("list_shops", next).await;
    assert_eq!(second.answer()["shops"][0]["shop"], "lamps.example");
}

#[tokio::test]
async fn a_cursor_of_another_deployment_is_refused() {
    let ours = world::with_shops().await;
    let mut theirs = ours.clone();
    theirs.cursors = CursorKey::of(b"another secret");
    let (ours, theirs) = (Served::new(&ours).await, Served::new(&theirs).await);
    let first = theirs.call("list_shops", json!({"limit": 1})).await;
    let next = json!({"limit": 1, "cursor": first.answer()["next_cursor"]});
    let error = ours.call("list_shops", next).await.tool_error();
    assert_eq!(error["field"], "cursor");
}
