//! Common nouns at the start of a sentence, where a capital makes no name: `Huile d’olive`, `Sac à dos`, `Hand-knotted`.

use std::collections::HashSet;

use catalog::Language;

use crate::validate::Part;
use crate::validate::extract::{Kind, Passage, Token, lexicon};

/// Returns the words that a draft writes in small letters: those are no names wherever they stand.
pub(in crate::validate) fn small_words<'a>(
    passages: impl Iterator<Item = &'a Passage>,
) -> HashSet<String> {
    let mut found = HashSet::new();
    for tokens in passages.map(|it| &it.tokens) {
        // `kumo` of `kumo.example` is a part of a host.
        let is_of_host = |at: usize| {
            let is_inner = |it: usize| tokens.get(it).is_some_and(|it| it.is_glued);
            let is_point = |it: Option<usize>| it.is_some_and(|it| tokens[it].is_mark('.'));
            (is_inner(at + 2) && is_inner(at + 1) && tokens[at + 1].is_mark('.'))
                || (is_inner(at) && is_point(at.checked_sub(1)))
        };
        for (at, token) in tokens.iter().enumerate() {
            let word = token.word();
            if word.len() > 2 && is_small(token) && token.quote.is_none() && !is_of_host(at) {
                found.insert(word.to_owned());
            }
        }
    }
    found
}

fn is_small(token: &Token) -> bool {
    !token.word().is_empty() && !token.is_capitalized()
}

/// Returns whether the first word of a sentence, which no cited fact has, is a thing and not its name.
pub(super) fn opens(part: &Part<'_>, at: usize) -> bool {
    let tokens = &part.passage.tokens;
    let next = tokens.get(at + 1);
    if next.is_some_and(|it| it.is_mark(':')) && !part.is_headline {
        return true;
    }
    if part.pool.sheet.language == Language::Fr && opens_french(part, at) {
        return true;
    }
    // What another product of the list is called, and what stands right before a name, may be a name.
    let is_name = part.pool.is_name_word(tokens[at].word())
        || next.is_some_and(|it| it.is_capitalized() || it.is_mark('«') || it.is_mark('“'));
    !is_name && (is_thing(part, at) || is_compound(tokens, at))
}

fn is_thing(part: &Part<'_>, at: usize) -> bool {
    let word = part.passage.tokens[at].word();
    let things = match part.pool.sheet.language {
        Language::En => EN_THINGS,
        Language::Fr => FR_THINGS,
    };
    let one = word.strip_suffix(['s', 'x']).unwrap_or(word);
    let is_listed = || lexicon::has(things, word) || lexicon::has(things, one);
    // Where the sheet says itself what is sold, another thing is another product.
    let is_said = || {
        let mut things = things.split_whitespace();
        things.any(|it| part.pool.is_name_word(it))
    };
    part.small.contains(word) || (!part.pool.sheet.is_list && is_listed() && !is_said())
}

/// `Hand-knotted`, `Porte-clés`
fn is_compound(tokens: &[Token], at: usize) -> bool {
    let is_glued = |n: usize| tokens.get(at + n).filter(|it| it.is_glued);
    is_glued(1).is_some_and(|it| it.is_mark('-'))
        && is_glued(2).is_some_and(|it| it.word().len() > 3 && is_small(it))
}

/// `Tige en cuir`, `Casque Kumo`, `Carnet de 192 pages`, `Planche à découper`
fn opens_french(part: &Part<'_>, at: usize) -> bool {
    let tokens = &part.passage.tokens;
    let word = |n: usize| tokens.get(at + n).map_or("", Token::word);
    let small = |n: usize| tokens.get(at + n).is_some_and(is_small);
    const STATES: &[&str] = &[
        "rupture",
        "tete",
        "stock",
        "baisse",
        "hausse",
        "recul",
        "promotion",
        "vente",
    ];
    // `Kumo à partir de 40 EUR`, `Kumo à la place 3`
    const BEHIND_A_NAME: &[&str] = &[
        "la", "le", "l", "les", "un", "une", "partir", "prix", "moins", "plus", "environ",
        "moitie", "nouveau", "court", "venir", "egalite", "hauteur", "bas", "demi", "cote",
    ];
    let counts = || {
        let quantities = &part.passage.quantities;
        let mut quantities = quantities.iter().filter(|it| it.start == at + 2);
        quantities.any(|it| {
            let behind = tokens.get(it.end);
            it.kind == Kind::Count && behind.is_some_and(|it| it.word().len() > 2 && is_small(it))
        })
    };
    match word(1) {
        "de" => small(2) || counts(),
        "du" | "et" => small(2),
        "d" => true,
        "en" => small(2) && !STATES.contains(&word(2)),
        "pour" if counts() => true,
        "pour" => small(2) && !BEHIND_A_NAME.contains(&word(2)),
        "a" if tokens[at + 1].text == "à" => small(2) && !BEHIND_A_NAME.contains(&word(2)),
        next => {
            let is_name = tokens.get(at + 1).is_some_and(Token::is_capitalized);
            is_name && !next.is_empty() && part.pool.has_word(next)
        }
    }
}

/// What shops sell, where the title says it in another language or not at all.
const EN_THINGS: &str = "\
    armchair backpack bag basket bath bed belt bench bike blanket board boot bottle bowl bracelet cable camera candle cap \
    carpet chair charger cheese chocolate clock coat coffee cream cup cushion desk dress drill duvet earring fan \
    gloves glove grill guitar hammer hammock hat headphone headset helmet honey jacket jar jeans jewel jug kettle keyboard \
    knife lamp lantern laptop mattress mirror monitor mouse mug necklace notebook oil oven pan pants pen pencil phone \
    pillow plate pot printer puzzle racket ring rope rug sandal saw scarf screen serum shampoo shelf shirt shoe skirt \
    soap sock sofa speaker spoon stool stroller sweater table tea teapot tent toaster towel toy trousers umbrella vase \
    wallet wardrobe watch wine";
const FR_THINGS: &str = "\
    aspirateur assiette bague balai ballon banc basket batterie bijou bol bonnet botte bottine boucle bougie bouilloire \
    bouteille bracelet brosse cafe cahier canape carnet casque casserole ceinture chaise chapeau chargeur chaussette \
    chaussure chemise clavier collier commode corde couette coussin couteau couverture couvert creme cuiseur ecran \
    echarpe enceinte etagere fauteuil four gant gourde guitare hamac huile imprimante jean jeu jouet jupe lampe lanterne \
    lit livre lunettes machine manteau marteau matelas miel miroir montre moulin nappe oreiller outil pantalon parapluie \
    parfum perceuse plaid planche plat poele portefeuille poussette pull puzzle raquette rideau robe sac sandale savon \
    scie serum serviette shampoing souris table tabouret tapis tasse tente the theiere tournevis trepied trousse vase \
    velo veste vin";
