// The names that HTML 4 and XHTML 1 give to characters; a book uses them without declaring them. From their lists:
// https://www.w3.org/TR/xhtml1/dtds.html#h-A2

/** From U+00A0 to U+00FF, in order. */
const LATIN = `
nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo
frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve
Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute
ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml`;

/** Each after its code in base 36. */
const OTHERS = `
9e OElig  9f oelig  9s Scaron  9t scaron  ag Yuml  b6 fnof  jq circ  kc tilde  pd Alpha  pe Beta  pf Gamma  pg Delta  ph Epsilon  pi Zeta  pj Eta
pk Theta  pl Iota  pm Kappa  pn Lambda  po Mu  pp Nu  pq Xi  pr Omicron  ps Pi  pt Rho  pv Sigma  pw Tau  px Upsilon  py Phi  pz Chi  q0 Psi  q1 Omega
q9 alpha  qa beta  qb gamma  qc delta  qd epsilon  qe zeta  qf eta  qg theta  qh iota  qi kappa  qj lambda  qk mu  ql nu  qm xi  qn omicron  qo pi
qp rho  qq sigmaf  qr sigma  qs tau  qt upsilon  qu phi  qv chi  qw psi  qx omega  r5 thetasym  r6 upsih  ra piv  6bm ensp  6bn emsp  6bt thinsp
6bw zwnj  6bx zwj  6by lrm  6bz rlm  6c3 ndash  6c4 mdash  6c8 lsquo  6c9 rsquo  6ca sbquo  6cc ldquo  6cd rdquo  6ce bdquo  6cg dagger  6ch Dagger
6ci bull  6cm hellip  6cw permil  6cy prime  6cz Prime  6d5 lsaquo  6d6 rsaquo  6da oline  6dg frasl  6gc euro  6j5 image  6jc weierp  6jg real
6jm trade  6k5 alefsym  6mo larr  6mp uarr  6mq rarr  6mr darr  6ms harr  6np crarr  6og lArr  6oh uArr  6oi rArr  6oj dArr  6ok hArr  6ps forall
6pu part  6pv exist  6px empty  6pz nabla  6q0 isin  6q1 notin  6q3 ni  6q7 prod  6q9 sum  6qa minus  6qf lowast  6qi radic  6ql prop  6qm infin
6qo ang  6qv and  6qw or  6qx cap  6qy cup  6qz int  6r8 there4  6rg sim  6rp cong  6rs asymp  6sg ne  6sh equiv  6sk le  6sl ge  6te sub  6tf sup
6tg nsub  6ti sube  6tj supe  6tx oplus  6tz otimes  6ud perp  6v9 sdot  6x4 lceil  6x5 rceil  6x6 lfloor  6x7 rfloor  6y1 lang  6y2 rang  7gq loz
7kw spades  7kz clubs  7l1 hearts  7l2 diams`;

/** @type {Record<string, string>} */
export const ENTITIES = {};
LATIN.trim().split(/\s+/).forEach((name, i) => { ENTITIES[name] = String.fromCodePoint(0xa0 + i); });
for (const [, code, name] of OTHERS.matchAll(/(\w+) (\w+)/g)) ENTITIES[name] = String.fromCodePoint(parseInt(code, 36));
