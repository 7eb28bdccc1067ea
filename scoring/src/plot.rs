//! Pictures as SVG text, from plain numbers. Nothing is read or written, and no font is needed: the text is
//! set by whatever shows the picture.

mod canvas;
mod clusters;
mod heatmap;
mod labels;
mod map;
mod nothing;
mod top_k;

pub use clusters::{Group, letter, pca_clusters};
pub use heatmap::heatmap_correlation;
pub use map::Map;
pub use nothing::nothing;
pub use top_k::pca_topk;
