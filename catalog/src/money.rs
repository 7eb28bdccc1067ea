//! Exact money: whole minor units and an ISO 4217 currency. No floating point on the way in.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An ISO 4217 currency code, such as `EUR`; [`Currency::UNKNOWN`] (`XXX`) where nobody said.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// Where a shop's currency came from, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CurrencySource {
    /// The shop's own statement of its base currency (Shopify: `/meta.json`).
    Shop,
    /// The operator's configuration.
    Config,
    /// Nobody said: prices are `XXX`.
    Unknown,
}

/// An exact amount of one currency, zero or more.
///
/// `minor` counts the currency's smallest unit: cents for EUR, yen for JPY, fils for KWD.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

/// Why a text is no amount of money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not digits with at most one decimal point.
    #[error("not a decimal number: {0:?}")]
    NotDecimal(String),
    /// Below zero.
    #[error("below zero: {0:?}")]
    Negative(String),
    /// More than fits 64 bits of minor units.
    #[error("too large: {0:?}")]
    TooLarge(String),
    /// Digits other than zero behind the currency's smallest unit.
    #[error("more decimal places than {1} has: {0:?}")]
    TooPrecise(String, Currency),
    /// Not three letters.
    #[error("not a three-letter currency code: {0:?}")]
    NotCurrency(String),
}

impl Currency {
    /// The code `XXX`: "no currency" in ISO 4217; amounts have two decimal places.
    pub const UNKNOWN: Self = Self(*b"XXX");

    /// Reads a three-letter code; lower case and surrounding space are accepted.
    ///
    /// # Errors
    /// [`MoneyError::NotCurrency`] for anything but three ASCII letters.
    pub fn parse(code: &str) -> Result<Self, MoneyError> {
        match code.trim().as_bytes() {
            letters @ &[a, b, c] if letters.iter().all(u8::is_ascii_alphabetic) => {
                Ok(Self([a, b, c].map(|letter| letter.to_ascii_uppercase())))
            }
            _ => Err(MoneyError::NotCurrency(shortened(code))),
        }
    }

    /// Returns the three capital letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// Returns whether the currency is known, that is not `XXX`.
    pub fn is_known(self) -> bool {
        self != Self::UNKNOWN
    }

    /// Returns the number of decimal places of the smallest unit (ISO 4217 list one, 2024).
    pub fn exponent(self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG"
            | b"RWF" | b"UGX" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }
}

impl CurrencySource {
    /// Returns the name as it stands in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shop => "shop",
            Self::Config => "config",
            Self::Unknown => "unknown",
        }
    }
}

