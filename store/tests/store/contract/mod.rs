//! What every store promises. Each test takes any store; the list at the end runs all on each backend.

mod crawls;
mod gone;
mod lists;
mod pages;
mod records;
mod round_trip;

/// Runs every named test on each backend.
macro_rules! on_every_backend {
    ($($module:ident::{$($test:ident),* $(,)?})*) => {
        mod sqlite_file {
            $($(#[tokio::test]
            async fn $test() {
                let folder = tempfile::tempdir().unwrap();
                let uri = format!("sqlite:{}", folder.path().join("x.db").display());
                let store = store::open(&uri, store::OpenMode::Create).await.unwrap();
                super::$module::$test(&*store).await;
            })*)*
        }
        mod sqlite_memory {
            $($(#[tokio::test]
            async fn $test() {
                let store = store::open("sqlite::memory:", store::OpenMode::Create).await.unwrap();
                super::$module::$test(&*store).await;
            })*)*
        }
    };
}

on_every_backend! {
    crawls::{
        a_new_shop_begins_at_page_1,
        an_unfinished_pass_goes_on_at_its_checkpoint,
        a_pass_that_stopped_for_a_passing_reason_goes_on_and_is_open_again,
        a_pass_that_would_stop_there_again_begins_anew,
        a_complete_pass_begins_anew,
        a_pass_that_began_too_long_ago_begins_anew,
        a_fresh_start_leaves_an_unfinished_pass_as_it_is,
        a_pass_whose_last_page_is_stored_goes_on_with_that_page,
        a_later_begin_fences_off_pages_and_ends_of_the_earlier_one,
        a_resumed_pass_is_fenced_by_its_epoch,
        a_ticket_of_an_unknown_shop_is_fenced,
        a_known_currency_is_never_replaced_by_a_worse_known_one,
        an_empty_url_does_not_replace_a_known_one,
        a_pass_ended_twice_gives_one_report,
        every_outcome_reads_back_as_given,
        passes_are_listed_newest_first_then_by_shop,
        shops_are_listed_by_key_with_their_numbers,
    }
    gone::{
        what_a_complete_pass_did_not_find_is_gone_and_kept,
        a_gone_product_comes_back_with_the_same_content,
        a_gone_product_comes_back_with_other_content,
        a_pass_that_finds_nothing_removes_nothing,
        a_first_pass_that_finds_nothing_is_not_complete,
        a_pass_that_loses_over_half_removes_nothing,
        a_pass_that_loses_just_half_is_believed,
        new_products_do_not_hide_a_loss,
        a_pass_that_is_not_complete_removes_nothing,
        all_products_of_a_gone_shop_are_gone,
        pages_before_a_resume_count_as_seen,
        products_of_a_pass_that_never_ended_can_become_gone,
        other_shops_keep_their_products,
    }
    lists::{
        products_come_by_shop_then_number_then_text,
        any_page_size_gives_the_same_list,
        a_list_goes_on_behind_an_id_that_is_not_stored,
        every_filter_keeps_what_it_matches,
        an_empty_store_has_empty_lists,
        rows_come_in_the_order_asked_for,
        a_row_was_confirmed_by_the_last_complete_pass_or_when_stored,
        currencies_are_those_of_the_products_that_pass,
        a_product_without_a_price_is_in_its_shops_currency,
    }
    pages::{
        a_page_counts_what_it_changed,
        the_same_page_again_changes_nothing,
        a_page_read_again_replaces_its_share_of_the_counts,
        an_old_page_again_does_not_move_the_checkpoint_back,
        what_is_no_content_is_no_change,
        a_first_sight_is_one_observation,
        each_changed_variant_is_one_observation,
        a_change_without_another_offer_is_no_observation,
        learning_the_currency_is_no_observation,
        a_page_with_a_product_of_another_shop_is_refused_whole,
        observations_are_bounded_and_oldest_first,
        variants_that_share_an_id_do_not_change_by_themselves,
    }
    records::{
        problems_come_by_page_then_index,
        all_problems_are_counted_and_a_thousand_kept,
        the_newest_ranking_is_found_and_the_same_one_replaced,
        a_ranking_that_cannot_be_read_back_is_refused,
        stats_count_the_whole_store,
    }
    round_trip::{
        any_product_reads_back_as_it_was,
        a_product_with_ten_thousand_variants_reads_back,
        a_changed_product_is_replaced_whole,
    }
}
