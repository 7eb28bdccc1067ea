//! What every store of tasks promises. Each test takes any such store; the list at the end runs all on each backend.

mod append;
mod beside;
mod bounds;
mod chunks;
mod claims;
mod create;
mod crowd;
mod forget;
mod holders;
mod lists;
mod meter;
mod model;
mod page;

/// Runs every named test on each backend. Those of `tasks` take the tasks, those of `both` the store beside them too.
macro_rules! on_every_backend {
    (tasks { $($module:ident::{$($test:ident),* $(,)?})* }
     both { $($both:ident::{$($pair:ident),* $(,)?})* }) => {
        mod sqlite_file {
            async fn opened(folder: &tempfile::TempDir) -> crate::live::Opened {
                let uri = format!("sqlite:{}", folder.path().join("x.db").display());
                store::open_with_tasks(&uri, store::OpenMode::Create).await.unwrap()
            }
            $($(#[tokio::test]
            async fn $test() {
                let folder = tempfile::tempdir().unwrap();
                let (_, tasks) = opened(&folder).await;
                super::$module::$test(&*tasks).await;
            })*)*
            $($(#[tokio::test]
            async fn $pair() {
                let folder = tempfile::tempdir().unwrap();
                let (store, tasks) = opened(&folder).await;
                super::$both::$pair(&*store, &*tasks).await;
            })*)*
        }
        mod sqlite_memory {
            async fn opened() -> crate::live::Opened {
                store::open_with_tasks("sqlite::memory:", store::OpenMode::Create).await.unwrap()
            }
            $($(#[tokio::test]
            async fn $test() {
                super::$module::$test(&*opened().await.1).await;
            })*)*
            $($(#[tokio::test]
            async fn $pair() {
                let (store, tasks) = opened().await;
                super::$both::$pair(&*store, &*tasks).await;
            })*)*
        }
        on_every_backend! { server: mongodb, REPLICA_SET,
            [$($($module $test)*)*], [$($($both $pair)*)*] }
        on_every_backend! { server: mongodb_standalone, STANDALONE,
            [$($($module $test)*)*], [$($($both $pair)*)*] }
    };
    (server: $backend:ident, $server:ident,
     [$($module:ident $test:ident)*], [$($both:ident $pair:ident)*]) => {
        mod $backend {
            use crate::live::{self, Opened};

            $(#[tokio::test]
            async fn $test() {
                let test = async |(_, tasks): &Opened| super::$module::$test(&**tasks).await;
                live::with_tasks(live::$server, stringify!($test), test).await;
            })*
            $(#[tokio::test]
            async fn $pair() {
                let test = async |(store, tasks): &Opened| {
                    super::$both::$pair(&**store, &**tasks).await;
                };
                live::with_tasks(live::$server, stringify!($pair), test).await;
            })*
        }
    };
}

