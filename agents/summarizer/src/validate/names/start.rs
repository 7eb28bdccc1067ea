//! Capitals that make no name: at the start of a sentence, and in headlines that have them everywhere.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use catalog::Language;

use super::thing;
use crate::validate::Part;
use crate::validate::extract::{Kind, Sense, Token, lexicon};

/// Returns whether nothing but marks stands before a token in its sentence, or a colon or a dash.
pub(super) fn opens(tokens: &[Token], at: usize, sentence: &Range<usize>) -> bool {
    let before = &tokens[sentence.start.min(at)..at];
    before
        .iter()
        .all(|it| it.word().is_empty() && it.number().is_none())
        || before.last().is_some_and(|it| {
            it.is_mark(':') || it.is_mark('—') || (it.is_mark('–') && !it.is_glued)
        })
}

/// Returns whether a headline has capitals at most of its longer words.
pub(super) fn is_title_case(part: &Part<'_>) -> bool {
    let longer = part
        .passage
        .tokens
        .iter()
        .filter(|it| it.word().chars().count() > 3);
    let (capitals, all) = longer.fold((0, 0), |(capitals, all), it| {
        (capitals + usize::from(it.is_capitalized()), all + 1)
    });
    all >= 3 && capitals * 10 >= all * 8
}

/// Returns whether the first word of a sentence is no name: a common word, or one that goes on like no name does.
pub(super) fn is_free(part: &Part<'_>, at: usize) -> bool {
    let tokens = &part.passage.tokens;
    let word = tokens[at].word();
    let language = part.pool.sheet.language;
    let inner_capital = tokens[at].text.chars().skip(1).any(char::is_uppercase);
    let has_phrase = part
        .passage
        .marks
        .iter()
        .any(|it| (it.start..it.end).contains(&at) && it.sense != Sense::Idle);
    let is_quantity = part
        .passage
        .quantities
        .iter()
        .any(|it| it.start == at && it.kind != Kind::Time);
    if inner_capital {
        return false;
    }
    let is_participle = language == Language::Fr
        && word.len() > 5
        && ["é", "ée", "és", "ées"]
            .iter()
            .any(|it| tokens[at].text.ends_with(it));
    if is_participle
        || is_common(word, language)
        || has_phrase
        || is_quantity
        || has_common_ending(word, language)
    {
        return true;
    }
    if thing::opens(part, at) {
        return true;
    }
    let Some(next) = tokens.get(at + 1) else {
        return false;
    };
    // `Lumina costs`, `Lumina’s`, `Lumina, at`, `Lumina by`: only names go on so.
    let goes_on_like_name =
        next.word().is_empty() || next.is_capitalized() || is_verb_or_preposition(next.word());
    !goes_on_like_name
}

fn has_common_ending(word: &str, language: Language) -> bool {
    let endings: &[&str] = match language {
        Language::En => &["ly", "ing", "ed", "tion", "ment", "ness", "ability"],
        Language::Fr => &["ment", "tion", "ant", "ite"],
    };
    word.len() > 5 && endings.iter().any(|it| word.ends_with(it))
}

pub(in crate::validate) fn is_common(word: &str, language: Language) -> bool {
    let starts = match language {
        Language::En => &*ENGLISH,
        Language::Fr => &*FRENCH,
    };
    lexicon::is_stop_word(word, language) || lexicon::noun(word).is_some() || starts.contains(word)
}

fn is_verb_or_preposition(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "is", "has", "was", "had", "costs", "cost", "fell", "rose", "sells", "comes", "offers",
        "stands", "ranks", "ranked", "remains", "stays", "holds", "leads", "sits", "went",
        "dropped", "climbed", "takes", "made", "keeps", "starts", "runs", "gets", "carries", "can",
        "scores", "scored", "shows", "lists", "features", "moved", "slipped", "gained", "lost",
        "now", "and", "by", "from", "at", "with", "in", "for", "on", "of", "s", "vs", "against",
        "tops", "beats", "among", "parmi", "follows", "became", "left", "returned", "sold", "est",
        "a", "coute", "affiche", "propose", "occupe", "reste", "passe", "compte", "se", "figure",
        "arrive", "monte", "baisse", "existe", "possede", "dispose", "obtient", "etait", "par",
        "de", "d", "en", "avec", "chez", "pour", "dans", "sur", "et", "aussi", "mene", "devance",
        "gagne", "perd", "recule", "vient", "revient",
    ];
    WORDS.contains(&word)
}

static ENGLISH: LazyLock<HashSet<&str>> = LazyLock::new(|| EN_STARTS.split_whitespace().collect());
static FRENCH: LazyLock<HashSet<&str>> = LazyLock::new(|| FR_STARTS.split_whitespace().collect());

