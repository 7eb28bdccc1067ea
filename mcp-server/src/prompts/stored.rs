//! What a prompt says of what is stored, so that nobody is sent to look where nothing is.

use catalog::UnixMs;

use crate::products;
use crate::run_id;
use crate::tools::Call;
use crate::{ToolError, answer::DataAge};

/// What there is to work with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    n_shops: usize,
    /// The latest ranking by its name, with its age in hours.
    ranking: Option<(String, String)>,
}

/// Looks at what is stored; a store that is not there yet has nothing.
pub(super) async fn stored(call: &Call<'_>) -> Result<Stored, ToolError> {
    let nothing = Stored {
        n_shops: 0,
        ranking: None,
    };
    let store = match call.context.data.store().await {
        Ok(store) => store,
        Err(error) if error.code == "no_store" => return Ok(nothing),
        Err(error) => return Err(error),
    };
    let n_shops = products::shops(store).await?.len();
    let head = store.ranking_heads(1).await?.pop();
    let hours = |at: UnixMs| DataAge::new(at, (call.context.now)(), "").age_hours;
    let ranking = head.map(|it| (run_id::format(it.at, &it.preset), hours(it.at).to_string()));
    Ok(Stored { n_shops, ranking })
}

impl Stored {
    /// Returns what the model is told; `needs_ranking` where nothing can be said without one.
    pub(super) fn told(&self, needs_ranking: bool) -> String {
        let shops = match self.n_shops {
            0 => {
                return "Nothing is stored yet: tell the user to run `trouvaille crawl https://SHOP`, and stop there."
                    .to_owned();
            }
            1 => "1 shop is stored".to_owned(),
            n => format!("{n} shops are stored"),
        };
        match &self.ranking {
            Some((run_id, hours)) => {
                format!("{shops}; the latest ranking is {run_id}, {hours} hours old.")
            }
            None if needs_ranking => format!(
                "{shops}, but nothing has been ranked: tell the user to run `trouvaille rank`, and stop there."
            ),
            None => {
                format!("{shops}, and nothing has been ranked: leave out what needs a ranking.")
            }
        }
    }
}
