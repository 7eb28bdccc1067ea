//! Who may crawl a shop, by the server's clock.

use catalog::{Lease, LeaseAnswer, LeaseHolder, ShopKey, UnixMs};
use mongodb::bson::{Bson, DateTime, Document, RawBsonRef, RawDocument, RawDocumentBuf, doc};

use super::crawl::FENCED_OFF;
use super::fault::{DUPLICATE_KEY, Fault};
use super::keys::crawl_range;
use super::product::whole;
use super::sessions::Takeover;
use super::steps::{Change, FindAndModify, Steps, Update, number};

/// The longest lease, in milliseconds: over 6,000 years, which still gives a date.
const LONGEST_MS: u64 = 200_000_000_000_000;

/// What came of asking for a lease.
pub(super) struct Taken {
    pub(super) answer: LeaseAnswer,
    /// Whether the lease names the session of these steps.
    pub(super) names_session: bool,
    /// The session that the lease named before another owner got it.
    pub(super) session_before: Option<Bson>,
}

pub(super) async fn lease_shop(
    steps: &mut Steps<'_>,
    wanted: Takeover<'_>,
) -> Result<Taken, Fault> {
    let (shop, session) = (wanted.shop, steps.session_id());
    let request = || FindAndModify {
        filter: doc! { "_id": shop.as_str() },
        change: Change::Pipeline(request(wanted, session.as_ref())),
        upsert: false,
        returns_new: true,
        projection: None,
    };
    let answer = match steps.find_and_modify("leases", request()).await? {
        Some(answer) => answer,
        None => {
            make_free(steps, shop).await?;
            let answer = steps.find_and_modify("leases", request()).await?;
            answer.ok_or_else(|| Fault::Failed("the server keeps no leases".to_owned()))?
        }
    };
    let decision = answer.get_str("answer")?;
    if decision == "held" {
        return Ok(Taken {
            answer: LeaseAnswer::Held(holder(&answer)?),
            names_session: false,
            session_before: None,
        });
    }
    let lease = read(shop, &answer)?;
    fence_off(steps, &lease).await?;
    let named = |field| match answer.get(field)? {
        Some(id @ RawBsonRef::Binary(_)) => Ok::<_, Fault>(Some(Bson::try_from(id)?)),
        _ => Ok(None),
    };
    let before = named("session_before")?.filter(|_| decision == "new");
    Ok(Taken {
        answer: LeaseAnswer::Granted(lease),
        names_session: session.is_some() && named("session")? == session,
        // The client may have given the same session out again.
        session_before: before.filter(|before| Some(before) != session.as_ref()),
    })
}

/// Makes a lease that nobody has.
///
/// By an insert, of which every server lets only one succeed; of two upserts at once some let both.
async fn make_free(steps: &mut Steps<'_>, shop: &ShopKey) -> Result<(), Fault> {
    let free = doc! {
        "_id": shop.as_str(),
        "owner": "",
        "epoch": 0_i64,
        "expires_at": DateTime::from_millis(0),
    };
    let made = steps
        .insert("leases", vec![RawDocumentBuf::try_from(&free)?])
        .await;
    match made {
        // Another process made it in this moment. A transaction would be over by this error, and is begun again.
        Err(fault) if fault.code() == Some(DUPLICATE_KEY) && !steps.are_atomic() => Ok(()),
        made => made,
    }
}

/// Returns the stages that take a lease if it may be taken. The server looks at its clock once for all of them.
fn request(wanted: Takeover<'_>, session: Option<&Bson>) -> Vec<Document> {
    let (owner, ttl_ms, dead_owner) = (wanted.owner, wanted.ttl_ms, wanted.dead_owner);
    let is_of = |owner: &str| doc! { "$eq": ["$owner", { "$literal": owner }] };
    let mut branches = vec![
        doc! { "case": is_over(), "then": "new" },
        doc! { "case": is_of(owner), "then": "same" },
    ];
    branches.extend(dead_owner.map(|dead_owner| doc! { "case": is_of(dead_owner), "then": "new" }));
    let is_answer = |answer: &str| doc! { "$eq": ["$answer", answer] };
    let next_epoch = doc! { "$add": [{ "$ifNull": ["$epoch", 0_i64] }, 1_i64] };
    let mut stages = vec![
        doc! { "$set": {
            "answer": { "$switch": { "branches": branches, "default": "held" } },
            "asked_at": "$$NOW",
            "created_at": { "$ifNull": ["$created_at", "$$NOW"] },
            "updated_at": "$$NOW",
        } },
        doc! { "$set": {
            "owner": { "$cond": [is_answer("held"), "$owner", { "$literal": owner }] },
            "epoch": { "$cond": [is_answer("new"), next_epoch, "$epoch"] },
            "expires_at": { "$cond": [is_answer("held"), "$expires_at", end(ttl_ms)] },
        } },
    ];
    if let Some(session) = session {
        let named = doc! { "$ifNull": ["$session", Bson::Null] };
        let new = doc! { "$literal": session };
        stages.push(doc! { "$set": {
            "session_before": &named,
            "session": { "$cond": [is_answer("new"), new, named] },
        } });
    }
    stages
}

