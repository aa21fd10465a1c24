import { escapeXML } from "./document.ts";

/** A page that needs no network: light or dark as its reader prefers, and good on paper. */
export function page(title: string, body: string, language = "en"): string {
  return `<!doctype html>
<html lang="${escapeXML(language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeXML(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`;
}

const style = `
:root { --ink: #22262a; --quiet: #5f6770; --paper: #ffffff; --line: #e3e6e9; --accent: #1f6aa5; }
.when-dark { display: none; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #e6e8ea; --quiet: #9aa2aa; --paper: #15181b; --line: #2b3035; --accent: #6cb6e8; }
  .when-light { display: none; }
  .when-dark { display: block; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.6 Inter, "Helvetica Neue", Arial, "Liberation Sans", sans-serif; }
main { max-width: 656px; margin: 0 auto; padding: 56px 24px 96px; }
header { margin-bottom: 40px; }
h1 { font-size: 30px; line-height: 1.2; letter-spacing: -0.015em; font-weight: 600; margin: 0 0 8px; }
h2 { font-size: 20px; line-height: 1.3; letter-spacing: -0.01em; font-weight: 600; margin: 56px 0 8px; }
p { margin: 0 0 12px; max-width: 38em; }
.lead, figcaption, footer { color: var(--quiet); }
figure { margin: 20px -16px; }
figure svg, figure img, figure canvas { display: block; }
figure > div > svg, figure > svg, figure img { max-width: 100%; height: auto; }
figcaption { font-size: 14px; line-height: 1.5; margin-top: 6px; padding-left: 16px; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(128px, 1fr)); gap: 16px 24px; margin: 24px 0 32px; }
dl div { border-top: 1px solid var(--line); padding-top: 10px; }
dt { font-size: 13px; color: var(--quiet); }
dd { margin: 0; font-size: 22px; font-weight: 600; font-variant-numeric: tabular-nums; letter-spacing: -0.01em; }
dd small { display: block; font-size: 13px; font-weight: 400; line-height: 1.35; letter-spacing: 0; color: var(--quiet); }
pre { overflow-x: auto; padding: 14px 16px; border: 1px solid var(--line); border-radius: 6px; font: 13px/1.55 ui-monospace, Menlo, Consolas, monospace; }
footer { margin-top: 72px; padding-top: 16px; border-top: 1px solid var(--line); font-size: 13px; }
@media print {
  main { max-width: none; padding: 0; }
  body { font-size: 10.5pt; }
  figure { margin: 20px 0; }
  figure, dl div { break-inside: avoid; }
  h2 { break-after: avoid; }
}
`;
