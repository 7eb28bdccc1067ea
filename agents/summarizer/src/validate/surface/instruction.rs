//! Words that speak to a reader or a model.

use std::ops::Range;
use std::sync::LazyLock;

use catalog::Language;

use crate::validate::evidence::Pool;
use crate::validate::extract::{Passage, Token, lexicon};

pub(super) fn instructs(passage: &Passage, pool: &Pool<'_>) -> bool {
    let tokens: Vec<_> = passage
        .tokens
        .iter()
        .filter(|it| !it.word().is_empty())
        .collect();
    let words: Vec<&str> = tokens.iter().map(|it| it.word()).collect();
    let is_of_title = is_of_title(passage, pool);
    let phrase_at = |at: usize| {
        ANYWHERE.iter().any(|phrase| {
            // `please` in a title asks for nothing.
            if !phrase.contains(' ') && is_of_title(tokens[at]) {
                return false;
            }
            let mut n = at;
            phrase.split(' ').all(|word| {
                n += 1;
                words.get(n - 1) == Some(&word)
            })
        })
    };
    let orders_politely = |token: &Token| {
        let word = token.word();
        token.quote.is_none()
            && word.len() > 4
            && word.ends_with("ez")
            && !pool.is_name_word(word)
            && !lexicon::has(NOT_AN_ORDER, word)
    };
    let begins = |range: &Range<usize>| {
        let tokens = &passage.tokens[range.clone()];
        let first = tokens.iter().position(|it| !it.word().is_empty());
        first.is_some_and(|at| {
            let word = tokens[at].word();
            tokens[at].quote.is_none()
                && lexicon::has(AT_START, word)
                && !pool.is_name_word(word)
                && !is_participle(&tokens[at..])
        })
    };
    (0..words.len()).any(phrase_at)
        || passage.tokens.windows(2).any(names_role)
        || (pool.sheet.language == Language::Fr && tokens.iter().any(|it| orders_politely(it)))
        || passage.sentences.iter().any(begins)
}

/// `Choisis parmi 64`: what was chosen.
fn is_participle(tokens: &[Token]) -> bool {
    matches!(tokens, [first, among, number, ..]
        if first.word() == "choisis" && among.word() == "parmi" && number.number().is_some())
}

/// `system:` as a conversation has it.
fn names_role(pair: &[Token]) -> bool {
    const ROLES: &str = "system assistant user human ai systeme utilisateur developer";
    pair[1].is_mark(':') && pair[1].is_glued && lexicon::has(ROLES, pair[0].word())
}

/// Tells whether a token is part of a title of the facts, with a neighbour of the title beside it.
fn is_of_title<'a>(passage: &'a Passage, pool: &'a Pool<'_>) -> impl Fn(&Token) -> bool + 'a {
    let tokens = &passage.tokens;
    let is_title = |it: &Token| !it.word().is_empty() && pool.is_title_word(it.word());
    move |token| {
        let at = tokens.iter().position(|it| std::ptr::eq(it, token));
        let beside = |it: Option<usize>| it.and_then(|it| tokens.get(it)).is_some_and(is_title);
        let is_beside = at.is_some_and(|at| beside(at.checked_sub(1)) || beside(Some(at + 1)));
        token.is_capitalized() && is_title(token) && is_beside
    }
}

/// Words that speak to somebody wherever they stand.
static ANYWHERE: LazyLock<Vec<&str>> =
    LazyLock::new(|| PHRASES.iter().flat_map(|it| it.split(", ")).collect());

/// In English and in French.
const PHRASES: [&str; 2] = [
    "\
     click, subscribe, sign up, buy now, buy it now, shop now, order now, order today, buy \
     today, call us, call now, call today, visit our, visit us, visit the, follow us, follow \
     these, follow the instructions, ignore all, ignore any, ignore the, ignore previous, \
     ignore prior, ignore your, ignore my, ignore every, ignore these, ignore those, \
     disregard, forget all, forget your, forget the, forget everything, forget previous, \
     system prompt, prompt, instruction, instructions, language model, as an ai, password, \
     api key, secret key, credit card, send to, send me, send your, send us, send an, send a, \
     download, execute, contact us, email us, use code, use the code, promo code, add to \
     cart, add to basket, act now, don t miss, do not miss, get yours, you must, you are now, \
     you are a, you should, don t hesitate, reply with, respond with, answer with, print the, \
     repeat after, developer mode, jailbreak, assistant, assistants, role, dear customer, \
     dear reader, dear ai, hey, please, learn more, read more, find out more, check out, call \
     for, dm us, text us, message us, join us, swipe, tap here, scan the, qr code, \
     newsletter, canary, untrusted, override, new task, end of facts",
    "\
     cliquer, ignore les, ignore tout, ignore toutes, ignore tes, ignore le, ignore la, \
     oublie les, oublie tout, oublie tes, consigne, consignes, mot de passe, cle api, code \
     promo, envoie, envoyer, telecharge, telecharger, abonne toi, clique, achete maintenant, \
     commande maintenant, appelle nous, appeler le, tu dois, vous devez, tu es, vous etes, \
     invite systeme, modele de langage, modele de langue, carte bancaire, carte de credit, \
     ajouter au panier, en savoir plus, s il vous plait, s il te plait, veuillez, cher \
     client, reponds, repete, affiche ton, nouvelle tache, visite notre, suis ces, suis les, \
     assistante, fin des faits",
];

/// Verbs that begin an order to a reader.
const AT_START: &str = "\
    buy get try order grab save enjoy discover choose pick shop visit call \
    send ignore forget follow hurry explore treat upgrade experience reply \
    respond write say print output run open go tell make take use act pretend \
    reveal email contact text join register stop remember consider look don \
    achete commande visite ignore oublie profite decouvre suis reponds ecris \
    envoie essaie choisis prends arrete dis revele imprime execute";

/// French words that end like an order and are none.
const NOT_AN_ORDER: &str = "\
    chez assez nez rez riz fez gonzalez sanchez lopez martinez suez";
