//! French.

mod number;

pub(in super::super) use number::{FRACTIONS, MONTHS, NUMBERS, ORDINALS};

use super::Sense::{
    self, After, Ahead, All, Available, Back, Before, Behind, Best, Bestseller, Cheapest, Claim,
    Discount, Down, DownPrice, Free, From, Gone, Great, Highest, Idle, Least, Less, Limited,
    Middle, More, Most, New, Now, One, Order, Perk, Popular, Restocked, Unavailable, Up, UpPrice,
    Vague,
};

pub(super) const NEGATIONS: &[&str] = &[
    "pas", "sans", "aucun", "aucune", "jamais", "ni", "non", "plus", "nul", "nulle", "guere",
    "zero",
];

/// The longest phrase that fits counts.
pub(super) const PHRASES: &[(Sense, &str)] = &[
    (Up, "gonfle|e|s|es, enfle|e"),
    (
        Down,
        "a fondu, ont fondu, se tasse|nt, s est tasse|e, rabote|e|s",
    ),
    (
        Perk,
        "a saisir, prix choc, prix doux, frais de port, sans frais de port, tout petit prix, pas cher, \
        bon marche, prix membre, membres, deuxieme reduction, remise supplementaire, reduction supplementaire, \
        prix sacrifie|s",
    ),
    (
        All,
        "tous, toutes, chaque, chacun, chacune, ensemble des, totalite",
    ),
    (One, "un seul, une seule, seul, seule"),
    (
        Now,
        "coute|nt, prix est de, prix actuel est de, vendu|e|s|es a, vend a, affiche|e|s|es a",
    ),
    (
        Vague,
        "ce matin, cet apres midi, ce soir, cette nuit, week end dernier, ce week end, le week end, lundi, \
        mardi, mercredi, jeudi, vendredi, samedi, dimanche, trimestre, semestre, chaque semaine, chaque jour, \
        chaque mois, toutes les semaines, tous les jours, tous les mois, noel, paques, recemment, dernierement, \
        printemps dernier, automne dernier, hiver dernier, l ete dernier",
    ),
    (
        Up,
        "augmente|e|s|es|nt, augmenter, augmentait, augmentation|s, hausse|s, monte|e|s|es|nt, monter, montee|s, \
        grimpe|e|s|es|nt, grimper, progresse|e|s|es|nt, progression|s, progresser, gagne|e|s|es|nt, gagner, \
        gain|s, bondi|t|e|s, bond, envole|e|s|es, envolee, accru|e|s|es, accroissement, accroit, \
        plus eleve|e|s|es, plus haut|e|s|es, avance|nt, croissance, croit, remonte|e|s|es|nt, remontee, \
        est releve|e, a ete releve|e, relevee|s, majore|e|s|es, majoration, rehausse|e|s|es, ameliore|e|s|es, amelioration, rebondi|t, \
        en haut, vers le haut, superieur|e|s|es a, superieur|e|s|es au, flambe|e|s, flambee, explose|e, s eleve de, ascension, revu a la hausse, \
        redresse|e|s|es",
    ),
    (
        Down,
        "baisse|e|s|es|nt, baisser, baissait, diminue|e|s|es|nt, diminution|s, diminuer, recule|e|s|es|nt, \
        recul|s, reculer, chute|e|s|es|nt, chuter, descendu|e|s|es, descend|ent, descendre, descente, \
        perd|u|ue|us|ues|ent, perdre, perte|s, abaisse|e|s|es|nt, abaissement, plus bas|se|ses, degringole|e|s, \
        flechi|t|e, flechissement, tombe|e|s|es|nt, tomber, cede|nt, repli, replie|e, glisse|e|s|es|nt, \
        plonge|e|nt, plongeon, effondre|e|s, degrade|e|s, degradation, moindre, decru, decroit, \
        regresse|e|s|nt, regression, revu a la baisse, vers le bas, amorce une baisse, inferieur|e|s|es a, inferieur|e|s|es au, retombe|e|s|es|nt",
    ),
    (
        UpPrice,
        "plus cher|s, plus chere|s, plus onereux, plus onereuse|s, plus couteux, plus couteuse|s, \
        rencheri|e|s|t|es, rencherissement, moins abordable|s, hausse|s de prix, augmentation|s de prix, \
        hausse|s du prix, augmentation|s du prix",
    ),
    (
        DownPrice,
        "moins cher|s, moins chere|s, moins onereux, moins onereuse|s, moins couteux, moins couteuse|s, \
        plus abordable|s, baisse|s de prix, baisse|s du prix, diminution|s de prix, diminution|s du prix",
    ),
    (
        Idle,
        "au mieux, jusqu en haut, nouveau prix, nouveaux prix, tombe entre, plus ou moins, tout au plus, \
        au plus, de plus en plus, en plus, de plus, ne plus, revient a, reviennent a, lui revient, lui reviennent, leur revient, leur reviennent, montant, mise en avant, \
        avance que, en bas de, prix bas, le plus souvent, le plus recent, la plus recente, les plus recents, \
        les plus recentes, le plus recemment, au moins",
    ),
    (
        Unavailable,
        "epuise|e|s|es, indisponible|s, rupture de stock, en rupture, rupture|s, plus en stock, hors stock, \
        plus disponible|s, plus achetable|s, indisponibilite, plus etre achete|e|s|es, \
        ne peut etre achete|e|s|es, introuvable|s",
    ),
    (
        Available,
        "disponible|s, en stock, peut etre achete|e, peuvent etre achete|e|s|es, achetable|s, disponibilite, \
        peut s acheter, peuvent s acheter",
    ),
    (
        Restocked,
        "de nouveau disponible|s, a nouveau disponible|s, nouveau disponible|s, de nouveau en stock, \
        a nouveau en stock, nouveau en stock, de retour en stock, reapprovisionne|e|s|es, reapprovisionnement, \
        redevenu|e|s|es disponible|s, revenu|e|s|es en stock, remis|e|es en stock, remis|e|es en vente, \
        retour en stock, disponible|s de nouveau, disponible|s a nouveau, redevient disponible|s, \
        redeviennent disponibles, redispo, retour en rayon, achete|e|s|es de nouveau, achete|e|s|es a nouveau, \
        en stock de nouveau, en stock a nouveau",
    ),
    (
        Gone,
        "disparu|e|s|es, disparait, disparaissent, disparition|s, retire|e|s|es, retrait|s, dereference|e|s|es, \
        supprime|e|s|es, plus au catalogue, sorti|e|s|es du catalogue, quitte|e|s le catalogue, \
        plus repertorie|e|s|es, plus liste|e|s|es, plus vendu|e|s|es, plus propose|e|s|es, plus dans la liste, \
        quitte|e|s|r|nt la liste, quitte|e|s|r|nt sa liste, quitte|r|nt leur liste, sort|ent de la liste, \
        sorti|e|s|es de la liste, sort|ent du classement, sorti|e|s|es du classement, absent|e|s|es de",
    ),
    (
        Back,
        "de retour, revenu|e|s|es, reapparu|e|s|es, reapparait, reapparaissent, retour, revient, reviennent, \
        reintegre|e|s|es, retrouve sa place, retrouve le catalogue",
    ),
    (
        New,
        "nouveaute|s, nouveau|x produit|s, nouvel arrivant, nouveaux arrivants, nouvelle arrivee, est nouveau, \
        est nouvelle, sont nouveaux, sont nouvelles, tout nouveau, toute nouvelle, vient d arriver, \
        viennent d arriver, vu|e|s|es pour la premiere fois, fait son entree, font leur entree, lance|e|s|es, \
        nouvel article, nouveaux articles, nouveau|x, nouvelle|s, nouvel, apparu|e|s|es, nouvellement, \
        inedit|e|s|es, ajoute|e|s|es",
    ),
    (Idle, "de nouveau, a nouveau"),
    (
        Discount,
        "remise|s, rabais, ristourne|s, promo|s, promotion|s, promotionnel|s|le|les, solde|s|e|es, reduction|s, \
        reduit|e|s|es, au lieu de, au lieu d, prix barre|s, tarif barre, demarque|e|s|es, brade|e|s|es, \
        prix casse|s, ete casse|s, casse|nt les prix, casse|nt le prix, casse|nt son prix, economise|r|z|s|nt, economie|s, prix reduit|s, tarif reduit, moitie prix, \
        prix conseille, prix habituel, prix d origine, prix initial, prix normal, prix de reference, \
        prix de comparaison, prix compare, escompte, decote|e|s, en offre, prix special, tarif preferentiel, \
        prix mini, petit prix, petits prix, deduction, remboursement, sous son prix, habituellement, \
        normalement",
    ),
    (
        Perk,
        "coupon|s, bon d achat, bons d achat, code promo, cadeau|x, offert|e|s|es, bon plan, bons plans, \
        bonne affaire, bonnes affaires, destockage, liquidation, vente|s flash, vente|s privee|s, aubaine|s, \
        black friday, cashback, fidelite, occasion en or, rien a payer, ne coute rien, offre|s speciale|s, \
        deuxieme offert",
    ),
    (
        Ahead,
        "devant, devance|nt, precede|nt, suivi|e|s|es de, suivi|e|s|es du, suivi|e|s|es par",
    ),
    (Behind, "derriere, precede|e|s|es de, devance|e|s|es par"),
    (
        More,
        "de plus que, de plus qu, de plus, au dessus, plus que, plus",
    ),
    (
        Less,
        "de moins que, de moins qu, de moins, en dessous, au dessous, sous, moins que, moins",
    ),
    (
        Middle,
        "median|e|s|es, mediane, moyen|ne|s|nes, en moyenne, moyenne",
    ),
    (
        Best,
        "meilleur|e|s|es, mieux, numero un, numero 1, leader|s, en tete, tete de liste, tete du classement, \
        domine|nt|r, devance tous, champion|ne, gagnant|e|s, vainqueur|s, remporte|nt, imbattable|s, \
        inegale|e|s|es, incomparable|s, ultime|s, reference absolue, incontournable|s, mene, triomphe, top, \
        sommet",
    ),
    (
        Bestseller,
        "meilleure|s vente|s, best seller|s, bestseller|s, les plus vendus, les plus vendues, le plus vendu, \
        la plus vendue, plus vendu|e|s|es, mieux vendu|e|s|es, succes de vente, vend le mieux",
    ),
    (
        Popular,
        "populaire|s, prefere|e|s|es, apprecie|e|s|es, plebiscite|e|s|es, recherche|e|s|es, tendance, \
        favori|s|te|tes, adore|e|s|es, en vogue, produit culte, objet culte, celebre|s, renomme|e|s|es, \
        repute|e|s|es, demandee|s|es, tres demande|e|s|es, plus demande|e|s|es, star, produit|s phare|s, succes, coup de coeur",
    ),
    (
        Great,
        "parfait|e|s|es, excellent|e|s|es, exceptionnel|s|le|les, extraordinaire|s, incroyable|s, superbe|s, \
        fantastique|s, magnifique|s, ideal|e|es, ideaux, revolutionnaire|s, haut de gamme, luxe, luxueux, \
        luxueuse|s, exclusif|s, exclusive|s, exclusivite|s, exclusivement, qualite superieure, remarquable|s, \
        sublime|s, formidable|s, premium, grande qualite, haute qualite, indispensable|s, irresistible|s, \
        merveilleux, merveilleuse",
    ),
    (
        Claim,
        "garanti|e|s|es|t, garantie|s, cliniquement prouve|e|s|es, cliniquement teste|e|s|es, cliniquement, \
        prouve|e|s|es, scientifiquement, bio, biologique|s, ecologique|s, ecoresponsable|s, eco responsable|s, \
        eco, durable|s, prime|e|s|es, recompense|e|s|es, certifie|e|s|es, commerce equitable, \
        neutre en carbone, biodegradable|s, hypoallergenique|s, teste|e|s|es dermatologiquement, \
        dermatologiquement, satisfait ou rembourse, rembourse|e, sans risque, recommande par, recommandee par, \
        approuve|e|s|es, brevete|e|s|es, labellise|e|s|es, elu|e, medaille, prix du jury",
    ),
    (
        Free,
        "livraison gratuite, livraison offerte, port offert, ports offerts, frais de port offerts, \
        gratuit|e|s|es, gratuitement, retours gratuits, sans frais",
    ),
    (
        Limited,
        "edition limitee, editions limitees, serie limitee, offre limitee, stock limite, stocks limites, \
        quantite limitee, quantites limitees, temps limite, duree limitee, dernieres pieces, \
        derniers exemplaires, derniere chance, jusqu a epuisement, presque epuise|e|s|es, \
        bientot epuise|e|s|es, vite",
    ),
    (
        Cheapest,
        "le moins cher, la moins chere, les moins chers, les moins cheres, le plus bas, la plus basse, \
        les plus bas, les plus basses, meilleur prix, meilleur rapport qualite prix, rapport qualite prix, \
        prix plancher, le plus abordable, la plus abordable, minimum, minimal|e, record bas, le plus faible, \
        la plus faible, plus bas historique, jamais vu, moins disant",
    ),
    (
        Highest,
        "le plus cher, la plus chere, les plus chers, les plus cheres, le plus haut, la plus haute, \
        le plus eleve, la plus elevee, les plus eleves, les plus elevees, maximum, maximal|e, prix plafond, \
        record",
    ),
    (
        Most,
        "le plus, la plus, les plus, le moins, la moins, les moins, seul produit",
    ),
    (
        Least,
        "a partir de, a partir d, au moins, commence|nt a, debute|nt a, demarre|nt a, minimum",
    ),
    (
        Order,
        "jusqu a, jusqu au, au plus, tout au plus, culmine|nt a, plafonne|nt a, plafonne|e|s|es, maximum",
    ),
    (From, "de, d"),
    (
        Before,
        "etait, etaient, coutait, valait, au lieu de, au lieu d, contre, apres, plutot que, auparavant, avant, \
        precedemment, initialement, autrefois, anciennement",
    ),
    (
        After,
        "desormais, maintenant, actuellement, aujourd hui, a present, dorenavant",
    ),
    (
        Vague,
        "une fraction de, une fraction du, centaines, milliers, millions, dizaines, douzaines, innombrables, hier, demain, la semaine derniere, \
        il y a peu, il y a quelques, le mois dernier, l an dernier, l annee derniere, cette semaine, \
        ce mois ci, cette annee, une poignee de, une poignee d, une poignee des, du jour au lendemain",
    ),
];

pub(super) const STOP_WORDS: &str = "\
    le la les l de du des d un une et est sont dans au aux avec pour sur il elle ils elles ses son sa leur \
    leurs ce cet cette ces qui que qu ne pas par entre mais ou plus moins en se sous depuis chez ete etait \
    ont ainsi aussi tous toutes tout dont comme sans fait puis prix produit produits n y vendu propose coute \
    reste";
