//! English.

mod number;

pub(in super::super) use number::{FRACTIONS, MONTHS, NUMBERS, ORDINALS};

use super::Sense::{
    self, After, Ahead, All, Available, Back, Before, Behind, Best, Bestseller, Cheapest, Claim,
    Discount, Down, DownPrice, Free, From, Gone, Great, Highest, Idle, Least, Less, Limited,
    Middle, More, Most, New, Now, One, Order, Perk, Popular, Restocked, Unavailable, Up, UpPrice,
    Vague,
};

pub(super) const NEGATIONS: &[&str] = &[
    "not", "no", "never", "without", "neither", "nor", "none", "isn", "aren", "wasn", "weren",
    "hasn", "haven", "doesn", "don", "didn", "cannot", "can't", "lacks", "lack", "nothing",
    "hardly", "couldn", "zero",
];

/// The longest phrase that fits counts.
pub(super) const PHRASES: &[(Sense, &str)] = &[
    (
        Perk,
        "freebie|s, no shipping, rock bottom, cheap, price match|ed, price matched, extra discount, \
        extra reduction, members, member price, checkout, at checkout, for the price of, second reduction, \
        further reduction|s, further discount|s, additional discount|s, extra savings, low price|s, knock down, \
        giving away, unbelievable price, dirt cheap, budget price",
    ),
    (All, "all, every, each, both, entire"),
    (One, "only one, just one, a single, one single, single"),
    (
        Now,
        "costs, price is, priced at, sells for, goes for, price stands at",
    ),
    (
        Vague,
        "this morning, this afternoon, tonight, last night, last weekend, this weekend, last summer, \
        last winter, last spring, last autumn, this spring, this summer, monday, tuesday, wednesday, thursday, \
        friday, saturday, sunday, quarter of 2025, second quarter, first quarter, third quarter, \
        fourth quarter, every week, every day, every month, christmas, easter, recently, lately, just now, \
        a while back, days ago, weeks ago",
    ),
    (
        Up,
        "rise|s, rose, risen, rising, climb|s|ed|ing, increase|s|d, increasing, jump|s|ed|ing, grew, \
        grow|s|n|ing, growth, surge|s|d, surging, soar|s|ed|ing, gain|s|ed|ing, up, upward|s, upswing, higher, \
        hike|s|d, raised, raise|s, raising, advance|s|d, advancing, moved up, went up, gone up, improve|s|d, \
        improving, improvement, rallied, rebound|s|ed, uptick, spike|s|d, swelled, ascended, rocketed, leapt, \
        leaped, crept up, edged up, ticked up, strengthened, inched up, on the rise",
    ),
    (
        Down,
        "fell, fall|s|en|ing, drop|s|ped|ping, decrease|s|d, decreasing, decline|s|d, declining, lower|s|ed|ing, \
        slip|s|ped|ping, lost, lose|s, losing, slid, slide|s, sliding, down, downward|s, downswing, \
        dip|s|ped|ping, sank, sunk, sinking, plunge|s|d, plunging, tumble|s|d, tumbling, shrank, shrunk, \
        shrinking, weaken|s|ed, retreat|s|ed, went down, gone down, came down, ease|s|d, easing, slump|s|ed, \
        collapsed, dwindled, worsened, worsen|s, receded, downtick, descended, plummeted, plummets, edged down, \
        trimmed",
    ),
    (
        UpPrice,
        "dearer, pricier, costlier, more expensive, less affordable, more costly, price hike|s, price rise|s, \
        price increase|s, costs more, cost more, less cheap",
    ),
    (
        DownPrice,
        "cheaper, less expensive, more affordable, less costly, costs less, cost less, price fall|s, \
        price drop|s, price decrease|s, price decline|s, cut to, cut from, cut the price|s, cut its price|s, \
        cut their price|s, cuts the price|s, cuts its price|s, cutting the price|s, price was cut, cut price|s, \
        was cut, were cut, been cut, cut by",
    ),
    (
        Idle,
        "up to, lower end, upper end, higher end, lower bound, upper bound, make|s up, made up, lower half, \
        low end, high end, best before, at best, for sale, on offer from, set up, pick up, follow up, lines up, \
        lined up, back cover, back panel, new price|s, free of, sign up to date, up to date, down jacket, \
        round up, sums up, sum up, broken down, breaks down, break down, most of, at most, at the most, \
        for the most part, most recent, most recently, lost and found, adds up, add up, backed up, ends up, \
        at least, at the least, last but not least, going back, dates back, looking back, back to, back side, \
        falls between, fall between, falls within, fall within, up close, drop shipping, drop down, raise|s no, \
        new crawl|s",
    ),
    (
        Unavailable,
        "sold out, out of stock, unavailable, sell out, sells out, selling out, ran out, run out, runs out, \
        no longer be bought, cannot be bought, can not be bought, unbuyable, backordered, on backorder",
    ),
    (
        Available,
        "available, in stock, can be bought, buyable, purchasable, can be purchased, availability, \
        can be ordered",
    ),
    (
        Idle,
        "availability is unknown, availability is not known, stock photo|s",
    ),
    (
        Restocked,
        "back in stock, restocked, restock|s, available again, back on sale, replenished, in stock again, \
        bought again, returned to stock, come|s back in stock, came back in stock, coming back in stock, \
        comes back into stock, return|s|ed in stock, came back into stock, back into stock, back on the shelves, \
        back on shelves",
    ),
    (
        Gone,
        "gone, removed, delisted, disappeared, no longer in, left its, left their, left the shop, left the list, \
        vanished, withdrawn, discontinued, no longer listed, pulled, taken down, left the catalogue, \
        left the catalog, dropped out of the catalogue, missing from the catalogue, unlisted, dropped out, dropped off, fell off, fell out, \
        exit|s|ed, drops out, leave|s the list, leaving the list, leave|s its, leaving its, missing from its list, \
        missing from the list, absent from",
    ),
    (
        Back,
        "back, returned, reappeared, came back, relisted, return|s, listed again",
    ),
    (
        New,
        "newcomer|s, new arrival|s, newly, new product|s, is new, are new, brand new, new entry, new entries, \
        just launched, just arrived, new in, launched, debut|s|ed, freshly listed, first seen, joined its list, joined the list, joined their lists, joins the list, new item|s, \
        a new addition, was added, were added, added to, added, was new, were new, new",
    ),
    (
        Discount,
        "discount|s|ed|ing, on sale, sale|s price, sale, off, reduced, reduction|s, reduce|s, reducing, \
        markdown|s, marked down, mark down, promo|s, promotion|s, promotional, save|s|d, saving|s, price cut|s, \
        cut price, slash|ed|es|ing, knocked, instead of, compare at, half price, usual price, regular price, \
        original price, original|ly priced, rrp, msrp, recommended price, list price, crossed out, \
        struck through, strikethrough, normally, special price, undercut|s, money off, price reduction|s, \
        offer price, introductory price, markdowns, discounting, price break|s, cut rate, below its usual, \
        below the usual, below its regular, below the regular, below its original, below list",
    ),
    (
        Perk,
        "coupon|s, voucher|s, gift|s, free, costs nothing, cost nothing, for nothing, no charge, on the house, \
        bargain|s, deal|s, clearance, flash sale|s, rebate|s, cashback, giveaway|s, black friday, cyber monday, \
        buy one, bogo, steal, throws in, thrown in, gratis, complimentary, promo code|s, special offer|s, \
        loyalty, second one, two for one",
    ),
    (
        Ahead,
        "ahead of, in front of, beats, outranks, outscores, precedes, followed by, above the",
    ),
    (Behind, "behind, trails, trailing, preceded by, beaten by"),
    (More, "more than, more, above, over"),
    (Less, "less than, less, below, under, beneath"),
    (
        Middle,
        "median, average, mean, on average, typical, typically",
    ),
    (
        Best,
        "best, top, number one, no 1, leading, leader, leads, winner|s, wins, won, tops, topped, topping, \
        champion, chart topper, top ranked, top rated, top notch, unrivalled, unrivaled, unmatched, unbeatable, \
        unbeaten, finest, ultimate, supreme, first choice, ahead of all, foremost, second to none",
    ),
    (
        Bestseller,
        "best selling, best seller|s, bestseller|s, bestselling, top selling, top seller|s, hot seller, \
        fastest selling, selling fast, sells fast, most sold, fast selling",
    ),
    (
        Popular,
        "popular, most popular, favourite|s, favorite|s, beloved, loved, much loved, sought after, most wanted, \
        in demand, trending, hit, trendy, acclaimed, renowned, famous, cult, iconic, highly rated, \
        well reviewed",
    ),
    (
        Great,
        "perfect, excellent, outstanding, exceptional, amazing, incredible, superb, fantastic, great, stunning, \
        must have, revolutionary, world class, premium, luxury, luxurious, exclusive, exclusively, unique, \
        superior, high quality, top quality, finest quality, remarkable, ideal, wonderful, awesome, unmissable, \
        irresistible, flawless, legendary",
    ),
    (
        Claim,
        "guarantee|s|d, clinically proven, clinically tested, clinically, proven, scientifically, organic, \
        eco friendly, eco, ecological, environmentally friendly, sustainable, sustainably, award, \
        award winning, awards, awarded, certified, fair trade, carbon neutral, biodegradable, hypoallergenic, \
        dermatologically tested, doctor recommended, risk free, lifetime warranty, warranty, money back, \
        recommended by, endorsed, approved, natural ingredients, all natural, non toxic, cruelty free, \
        patented",
    ),
    (
        Free,
        "free shipping, free delivery, free return|s, free gift, ships free, shipped free, delivered free, \
        free of charge, for free, free postage, at no extra cost",
    ),
    (
        Limited,
        "limited edition, limited offer, limited time, limited stock, limited quantity, limited quantities, \
        limited series, while stocks last, while supplies last, last chance, selling quickly, only a few left, \
        hurry, almost gone, nearly gone, running out, limited availability, limited run, few left, going fast",
    ),
    (
        Cheapest,
        "cheapest, lowest, lowest price|d, most affordable, least expensive, lowest cost, best value, \
        best price, value for money, all time low, record low, unbeatable price, lowest ever, minimum, minimal",
    ),
    (
        Highest,
        "highest, dearest, most expensive, priciest, costliest, all time high, record high, maximum, maximal",
    ),
    (
        Most,
        "most, biggest, largest, newest, oldest, fastest, strongest, longest, smallest, greatest, richest, \
        widest, steepest, sharpest, weakest, worst, poorest, heaviest, lightest, safest, softest, brightest, \
        shortest, slowest, hottest, only product",
    ),
    (
        Least,
        "as low as, as little as, starting at, starting from, start|s at, start|s from, at least, least, \
        begin|s at, begin|s from, opens at, beginning at, no less than, upward of, upwards of",
    ),
    (
        Order,
        "as high as, up to, at most, as much as, as many as, no more than, top out at, tops out at, \
        maxes out at, at the most, capped at, greatest price, upper price",
    ),
    (From, "from"),
    (
        Before,
        "was, were, previously, formerly, before, used to be, instead of, down from, up from, used to cost, \
        initially, originally, earlier, compared with, compared to, after, against, rather than",
    ),
    (
        After,
        "now, currently, today, at present, presently, since then",
    ),
    (
        Vague,
        "a fraction of, hundreds, thousands, millions, scores of, dozens, countless, yesterday, tomorrow, last week, \
        last month, last year, this week, this month, this year, next week, next month, ago, couple of, \
        a handful, overnight, twice as, weekend",
    ),
];

pub(super) const STOP_WORDS: &str = "\
    the a an of and is are was were be been in at with for to has have had it its by from this that these \
    those which who but or not no as their they there than then now so up out all each also into between over \
    under still both only while when where since can will would may more most other some any one price priced \
    prices costs product products on shows stands comes made available ranks";