/// Takes the right to write from all tickets of the shop that are older than `lease`.
async fn fence_off(steps: &mut Steps<'_>, lease: &Lease) -> Result<(), Fault> {
    let (from, to) = crawl_range(&lease.shop);
    let older = doc! {
        "_id": { "$gte": from, "$lt": to },
        "epoch": { "$gt": whole(FENCED_OFF), "$lt": whole(lease.epoch) },
    };
    let fenced = Update::many(older, doc! { "$set": { "epoch": whole(FENCED_OFF) } })?;
    steps.update("crawls", vec![fenced]).await?;
    Ok(())
}

pub(super) async fn renew(
    steps: &mut Steps<'_>,
    lease: &Lease,
    ttl_ms: u64,
) -> Result<Lease, Fault> {
    let prolonged = FindAndModify {
        filter: of(lease),
        change: Change::Pipeline(vec![doc! { "$set": {
            "expires_at": end(ttl_ms),
            "updated_at": "$$NOW",
        } }]),
        upsert: false,
        returns_new: true,
        projection: None,
    };
    match steps.find_and_modify("leases", prolonged).await? {
        Some(stored) => read(&lease.shop, &stored),
        None => Err(Fault::Fenced(lease.shop.clone())),
    }
}

pub(super) async fn release(steps: &mut Steps<'_>, lease: &Lease) -> Result<(), Fault> {
    let over = doc! {
        "$set": { "expires_at": DateTime::from_millis(0) },
        "$unset": { "session": "" },
        "$currentDate": { "updated_at": true },
    };
    steps
        .update("leases", vec![Update::one(of(lease), over)?])
        .await?;
    Ok(())
}

/// Refuses a lease that another owner took, and makes sure that nobody takes it before these steps are done.
pub(super) async fn check(steps: &mut Steps<'_>, lease: &Lease) -> Result<(), Fault> {
    let touched = doc! { "$inc": { "n_passes": 1 }, "$currentDate": { "updated_at": true } };
    let touched = steps
        .update("leases", vec![Update::one(of(lease), touched)?])
        .await?;
    match touched.n_matched {
        0 => Err(Fault::Fenced(lease.shop.clone())),
        _ => Ok(()),
    }
}

fn of(lease: &Lease) -> Document {
    doc! { "_id": lease.shop.as_str(), "owner": &lease.owner, "epoch": whole(lease.epoch) }
}

/// Returns the expression that says whether a lease's `expires_at` is over by the server's clock.
pub(super) fn is_over() -> Document {
    is_past("$expires_at")
}

/// Returns the expression that says whether a time that is stored is not behind the server's clock.
pub(super) fn is_past(field: &str) -> Document {
    // As numbers: to one server every stored date is before its own clock's.
    doc! { "$lte": [{ "$toLong": field }, { "$toLong": "$$NOW" }] }
}

/// Returns the expression for `ttl_ms` from now by the server's clock.
pub(super) fn end(ttl_ms: u64) -> Document {
    // As numbers, since not every server adds to dates.
    doc! { "$toDate": { "$add": [{ "$toLong": "$$NOW" }, whole(ttl_ms.min(LONGEST_MS))] } }
}

fn read(shop: &ShopKey, stored: &RawDocument) -> Result<Lease, Fault> {
    Ok(Lease {
        shop: shop.clone(),
        owner: stored.get_str("owner")?.to_owned(),
        epoch: number(stored, "epoch")?,
        expires_at: time(stored, "expires_at")?,
    })
}

fn holder(stored: &RawDocument) -> Result<LeaseHolder, Fault> {
    let (expires_at, now) = (time(stored, "expires_at")?, time(stored, "asked_at")?);
    Ok(LeaseHolder {
        owner: stored.get_str("owner")?.to_owned(),
        expires_at,
        remaining_ms: expires_at
            .ms()
            .saturating_sub(now.ms())
            .max(0)
            .unsigned_abs(),
    })
}

fn time(stored: &RawDocument, field: &str) -> Result<UnixMs, Fault> {
    Ok(UnixMs::new(stored.get_datetime(field)?.timestamp_millis()))
}
