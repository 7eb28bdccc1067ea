//! What is counted and measured.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Returns what a word counts, by one name for both languages and all spellings.
pub(crate) fn noun(word: &str) -> Option<&'static str> {
    static BY_WORD: LazyLock<Names> = LazyLock::new(|| by_word(NOUNS));
    BY_WORD.get(word).copied()
}

/// Returns the unit that a word measures in.
pub(crate) fn unit(word: &str) -> Option<&'static str> {
    static BY_WORD: LazyLock<Names> = LazyLock::new(|| by_word(UNITS));
    BY_WORD.get(word).copied()
}

/// By word, its name.
type Names = HashMap<&'static str, &'static str>;

fn by_word(table: &[(&'static str, &'static str)]) -> Names {
    let words = |(name, words): &(&'static str, &'static str)| {
        let name = *name;
        words.split(' ').map(move |word| (word, name))
    };
    table.iter().flat_map(words).collect()
}

const NOUNS: &[(&str, &str)] = &[
    (
        "variant",
        "variant variants variante variantes declinaison declinaisons",
    ),
    (
        "image",
        "image images photo photos picture pictures photograph photographs visuel visuels",
    ),
    ("tag", "tag tags etiquette etiquettes label labels"),
    (
        "review",
        "review reviews avis rating ratings commentaire commentaires",
    ),
    (
        "product",
        "product products produit produits article articles item items",
    ),
    (
        "shop",
        "shop shops store stores boutique boutiques magasin magasins",
    ),
    ("type", "type types category categories categorie"),
    (
        "vendor",
        "vendor vendors brand brands marque marques vendeur vendeurs fabricant fabricants \
         fournisseur fournisseurs supplier suppliers",
    ),
    (
        "place",
        "place places rank ranks ranked position positions rang rangs spot numero ranking \
         classe classee",
    ),
    ("score", "score scores note scoring scored"),
    ("character", "character characters caractere caracteres"),
    ("word", "word words mot mots"),
    ("day", "day days jour jours"),
    ("week", "week weeks semaine semaines"),
    ("month", "month months mois"),
    ("year", "year years an ans annee annees"),
    ("hour", "hour hours heure heures"),
    ("minute", "minute minutes"),
    (
        "crawl",
        "crawl crawls visit visits visite visites pass passes passage passages releve releves",
    ),
    ("observation", "observation observations"),
    ("change", "change changes changement changements"),
    ("country", "country countries pays"),
    ("collection", "collection collections"),
];

const UNITS: &[(&str, &str)] = &[
    ("t", "t tonne tonnes ton tons"),
    ("mg", "mg milligram milligrams milligramme milligrammes"),
    ("mcg", "mcg µg μg microgram micrograms"),
    ("dl", "dl decilitre decilitres"),
    ("hl", "hl hectolitre hectolitres"),
    ("dm", "dm decimetre decimetres"),
    ("nm", "nm nanometre nanometres"),
    ("mw", "mw"),
    ("wh", "wh"),
    ("kwh", "kwh"),
    ("mv", "mv"),
    ("kv", "kv"),
    ("ah", "ah"),
    ("hz", "hz hertz"),
    ("khz", "khz"),
    ("mhz", "mhz"),
    ("ghz", "ghz"),
    ("db", "db decibel decibels"),
    ("bar", "bar bars"),
    ("psi", "psi"),
    ("px", "px pixel pixels"),
    ("mp", "mp megapixel megapixels"),
    ("kb", "kb"),
    ("yd", "yd yard yards"),
    ("gal", "gal gallon gallons"),
    ("pt", "pint pints"),
    ("g", "g gram grams gramme grammes gr"),
    (
        "kg",
        "kg kilo kilos kilogram kilograms kilogramme kilogrammes",
    ),
    ("ml", "ml millilitre millilitres milliliter milliliters"),
    ("cl", "cl centilitre centilitres"),
    ("l", "l litre litres liter liters"),
    ("mm", "mm millimetre millimetres millimeter millimeters"),
    ("cm", "cm centimetre centimetres centimeter centimeters"),
    ("m", "m metre metres meter meters"),
    ("km", "km kilometre kilometres kilometer kilometers"),
    ("inch", "inch inches pouce pouces"),
    ("ft", "ft feet foot pied pieds"),
    ("oz", "oz ounce ounces once onces"),
    ("lb", "lb lbs"),
    ("w", "w watt watts"),
    ("kw", "kw kilowatt kilowatts"),
    ("v", "v volt volts"),
    ("mah", "mah"),
    ("gb", "gb gigabyte gigabytes"),
    ("tb", "tb terabyte terabytes"),
    ("mb", "mb"),
    ("lumen", "lm lumen lumens"),
    ("kelvin", "k kelvin"),
];
