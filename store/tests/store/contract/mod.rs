//! What every store promises. Each test takes any store; the list at the end runs all on each backend.

mod admin;
mod archive;
mod crawls;
mod features;
mod gone;
mod kinds;
mod leases;
mod lists;
mod lost_places;
mod notes;
mod observed;
mod pages;
mod prune;
mod rankings;
mod records;
mod round_trip;
mod search;
mod search_all;
mod search_order;
mod silence;
mod stock;
mod tasks;
mod versions;

pub(crate) use rankings::ranking_of;

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
        mod mongodb {
            $($(#[tokio::test]
            async fn $test() {
                let test = async |store: &dyn catalog::Store| super::$module::$test(store).await;
                crate::live::with_store(crate::live::REPLICA_SET, stringify!($test), test).await;
            })*)*
        }
        mod mongodb_standalone {
            $($(#[tokio::test]
            async fn $test() {
                let test = async |store: &dyn catalog::Store| super::$module::$test(store).await;
                crate::live::with_store(crate::live::STANDALONE, stringify!($test), test).await;
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
        of_what_its_shop_never_said_nobody_knows_whether_it_could_be_bought,
        a_gone_product_comes_back_with_the_same_content,
        a_gone_product_comes_back_with_other_content,
        what_a_pass_did_not_find_so_far_is_missing,
        a_pass_that_finds_nothing_removes_nothing,
        a_pass_without_a_page_is_not_complete,
        a_shop_of_which_nothing_is_known_may_be_empty,
        a_loss_that_is_found_again_12_hours_later_is_believed,
        a_loss_that_the_shop_contradicts_is_doubted_from_a_tenth_on,
        what_could_not_be_read_is_never_missed,
        a_loss_that_is_another_one_each_time_is_not_believed,
        a_loss_is_not_believed_behind_a_pass_that_found_more,
        fields_that_cannot_be_read_hide_no_product,
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
        a_page_knows_its_products_and_their_handles,
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
    notes::{
        a_pass_goes_on_where_its_route_stood,
        an_old_page_again_moves_no_route_back,
        a_last_page_that_nobody_followed_up_is_asked_for_where_it_was,
        a_pass_tells_what_it_noted_last,
        a_fenced_pass_notes_nothing,
        notes_of_any_length_are_cut,
        what_hosts_taught_is_found_by_their_names,
        a_host_is_forgotten_after_a_month,
    }
    versions::{
        a_shops_products_are_counted_whatever_happened_to_them,
        pages_that_were_as_they_were_go_from_store_to_store,
        pages_of_the_last_complete_pass_are_asked_for_by_their_versions,
        a_pass_without_complete_ones_before_it_knows_no_versions,
        versions_of_another_currency_are_not_used,
        a_page_that_was_read_in_another_currency_has_no_version,
        versions_are_not_used_where_a_later_pass_changed_anything,
        a_resumed_pass_asks_by_version_behind_its_last_page_alone,
        a_page_that_is_not_modified_takes_over_what_it_held,
        what_a_page_that_is_not_modified_says_besides_is_added,
        what_is_on_no_page_is_gone_though_pages_are_not_modified,
        what_no_page_saw_is_gone_though_all_that_were_read_are_as_they_were,
        a_page_that_is_not_modified_changes_nothing_when_stored_again,
        a_page_that_no_complete_pass_has_cannot_be_not_modified,
        problems_of_pages_that_are_not_modified_are_kept_up_to_a_thousand,
        a_product_that_is_known_to_be_there_counts_as_seen,
        a_gone_product_is_not_back_before_it_is_read,
        products_put_in_place_of_others_are_of_no_known_version,
        an_unchanged_shop_gets_no_rows,
    }
    records::{
        problems_come_by_page_then_index,
        all_problems_are_counted_and_a_thousand_kept,
        the_newest_ranking_is_found_and_the_same_one_replaced,
        a_ranking_keeps_how_sure_it_is_and_its_places_without_caps,
        a_ranking_in_brief_has_no_more_of_its_products_than_their_ids,
        a_ranking_that_cannot_be_read_back_is_refused,
        stats_count_the_whole_store,
    }
    rankings::{
        rankings_are_listed_newest_first_then_by_preset,
        a_ranking_that_replaces_another_one_has_another_stamp,
        a_ranking_is_found_by_its_time_and_preset,
        places_of_a_product_are_those_of_each_ranking_that_has_it,
        products_are_found_by_exactly_their_handle,
    }
    round_trip::{
        any_product_reads_back_as_it_was,
        a_product_with_ten_thousand_variants_reads_back,
        a_changed_product_is_replaced_whole,
    }
    admin::{
        an_added_shop_is_listed_and_one_that_is_stored_stays_as_it_is,
        a_paused_shop_stays_paused_until_it_is_resumed,
        a_forgotten_shop_is_gone_with_all_that_belongs_to_it,
        tickets_and_leases_of_a_forgotten_shop_are_fenced_for_ever,
        a_pass_ends_when_its_shop_is_paused_and_goes_on_later,
        rankings_and_summaries_outlive_a_forgotten_shop,
        the_newest_summary_of_a_subject_in_a_language_is_found,
        a_summary_is_found_by_its_exact_input,
        every_summary_reads_back_as_given,
        a_robots_txt_is_found_while_it_is_young_enough,
        a_robots_txt_lives_at_least_a_day,
    }
    archive::{
        a_copied_store_is_the_same_both_ways,
        records_put_again_change_nothing,
        any_page_size_gives_the_same_records,
        records_go_on_behind_a_key_that_is_not_there,
        an_empty_store_has_no_records,
        a_record_replaces_the_one_with_its_key,
        a_restored_epoch_never_falls_and_a_greater_one_fences,
        a_record_without_what_it_needs_is_refused_with_all_beside_it,
        a_record_tells_what_pages_held,
        a_restored_pass_goes_on_where_it_stopped,
        a_product_with_ten_thousand_variants_goes_from_store_to_store,
    }
    leases::{
        a_free_lease_is_granted_and_then_held_against_others,
        a_leased_shop_is_no_stored_shop,
        an_expired_lease_goes_to_the_next_owner_with_the_next_epoch,
        an_owner_who_asks_again_gets_the_same_lease_prolonged,
        an_owner_whose_lease_expired_gets_a_new_one,
        a_dead_owner_loses_its_lease_at_once,
        a_renewed_lease_is_prolonged_also_after_it_expired,
        a_lease_that_nobody_ever_had_cannot_be_renewed,
        a_lease_that_is_given_back_is_free_and_its_tickets_write_until_then,
        a_stale_lease_can_neither_begin_nor_write_nor_end_nor_observe,
        a_lease_of_another_shop_begins_nothing,
        a_pass_behind_which_its_owner_began_another_cannot_write,
        shops_say_who_has_their_lease,
        owners_of_leases_are_named_once,
        owners_are_plain_texts,
        the_longest_lease_ends_in_the_far_future,
        of_many_that_ask_at_once_one_gets_the_lease,
    }
    observed::{
        lists_have_every_row_once_in_their_order,
        any_page_size_gives_the_same_history,
        a_history_goes_on_behind_a_row_that_is_not_there,
        a_history_is_filtered_by_shop_product_and_time,
        rows_show_their_product_as_it_is_now_gone_or_not,
        rows_have_the_content_hash_where_content_was_read,
        a_rank_is_observed_when_it_is_another_than_before,
        a_list_of_ranks_given_twice_is_observed_once,
        a_rank_is_observed_again_when_it_was_read_at_another_source,
        times_are_kept_to_the_millisecond,
        a_history_is_paged_while_pages_are_written,
        an_empty_store_has_no_history,
    }
    lost_places::{
        a_product_that_is_not_in_a_new_reading_lost_its_place,
        a_reading_that_broke_off_or_read_nothing_loses_nobody_a_place,
        a_place_that_was_read_elsewhere_is_not_lost,
        products_that_are_gone_lose_no_place,
        a_lost_place_stays_lost_through_new_content_and_an_archive,
    }
    silence::{
        what_sold_out_in_a_silence_is_sold_out_behind_it,
        an_answer_that_says_more_or_less_of_the_same_is_no_event,
    }
    stock::{
        stock_that_moves_is_kept_with_what_it_was,
        stock_that_is_published_once_has_not_moved,
        moves_of_stock_go_through_an_archive,
    }
    features::{
        features_are_those_of_each_product_under_every_filter,
        any_page_size_gives_the_same_features,
        features_go_on_behind_an_id_that_is_not_stored,
        features_follow_a_change_and_leave_and_return_with_the_product,
        a_currency_that_is_learned_changes_no_number,
        restored_products_have_their_features,
        a_forgotten_or_empty_shop_has_no_features,
    }
    kinds::{
        a_history_of_some_kinds_is_the_history_without_the_others,
        a_grouped_history_has_each_products_rows_together_and_every_row_once,
        any_page_size_gives_the_same_history_of_some_kinds,
        a_grouped_history_goes_on_behind_any_row_of_any_kind,
        a_grouped_history_is_never_wrong_when_its_shop_is_forgotten_meanwhile,
        a_grouped_history_is_paged_while_pages_are_written,
    }
    prune::{
        a_day_keeps_its_last_row_and_every_change_of_price,
        pruning_again_removes_nothing,
        numbers_of_pruned_rows_are_not_used_again,
        pruning_looks_at_as_many_products_as_it_may,
        what_is_not_old_is_not_touched,
        the_last_place_is_known_after_pruning,
    }
    search::{
        words_of_title_vendor_type_and_tags_are_found_and_no_others,
        case_accents_and_apostrophes_do_not_count_in_a_search,
        every_word_must_begin_a_word,
        words_that_look_like_operators_are_words,
        long_words_and_many_words_are_found_as_far_as_they_count,
        gone_products_are_found_again_when_they_are_back,
        a_changed_product_is_found_by_its_new_words_alone,
        matches_are_counted_up_to_a_thousand,
        a_search_is_paged_while_pages_are_written,
        an_empty_store_has_no_matches,
    }
    search_all::{
        every_query_finds_what_a_look_at_each_product_finds,
    }
    search_order::{
        each_order_has_its_key_and_what_has_none_last,
        any_page_size_gives_the_same_search_result,
        a_search_goes_on_behind_a_place_that_is_not_there,
        a_cursor_of_another_order_is_refused,
        a_search_is_filtered_like_a_list,
        a_tag_is_found_whole_and_without_regard_to_case,
        a_product_without_a_price_is_in_its_shops_currency_last,
    }
}
