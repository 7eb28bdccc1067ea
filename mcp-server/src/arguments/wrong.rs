//! What is wrong with an argument.

use serde_json::Value;

use crate::ToolError;

/// What is wrong with one value.
#[derive(Debug)]
pub(super) struct Wrong {
    /// What is said behind the field's name.
    message: String,
    nearest: Vec<Value>,
    /// Which value of a list it is, from 0.
    item: Option<usize>,
}

impl Wrong {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            nearest: Vec::new(),
            item: None,
        }
    }

    pub(super) fn near(mut self, values: impl IntoIterator<Item = Value>) -> Self {
        self.nearest.extend(values);
        self
    }

    pub(super) fn item(mut self, n: usize) -> Self {
        self.item = Some(n);
        self
    }

    /// Returns the right values that are near, the nearest first.
    pub(super) fn nearest(&self) -> &[Value] {
        &self.nearest
    }

    /// Returns the error of this value in `field`.
    pub(super) fn of(self, field: &str) -> ToolError {
        let field = match self.item {
            Some(n) => format!("{field}[{n}]"),
            None => field.to_owned(),
        };
        let message = format!("{field} {}", self.message);
        let nearest = self.nearest.iter().map(|it| match it {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        ToolError::invalid(&field, message).nearest(nearest.collect())
    }
}
