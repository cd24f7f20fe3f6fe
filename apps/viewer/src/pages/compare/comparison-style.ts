import { HTML_STYLE } from "../export/html-style.ts";

/** The looks of a comparison that was saved. */
export const COMPARISON_STYLE = `${HTML_STYLE}body{max-width:1400px}
.facts td,.facts th{text-align:start;vertical-align:top}
.row{display:grid;grid-template-columns:1fr 1fr;gap:0 16px;border-top:1px solid #8886}
.row>*{min-width:0;border-top:0}
.equal,.nothing{color:GrayText}
.equal{border-top:1px solid #8886;margin:0;padding:4px 0}
@media(max-width:800px){.row{grid-template-columns:1fr}}
`;

/** Its SHA-256, by which the page allows this style and no other. A test computes it. */
export const COMPARISON_STYLE_HASH = "sha256-9Hs3jWYeKsQCpfLriTH7W1+29NCq7Vv1GYYGctNkRDs=";