on_every_backend! {
tasks {
    create::{
        a_new_task_is_its_first_event,
        a_task_that_is_stored_is_not_made_again,
        what_is_not_there_is_not_found,
        a_task_can_be_over_when_it_is_made,
        a_request_that_comes_again_is_the_same_task,
        a_key_cannot_stand_for_two_requests,
        a_key_is_its_callers_own,
        a_key_that_no_longer_holds_is_used_again,
        the_same_request_finds_its_task_as_it_is_now,
        what_agents_say_comes_back_as_it_was,
        texts_are_only_text,
    }
    append::{
        events_are_numbered_from_1_without_gaps,
        the_task_is_what_its_events_say,
        the_newest_event_replaces_note_and_figures,
        artifacts_are_put_in_place_or_behind,
        an_artifact_does_not_move_the_state,
        messages_and_items_come_with_an_event,
        nothing_can_be_written_to_an_unknown_task,
        nothing_can_be_written_to_a_task_that_ended,
        an_event_too_close_behind_another_is_left_out,
        of_many_first_events_one_is_told,
        an_entry_for_an_earlier_event_is_refused_whole,
        what_belongs_to_an_event_that_is_left_out_is_written,
        clocks_that_differ_hold_no_event_back,
        events_come_in_order_in_pages_of_any_size,
        heads_are_those_of_the_tasks_that_are_stored,
    }
    bounds::{
        what_is_too_large_is_refused_whole,
        names_are_short,
        a_task_has_a_bounded_number_of_messages_and_items,
        json_has_a_bounded_depth,
    }
    lists::{
        tasks_come_newest_state_first_then_by_falling_id,
        a_list_goes_on_behind_its_cursor,
        every_filter_keeps_what_it_matches,
        a_list_is_whole_when_that_is_asked_for,
        an_empty_store_has_no_tasks,
    }
    claims::{
        the_oldest_item_is_taken_first,
        the_task_with_the_fewest_held_items_is_next,
        items_of_other_kinds_are_left,
        a_taken_item_is_not_taken_again,
        items_of_tasks_that_wait_or_ended_are_left,
        an_item_whose_key_is_taken_waits,
        a_key_is_free_when_its_holder_lost_released_or_finished_it,
        a_canceled_item_keeps_its_key_until_it_is_given_back,
        the_last_item_waits_for_all_others,
        several_last_items_go_one_behind_the_other,
        an_item_that_comes_later_holds_the_last_one_back,
        work_is_counted_by_kind,
        what_a_holder_left_behind_is_told_by_its_age,
        tasks_are_counted_by_state,
        ten_thousand_items_are_taken_one_by_one,
    }
    holders::{
        each_holder_has_the_next_epoch,
        a_lease_ends_by_itself,
        a_renewed_lease_is_prolonged_and_tells_the_state,
        a_lease_is_renewed_also_after_it_expired,
        a_lease_is_not_renewed_when_its_key_went_to_another_item,
        an_item_that_is_given_back_is_free_at_once,
        a_failed_item_is_kept_for_its_pause_and_only_failures_are_counted,
        an_item_that_is_put_off_leaves_its_key_free,
        the_last_item_waits_for_one_that_is_put_off,
        a_done_item_has_its_result_for_ever,
        who_lost_an_item_can_do_nothing,
        who_finished_an_item_can_write_no_more,
        an_item_of_another_task_is_no_right,
        a_lease_that_nobody_gave_is_none,
        a_finished_item_of_a_canceled_task_is_done,
        the_longest_lease_ends_in_the_far_future,
    }
    chunks::{
        a_chunk_reads_back_and_is_replaced,
        only_the_holder_stores_chunks,
        chunks_are_bounded,
    }
    forget::{
        old_tasks_that_ended_are_forgotten_with_all_that_is_theirs,
        what_goes_on_or_is_younger_stays,
        the_oldest_are_forgotten_first,
        a_forgotten_task_frees_its_key,
    }
    meter::{
        steps_add_up_task_by_task,
        a_total_can_reach_its_limit_and_not_pass_it,
        only_totals_that_are_raised_are_limited,
        no_total_falls_below_zero_or_grows_without_end,
        a_task_that_ended_is_counted_too,
        an_unknown_task_uses_nothing,
        a_forgotten_task_takes_what_it_used_along,
        many_at_once_stay_within_a_limit_exactly,
    }
    crowd::{
        appends_at_once_are_numbered_without_gaps,
        no_item_is_taken_twice,
        of_many_requests_with_one_key_one_makes_a_task,
        of_many_that_end_a_task_one_does,
        of_two_holders_of_one_key_one_works,
    }
    model::{
        any_order_of_steps_is_as_in_the_model,
    }
}
both {
    page::{
        a_page_and_its_event_are_one_step,
        a_page_is_stored_where_its_event_is_left_out,
        a_page_whose_event_is_refused_is_not_stored,
        a_page_that_is_refused_tells_its_task_nothing,
    }
    beside::{
        shops_and_tasks_do_not_touch_each_other,
    }
}
}
