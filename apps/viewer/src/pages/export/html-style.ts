/** The looks of an exported page. */
export const HTML_STYLE = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{max-width:860px;margin:0 auto;padding:16px;overflow-wrap:anywhere}
h1{font-size:22px}
h2,summary{font-size:15px;margin:0}
article{border-top:1px solid #8886;padding:10px 0}
.user_message{background:#7af2;padding-inline:10px}
.failed{border-inline-start:4px solid #c33;padding-inline-start:10px}
time,.quiet,dt{color:GrayText;font-weight:normal}
pre,.plain-text{white-space:pre-wrap;margin:6px 0}
pre{background:#8882;padding:8px;overflow:auto}
.heading{font-weight:600}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px}
dd{margin:0}
table{border-collapse:collapse}
td,th{border:1px solid #8886;padding:2px 8px}
.code-comment{color:GrayText;font-style:italic}
.code-string,.code-added{color:light-dark(#1d6d3f,#7dcf9a)}
.code-number,.code-keyword{color:light-dark(#1d6353,#6fc7b0)}
.code-removed{color:light-dark(#a8232a,#ff9a96)}
blockquote{margin:6px 0;padding-inline-start:12px;border-inline-start:3px solid #8886}
`;

/** Its SHA-256, by which the page allows this style and no other. A test computes it. */
export const HTML_STYLE_HASH = "sha256-tgUDHE54n4nLHYQZF+lGMOq2efQUXfBQmiNJWmLbqF8=";
