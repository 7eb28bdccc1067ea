//! The reader of Shopify answers.
