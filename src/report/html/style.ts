/** The page's only style sheet; follows the reader's light or dark setting. State words carry the meaning, colour repeats it. */
export const STYLE = `
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 25%, transparent); --good: #2e8b57; --bad: #c0392b; --care: #b8860b; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.15rem; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; } h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
code { font: 13px ui-monospace, monospace; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid var(--line); }
td:first-child code, td.name { white-space: nowrap; }
.quiet { opacity: .7; } .wrong { color: var(--bad); font-weight: 600; } ul { margin: .2rem 0; padding-left: 1.2rem; }
.layout { list-style: none; padding: 0; } .layout li { border: 1px solid var(--line); border-left-width: 6px; padding: .15rem .6rem; margin: 0; }
.layout .gap { border-style: none; padding-left: 1.2rem; opacity: .7; } .layout .genuine, .layout .criu-runtime { border-left-color: var(--good); }
.layout .decoy, .layout .not-vdso { border-left-color: var(--bad); } .layout .criu-proxy { border-left-color: var(--care); } .layout .data { border-left-color: steelblue; }
section { margin: 2.5rem 0; } h2 .state { float: right; } .state.error { color: var(--bad); } .state.warning { color: var(--care); }
.conclusion { list-style: none; padding: .6rem 1rem; border-left: 6px solid var(--line); background: color-mix(in srgb, currentColor 6%, transparent); } .conclusion li { margin: .3rem 0; } .conclusion.error { border-left-color: var(--bad); } .conclusion.warning { border-left-color: var(--care); }
.moments.several { display: grid; grid-template-columns: repeat(auto-fit, minmax(21rem, 1fr)); gap: 0 1.5rem; } .moment { min-width: 0; } .moment p { margin: 0 0 .3rem; font-size: 13px; } .path { overflow-wrap: anywhere; }
details { margin-top: 1rem; } summary { cursor: pointer; }
table.story td { font-size: 13px; } table.story td:nth-child(-n+2) { white-space: nowrap; }
.mark { border: 1px solid; border-radius: 3px; padding: 0 .3rem; margin-left: .5rem; font-size: 12px; }
tr.error td:first-child { border-left: 4px solid var(--bad); padding-left: .5rem; } tr.warning td:first-child { border-left: 4px solid var(--care); padding-left: .5rem; } tr.info td:first-child { border-left: 4px solid var(--line); padding-left: .5rem; }
.timeline { width: 100%; } .timeline text { font: 11px system-ui, sans-serif; fill: currentColor; opacity: .7; } .timeline line { stroke: currentColor; opacity: .4; } .timeline .info { fill: steelblue; } .timeline .warning { fill: var(--care); } .timeline .error { fill: var(--bad); }
`;