const EN_STARTS: &str = "\
    i we you your he she his her my our if after before during until because however although though despite \
    whether with within without across among above below beyond behind under about around against per via \
    like unlike including given thanks due according based compared overall here there what how why every \
    each either neither many much few several both another such same just even yet once twice again never \
    always often sometimes today note please no not nothing none yes less fewer half part set availability \
    stock stocks supply pricing price cost costs value figures data facts numbers sales demand customers \
    shoppers buyers sellers seller retailer merchant catalogue catalog listing listed lists history coverage \
    popularity confidence details description colour colours color colors size sizes options option materials \
    material delivery shipping currency date dates time period sample results result summary overview \
    headline update news performance strengths strength strong stronger weak weaker weaknesses strongest \
    weakest main key good better bad high low higher lower mid full partial solid steady stable unchanged \
    small large big long short wide broad narrow simple single new old recent recently early late later \
    current currently previous previously original latest fresh sold made seen observed published tagged \
    priced ranked offered stocked spotted placed crafted available unavailable missing unknown known \
    simulated estimated limited certain clear little lots plenty place position rank ranking rankings score \
    scores points second third first last next runner close trailing following followed elsewhere meanwhile \
    moreover furthermore additionally also besides otherwise instead still then thus hence therefore so as \
    since between change changes movement movements increase increases decrease rise rises fall falls drop \
    drops gain gains item items goods line range selection assortment choice collection segment group list \
    table entry entries everything anything nobody everyone people tags images pictures photos variants \
    brands vendors types shops stores products prices expect check keep mind be bear read see one two three \
    four five six seven eight nine ten rated well out back on off up down over total altogether together only \
    almost nearly roughly approximately exactly precisely stated states reported discounts discount quick \
    brief snapshot profile at to spread positioned classified categorised categorized described called named \
    branded labelled labeled sporting caution warning beware careful competition rivals peers neighbours \
    absent present visible identical equal similar ideal compact adjustable suitable sturdy light heavy soft \
    warm cold modern classic elegant comfortable practical versatile perfect intended meant built bought gone \
    back shown known given kept held won left sent grown risen fallen become begun drawn worn cut set put brass \
    wood wooden cotton wool leather linen steel glass stone ceramic plastic metal paper silk denim rubber \
    merino bamboo oak pine walnut copper iron gold silver black white red blue green grey gray brown beige pink \
    interest movement traffic trade business brand vendor type category tag image picture photo variant shop \
    store place reduction freshness presentation rating ratings review reviews trend trends stockouts \
    newcomers newcomer departures arrivals weights odds chances \
    leader winner winners losers movers everyday shop market mixed more most";

const FR_STARTS: &str = "\
    je tu nous vous on si apres avant pendant durant car cependant toutefois pourtant malgre bien selon parmi \
    hors vers contre voici voila quel quelle comment pourquoi chaque chacun chacune plusieurs certains \
    certaines quelques peu beaucoup autre autres tel telle meme encore deja jamais toujours souvent parfois \
    aujourd hui hier note attention rien aucun aucune non oui actuellement desormais maintenant enfin ensuite \
    puis alors donc or ainsi aussi outre sinon sauf seul seule seuls seules tout toute tous toutes moitie \
    cote quant face grace compte etant vu vue vus parce lorsque quand lors notre votre vos nos mes mon ma \
    celui celle ceux celles cela ceci c j m t s qu jusqu d l n disponibilite disponible disponibles stock \
    stocks prix tarif tarifs cout valeur chiffres donnees faits ventes vente demande clients acheteurs \
    vendeur catalogue liste listes historique couverture popularite details description couleur couleurs \
    taille tailles options option matiere matieres livraison devise monnaie date dates periode echantillon \
    resultats resultat resume apercu bilan nouvelles points point forces force faiblesse faiblesses atout \
    atouts principal principale principaux bon bonne bons bonnes haut bas petit petite grand grande large \
    simple unique nouveau nouvelle nouveaux ancien ancienne recent recente actuel actuelle precedent vendu \
    vendue vendus vendues fabrique fabriquee observe observee publie publiee etiquete etiquetee classe \
    classee classement propose proposee proposes offert inconnu connu simule simulee estime place placee \
    position rang score deuxieme troisieme premier premiere dernier derniere second seconde suivi suivie \
    ailleurs parallelement changement changements mouvement mouvements evolution hausse hausses baisse \
    baisses recul gain gains article articles gamme selection choix collection segment groupe tableau entree \
    entrees tags images photos variantes marques marque types type boutiques boutique produits produit \
    etiquettes etiquette un une deux trois quatre cinq six sept huit neuf dix environ presque exactement \
    precisement seulement uniquement total ensemble remise remises reduction affiche affichee situe situee \
    decrit decrite nomme nommee appele appelee baptise baptisee reste prudence fort forte faible faibles \
    forts stable stables inchange inchangee complet partiel commercialise commercialisee signe signee edite \
    absent absente absents absentes present presente visible visibles identique egal egale ideal ideale compact \
    compacte orientable reglable disponibilites jolie joli leger legere fin fine solide elegant elegante moderne \
    confortable pratique polyvalent polyvalente destine destinee concu concue livre livree fourni fournie fabrique \
    compose composee compris comprise comptant figurant affichant proposant cotee sorti sortie entrant entrante \
    arrive arrivee monte montee descendu descendue revenu revenue issu issue venu venue vus vues epuises epuisees \
    reapprovisionne aucunes elles ils elle il ce cette ces son sa ses leur leurs \
    decline declinee concurrence rivaux derriere devant entre dote dotee muni munie repere reperee apparu \
    apparue lance lancee ouverture gros voir retour rupture epuise epuisee passe passee a au aux marche mise \
    mises leader tete choisi choisie choisis choisies";