impl Money {
    /// Returns `minor` smallest units of `currency`.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Reads a decimal number such as `12.90`, exactly.
    ///
    /// Zeros behind the smallest unit are dropped, so `1200.00` JPY is 1,200 yen.
    ///
    /// # Errors
    /// When `text` is no plain decimal number, is below zero, does not fit, or has other digits than
    /// zero behind the smallest unit. Nothing is ever rounded.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let text = text.trim();
        let (sign, digits) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
            return Err(MoneyError::NotDecimal(shortened(text)));
        }
        let n_places = currency.exponent() as usize;
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > n_places {
            return Err(MoneyError::TooPrecise(shortened(text), currency));
        }
        let padding = std::iter::repeat_n(b'0', n_places - fraction.len());
        let minor = whole
            .bytes()
            .chain(fraction.bytes())
            .chain(padding)
            .try_fold(0_i64, |sum, digit| {
                sum.checked_mul(10)?.checked_add(i64::from(digit - b'0'))
            })
            .ok_or_else(|| MoneyError::TooLarge(shortened(text)))?;
        if sign < 0 && minor != 0 {
            return Err(MoneyError::Negative(shortened(text)));
        }
        Ok(Self::new(minor, currency))
    }

    /// Returns the amount in smallest units.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// Returns the currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Returns the amount as a float in major units: the float nearest to the decimal number.
    ///
    /// Both operands are exact below 2^53 smallest units, and one division rounds once, so this equals
    /// parsing the decimal text as a float.
    pub fn to_f64(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "documented: exact below 2^53")]
        let minor = self.minor as f64;
        minor / 10_f64.powi(self.currency.exponent() as i32)
    }

    /// Returns whether both are the same decimal number, whatever their currencies are.
    ///
    /// For the one moment when a shop's unknown currency becomes known: `12.90 XXX` is `12.90 EUR`.
    pub fn same_number(self, other: Self) -> bool {
        let places = |money: Self| {
            let exponent = 3 - money.currency.exponent();
            i128::from(money.minor) * 10_i128.pow(exponent)
        };
        places(self) == places(other)
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Shows the number alone, with all decimal places of the currency: `12.90`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n_places = self.currency.exponent() as usize;
        if n_places == 0 {
            return write!(f, "{}", self.minor);
        }
        let unit = 10_i64.pow(self.currency.exponent());
        write!(f, "{}.{:0n_places$}", self.minor / unit, self.minor % unit)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::parse(&code).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn currency(code: &str) -> Currency {
        Currency::parse(code).unwrap()
    }

    #[test]
    fn amounts_are_exact_in_every_exponent() {
        for (text, code, minor, shown) in [
            ("12.90", "EUR", 1290, "12.90"),
            ("12.9", "EUR", 1290, "12.90"),
            ("0.07", "USD", 7, "0.07"),
            ("1200.00", "JPY", 1200, "1200"),
            ("1.234", "KWD", 1234, "1.234"),
            ("24900.00", "XXX", 2_490_000, "24900.00"),
            ("0.290", "EUR", 29, "0.29"),
        ] {
            let money = Money::parse(text, currency(code)).unwrap();
            assert_eq!((money.minor(), money.to_string().as_str()), (minor, shown));
        }
    }

    #[test]
    fn what_is_no_exact_amount_is_refused_and_says_why() {
        let eur = currency("EUR");
        assert!(matches!(
            Money::parse("-5.00", eur),
            Err(MoneyError::Negative(_))
        ));
        assert!(matches!(
            Money::parse("1.005", eur),
            Err(MoneyError::TooPrecise(..))
        ));
        assert!(matches!(
            Money::parse("12.5", currency("JPY")),
            Err(MoneyError::TooPrecise(..))
        ));
        let forty_digits = "1234567890123456789012345678901234567890.00";
        assert!(matches!(
            Money::parse(forty_digits, eur),
            Err(MoneyError::TooLarge(_))
        ));
        for text in [
            "", ".", ".5", "1,50", "1e3", "+1", "1.2.3", "NaN", "٣", "1 000",
        ] {
            assert!(
                matches!(Money::parse(text, eur), Err(MoneyError::NotDecimal(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn the_same_number_compares_across_exponents() {
        let xxx = Money::parse("1200.00", Currency::UNKNOWN).unwrap();
        assert!(xxx.same_number(Money::parse("1200", currency("JPY")).unwrap()));
        assert!(!xxx.same_number(Money::parse("1200.01", currency("EUR")).unwrap()));
    }

    proptest! {
        #[test]
        fn shown_amounts_read_back(minor in 0..i64::MAX, code in "EUR|JPY|KWD|XXX") {
            let money = Money::new(minor, currency(&code));
            prop_assert_eq!(Money::parse(&money.to_string(), money.currency()), Ok(money));
        }

        #[test]
        fn the_float_is_the_nearest_one(minor in 0..(1_i64 << 53), code in "EUR|JPY|KWD") {
            let money = Money::new(minor, currency(&code));
            let nearest: f64 = money.to_string().parse().unwrap();
            prop_assert_eq!(money.to_f64().to_bits(), nearest.to_bits());
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,60}") {
            let money = Money::parse(&text, Currency::UNKNOWN);
            prop_assert!(money.is_err() || money.is_ok_and(|money| money.minor() >= 0));
        }
    }
}
