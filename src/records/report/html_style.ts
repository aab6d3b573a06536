// SPDX-License-Identifier: GPL-2.0-or-later
/** A colour for each phase. The colours are distinct for people with red-green colour blindness, on light and dark backgrounds. */
export const phaseColours: Readonly<Record<string, string>> = {
	unpack: '#8a8f98',
	prepare: '#b07aa1',
	configure: '#3f8fc4',
	compile: '#e08a1e',
	test: '#2a9d8f',
	install: '#7a6ff0',
};

const colours = Object.entries(phaseColours)
	.map(([phase, colour]) => `.p-${phase}{background:${colour}}`)
	.join('\n');

export const style = `
:root{color-scheme:light dark;--paper:#fbfaf7;--card:#fff;--ink:#1d2126;--soft:#5b6470;--line:#e2dfd8;--error:#b3261e;--warning:#8a5a00;--ok:#1b6e3c}
@media (prefers-color-scheme:dark){:root{--paper:#14171b;--card:#1d2127;--ink:#e6e4df;--soft:#9aa3ae;--line:#31373f;--error:#ff8a80;--warning:#f2bd62;--ok:#7fd6a0}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:70rem;--names:17rem;--values:9.5rem;padding:1.5rem 1rem 3rem;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
header{border-bottom:1px solid var(--line);margin-bottom:1.5rem}
.brand{margin:0;color:var(--soft);font-size:.8rem;letter-spacing:.12em;text-transform:uppercase}
h1{margin:0;font-size:1.7rem;line-height:1.2}
h2{margin:0;font-size:1.15rem}
h3{margin:0;font-size:1rem;display:flex;flex-wrap:wrap;gap:0 .6rem;align-items:baseline}
section{margin:2.2rem 0}
section>p,.when{margin:.1rem 0 .8rem;color:var(--soft);font-size:.9rem}
code,.where{font:.86em/1.5 ui-monospace,"DejaVu Sans Mono",monospace}
.phase{color:var(--soft);font-weight:400}
ul,ol{list-style:none;margin:0;padding:0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(7.5rem,1fr));gap:.7rem}
.tiles li{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:.7rem .9rem;color:var(--soft);font-size:.85rem;line-height:1.3}
.tiles b{display:block;color:var(--ink);font-size:1.4rem;line-height:1.5;white-space:nowrap;font-variant-numeric:tabular-nums}
.tiles .error b{color:var(--error)}.tiles .warning b{color:var(--warning)}.tiles .ok b{color:var(--ok)}
article{background:var(--card);border:1px solid var(--line);border-left:4px solid var(--warning);border-radius:.6rem;padding:.8rem 1rem;margin:.7rem 0}
.urgent article{border-left-color:var(--error)}
article .when{margin:0 0 .4rem}
.list li{display:flex;flex-wrap:wrap;gap:0 .8rem;align-items:baseline;padding:.25rem 0;border-top:1px solid var(--line)}
.list li:first-child{border-top:0}
.advice{margin:.5rem 0 0;color:var(--soft);font-size:.85rem}
.when b{color:var(--error)}
.where{font-weight:600}
.times,.value{color:var(--soft);font-size:.85rem;font-variant-numeric:tabular-nums}
summary{cursor:pointer;padding:.5rem 0;color:var(--soft);font-size:.9rem}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1rem;margin:.4rem 0;color:var(--soft);font-size:.85rem}
.legend i{display:inline-block;width:.8rem;height:.8rem;border-radius:.2rem;margin-right:.35rem;vertical-align:-.05rem}
figure{margin:.8rem 0 1.6rem}
figcaption{color:var(--soft);font-size:.9rem;margin-bottom:.4rem}
.rows li{display:grid;grid-template-columns:var(--names) 1fr var(--values);gap:.8rem;align-items:center;padding:.15rem 0}
.name{font-size:.88rem}
.track{position:relative;height:1.1rem;background:var(--line);border-radius:.25rem;overflow:hidden}
.track i{position:absolute;top:0;bottom:0;min-width:2px}
.failed{outline:2px solid var(--error);outline-offset:-2px}
.axis{display:flex;justify-content:space-between;margin:.2rem calc(var(--values) + .8rem) 0 calc(var(--names) + .8rem);color:var(--soft);font-size:.75rem}
.bars li{display:grid;grid-template-columns:1fr auto;gap:0 .8rem;align-items:center;padding:.35rem 0}
.bars .bar{grid-row:2;grid-column:1;height:.55rem;border-radius:.25rem;min-width:2px}
.bars .value{grid-row:2;grid-column:2;line-height:1}
footer{color:var(--soft);font-size:.85rem;border-top:1px solid var(--line);padding-top:.8rem}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(24rem,100%),1fr));gap:0 3rem}
.pair section{margin:0 0 2.2rem;min-width:0}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.88rem;font-variant-numeric:tabular-nums}
th,td{padding:.2rem .8rem .2rem 0;border-top:1px solid var(--line);text-align:right;white-space:nowrap}
th{border-top:0;color:var(--soft);font-weight:400}
th:first-child,td:first-child{text-align:left;width:100%}
th:last-child,td:last-child{padding-right:0}
td b{color:var(--error);font-weight:600}
@media (max-width:44rem){
.rows li{grid-template-columns:1fr auto;gap:0 .8rem;padding:.35rem 0}
.track{grid-column:1/-1;grid-row:2}
.axis{margin:.2rem 0 0}
td:first-child{white-space:normal}
th:nth-child(2),td:nth-child(2),th:nth-child(4),td:nth-child(4){display:none}
}
${colours}
.p-fetch{background:#8a8f98}
`;
