//! What the pages of bulk reports look like, beyond what all pages do.

/// The style sheet's part.
pub(super) const STYLE: &str = "
html{scroll-padding-top:1rem}
body{border-top:.5rem solid var(--accent)}
b,.name{unicode-bidi:isolate}
.brand{color:var(--accent);font-weight:600;margin:0 0 .5rem;overflow-wrap:anywhere}
h1{overflow-wrap:anywhere}
h2{border-bottom-color:var(--accent)}
nav ul{list-style:none;padding:0;margin:1rem 0;display:flex;flex-wrap:wrap;gap:.25rem 1.25rem}
.figures{list-style:none;padding:0;margin:1rem 0;max-width:none;display:grid;grid-template-columns:repeat(4,1fr);gap:.75rem}
.figures li{border:1px solid var(--line);border-radius:.35rem;background:var(--raised);padding:.75rem 1rem}
.figures span{display:block}
.figures .big{font-size:1.6rem;line-height:1.3;font-weight:600;font-variant-numeric:tabular-nums}
.figures .soft{font-size:.875rem}
td,tbody th{min-width:6.5rem}
.address{white-space:nowrap}
td.number,th.number{min-width:0;white-space:nowrap;overflow-wrap:normal}
td.number+td:not(.number),th.number+th:not(.number){padding-left:1rem}
.wide{margin:1rem 0 1.5rem}
.unknown{font-style:italic;color:var(--soft)}
td .unknown{white-space:nowrap}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(22rem,100%),1fr));gap:1.5rem;margin:1rem 0}
figure{margin:0}
figcaption{font-weight:600}
.chart svg{display:block;width:100%;height:8rem;margin:.5rem 0 .15rem;border-bottom:1px solid var(--soft)}
.chart .bar{fill:var(--accent)}
.chart .curve{fill:none;stroke:var(--accent);stroke-width:2.5;stroke-linejoin:round;stroke-linecap:round;vector-effect:non-scaling-stroke}
.chart .grid{stroke:var(--line);stroke-width:1;vector-effect:non-scaling-stroke}
.ends{display:flex;justify-content:space-between;margin:0;max-width:none;color:var(--soft);font-size:.875rem}
.spark{width:6rem;height:1.5rem;display:block}
.spark .bar{fill:var(--accent)}
.stack svg{display:block;width:100%;height:1.5rem;margin:.5rem 0}
.stack .good{fill:var(--good)}.stack .wait{fill:var(--wait)}.stack .bad{fill:var(--bad)}.stack .still{fill:var(--still)}
.legend{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;max-width:none}
.matrix{max-height:85vh;width:fit-content;max-width:100%;overflow:auto;border:1px solid var(--line);border-radius:.35rem}
.matrix table{width:auto;border-collapse:separate;border-spacing:0;font-size:.8125rem}
.matrix caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.matrix th,.matrix td{padding:.15rem .3rem;border-bottom:1px solid var(--line);border-right:1px solid var(--line);overflow-wrap:normal;white-space:nowrap;position:relative}
.matrix td,.matrix td.number{text-align:center;min-width:1.9rem}
.matrix td.none{text-align:left}
.matrix thead th{position:sticky;top:0;z-index:2;background:var(--raised);vertical-align:bottom;padding:.4rem .15rem;font-weight:400;color:var(--text)}
.matrix tbody th{position:sticky;left:0;z-index:1;background:var(--raised);max-width:11rem;overflow:hidden;text-overflow:ellipsis;font-weight:400}
.matrix thead .corner{left:0;z-index:3;padding:.4rem}
.matrix tbody tr:hover td{background:var(--raised)}
.turn{writing-mode:vertical-rl;transform:rotate(180deg);max-height:11rem;overflow:hidden;text-overflow:ellipsis}
.turn .mark{color:var(--mark);font-weight:600}
abbr{text-decoration:none}
.r-o,.r-a{font-weight:700}.r-o{color:var(--mark)}.r-a{color:var(--bad)}.r-v{color:var(--soft)}
.dim{color:var(--soft)}
h4{font-size:1rem;font-weight:600;margin:1rem 0 .25rem}
h4+ul{margin-top:.25rem}
details{margin:.75rem 0}
summary{cursor:pointer;color:var(--link)}
.paper{display:none}
.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
@media (max-width:40rem){tbody th{overflow-wrap:anywhere;min-width:8.5rem}td{min-width:7.5rem}main{padding:1.25rem 1rem 3rem}h1{font-size:1.45rem}.figures{grid-template-columns:repeat(2,1fr)}.figures .big{font-size:1.3rem}}
";

/// What changes on paper.
pub(super) const PRINT: &str = "nav,.screen,details{display:none}.paper{display:revert}body{border-top:0}figure,.figures li{break-inside:avoid}\
table{font-size:7.5pt}th,td{padding-right:.35rem}td,tbody th{min-width:0}thead th,td .unknown,.address{white-space:normal}.chart svg{height:26mm}.figures{grid-template-columns:repeat(4,1fr)}";
