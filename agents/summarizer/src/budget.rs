//! What requests may cost, and what they did cost.

mod open;

use std::sync::Arc;

use catalog::{Cost, Meter, MeterLimits, MeterStep, Metered, StoreError, TaskId, TaskStore};

pub(crate) use open::{Place, Reservations};

/// What tokens cost, in billionths of a unit of money per token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// Per token read.
    pub input_nanos: u64,
    /// Per token written.
    pub output_nanos: u64,
    /// The unit, such as `USD`.
    pub currency: String,
}

/// The money for one summary: asked before every request, told after it.
#[derive(Debug)]
pub struct Purse {
    /// Where the totals of the task are counted, over all processes; `None` counts for nobody.
    pub(crate) meter: Option<(Arc<dyn TaskStore>, TaskId)>,
    pub(crate) limits: MeterLimits,
    /// What is set aside for the task here.
    open: Arc<Reservations>,
    pub(crate) price: Option<Price>,
    /// Requests so far, those that failed included.
    pub(crate) requests: u32,
    /// `None` once an answer did not say.
    pub(crate) input_tokens: Option<u64>,
    pub(crate) output_tokens: Option<u64>,
    /// What is known to be used.
    used: Used,
}

/// What requests used, as far as answers said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Used {
    pub(crate) input_tokens: u64,
    pub(crate) output_tokens: u64,
    pub(crate) cost_nanos: u64,
}

impl Used {
    pub(crate) const fn tokens(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }
}

/// What was set aside for one request.
#[derive(Debug)]
pub(crate) struct Reserved {
    tokens: u64,
    cost_nanos: u64,
    place: Place,
}

/// Why nothing was set aside.
#[derive(Debug)]
pub(crate) enum NoRoom {
    /// A limit, in words.
    Over(String),
    Store(StoreError),
}

impl From<StoreError> for NoRoom {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Purse {
    /// Returns a purse that counts for nobody and has no limit.
    pub fn unlimited(price: Option<Price>) -> Self {
        Self {
            meter: None,
            limits: MeterLimits::default(),
            open: Arc::default(),
            price,
            requests: 0,
            input_tokens: Some(0),
            output_tokens: Some(0),
            used: Used::default(),
        }
    }

    /// Returns a purse for the work of a task, for which this process has set aside what is in `open`.
    pub(crate) fn of_task(
        (tasks, task): (&Arc<dyn TaskStore>, &TaskId),
        limits: MeterLimits,
        open: &Arc<Reservations>,
        price: Option<Price>,
    ) -> Self {
        Self {
            meter: Some((Arc::clone(tasks), task.clone())),
            limits,
            open: Arc::clone(open),
            ..Self::unlimited(price)
        }
    }

    /// Sets aside what one request costs at most. Where that would be over a limit, it waits for what this process has
    /// set aside and not used, and gives up once none is left to wait for.
    ///
    /// A dropped call may leave something set aside that nobody uses.
    pub(crate) async fn reserve(
        &mut self,
        input_tokens: u64,
        max_output_tokens: u64,
    ) -> Result<Reserved, NoRoom> {
        let tokens = input_tokens.saturating_add(max_output_tokens);
        let cost_nanos = self.nanos(input_tokens, max_output_tokens);
        let step = MeterStep {
            requests: 1,
            tokens: signed(tokens),
            cost_nanos: signed(cost_nanos),
            n_done: 0,
        };
        loop {
            let place = self.open.begin();
            if let Some((tasks, task)) = &self.meter
                && let Metered::Over(used) = tasks.meter(task, &step, &self.limits).await?
            {
                let (why, can_wait) = self.over(&used, tokens, cost_nanos);
                if can_wait && place.room().await {
                    continue;
                }
                return Err(NoRoom::Over(why));
            }
            self.requests += 1;
            return Ok(Reserved {
                tokens,
                cost_nanos,
                place,
            });
        }
    }

    /// Returns which limit a request would be over, and whether there may be room once others are settled.
    fn over(&self, used: &Meter, tokens: u64, cost_nanos: u64) -> (String, bool) {
        let currency = self.price.as_ref().map_or("", |it| it.currency.as_str());
        let money = |nanos: u64| format!("{} {currency}", nanos as f64 / 1e9);
        let count = |tokens: u64| format!("{tokens} tokens");
        if let Some(limit) = self.limits.requests.filter(|it| used.requests >= *it) {
            let made = used.requests;
            return (
                format!("the budget is used up: {made} of {limit} requests were made"),
                false,
            );
        }
        let limit = |limit: Option<u64>, used: u64, needed: u64, words: &dyn Fn(u64) -> String| {
            let limit = limit.filter(|it| used.saturating_add(needed) > *it)?;
            let (used, all, more) = (words(used), words(limit), words(needed));
            Some(match needed > limit {
                true => {
                    let why = format!("one request needs up to {more}, and the budget is {all}");
                    (format!("{why}; raise the limit"), false)
                }
                false => {
                    let why = format!("the budget is used up: {used} of {all} are used");
                    (format!("{why}, and one request needs up to {more}"), true)
                }
            })
        };
        let of_tokens = limit(self.limits.tokens, used.tokens, tokens, &count);
        let of_money = || limit(self.limits.cost_nanos, used.cost_nanos, cost_nanos, &money);
        let found = of_tokens.or_else(of_money);
        found.unwrap_or_else(|| ("the budget is used up".to_owned(), true))
    }

    /// Counts what a request used in place of what was set aside; an unknown number of tokens counts as set aside.
    pub(crate) async fn settle(
        &mut self,
        reserved: Reserved,
        input_tokens: Option<u64>,
        output_tokens: Option<u64>,
    ) -> Result<(), StoreError> {
        let sum = |total: Option<u64>, used: Option<u64>| Some(total?.saturating_add(used?));
        self.input_tokens = sum(self.input_tokens, input_tokens);
        self.output_tokens = sum(self.output_tokens, output_tokens);
        let (Some(input), Some(output)) = (input_tokens, output_tokens) else {
            // The place is free, but no room: nobody need try again.
            return Ok(());
        };
        let (tokens, nanos) = (input.saturating_add(output), self.nanos(input, output));
        let used = &mut self.used;
        used.input_tokens = used.input_tokens.saturating_add(input);
        used.output_tokens = used.output_tokens.saturating_add(output);
        used.cost_nanos = used.cost_nanos.saturating_add(nanos);
        let step = MeterStep {
            tokens: signed(tokens).saturating_sub(signed(reserved.tokens)),
            cost_nanos: signed(nanos).saturating_sub(signed(reserved.cost_nanos)),
            ..MeterStep::default()
        };
        if let Some((tasks, task)) = &self.meter {
            tasks.meter(task, &step, &MeterLimits::default()).await?;
        }
        reserved.place.settled();
        Ok(())
    }

    /// Returns what the requests cost; `None` without a price or without tokens.
    pub fn cost(&self) -> Option<Cost> {
        let price = self.price.as_ref()?;
        Some(Cost {
            nanos: self.nanos(self.input_tokens?, self.output_tokens?),
            currency: price.currency.clone(),
        })
    }

    /// Returns what the requests used, as far as answers said.
    pub(crate) const fn used(&self) -> Used {
        self.used
    }

    fn nanos(&self, input_tokens: u64, output_tokens: u64) -> u64 {
        let of = |price: &Price| {
            let input = input_tokens.saturating_mul(price.input_nanos);
            input.saturating_add(output_tokens.saturating_mul(price.output_nanos))
        };
        self.price.as_ref().map_or(0, of)
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
