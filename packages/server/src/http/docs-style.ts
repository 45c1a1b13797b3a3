/** The style sheet of /docs: fonts of the reader's machine, light or dark as the reader likes. */
export const docsStyle = `
:root{color-scheme:light dark;--line:light-dark(#d8dde3,#333a42);--soft:light-dark(#f5f7f9,#1c2126);--text:light-dark(#1b1f24,#dfe4ea);--faint:light-dark(#5d6773,#98a3af);--link:light-dark(#0b5cad,#7db7f5)}
*{box-sizing:border-box}
body{margin:0;display:grid;grid-template-columns:minmax(15rem,22rem) 1fr;font:15px/1.5 system-ui,sans-serif;color:var(--text);background:light-dark(#fff,#14181c)}
nav{position:sticky;top:0;height:100vh;overflow:auto;padding:1rem 1.2rem;border-right:1px solid var(--line);background:var(--soft);font-size:13px}
nav ul{list-style:none;margin:0 0 .6rem;padding:0}
nav li{padding:.1rem 0;overflow-wrap:anywhere}
nav h1{font-size:1.15rem;margin:0}
nav h2{font-size:.8rem;letter-spacing:.04em;text-transform:uppercase;color:var(--faint);margin:.9rem 0 .2rem}
main{padding:1rem 2.5rem 4rem;max-width:70rem;min-width:0}
a{color:var(--link);text-decoration:none}
a:hover{text-decoration:underline}
article{border-top:1px solid var(--line);padding:1.2rem 0;scroll-margin-top:.5rem}
article:target{border-left:3px solid var(--link);padding-left:1rem}
h3{font:600 1.05rem/1.4 ui-monospace,monospace;margin:0;overflow-wrap:anywhere}
h4{margin:1rem 0 .3rem;font-size:.85rem;color:var(--faint)}
b{display:inline-block;min-width:3.4em;font:600 .72rem ui-monospace,monospace;text-transform:uppercase}
b.get{color:light-dark(#0a6b3d,#6fcf97)}
b.post{color:light-dark(#0b5cad,#7db7f5)}
b.put,b.patch{color:light-dark(#8a5a00,#e8b84a)}
b.delete{color:light-dark(#b3261e,#f2948d)}
table{border-collapse:collapse;width:100%}
th,td{border-bottom:1px solid var(--line);padding:.35rem .6rem;text-align:left;vertical-align:top;font-weight:400;overflow-wrap:anywhere}
th{width:16rem;font:.87em/1.5 ui-monospace,monospace}
th i{display:block;color:var(--faint);font-family:system-ui,sans-serif}
td div,small{color:var(--faint)}
code,pre{font-family:ui-monospace,monospace;font-size:.87em}
pre{background:var(--soft);border:1px solid var(--line);border-radius:6px;padding:.7rem .9rem;overflow:auto}
.lead{font-size:1.05rem}
@media (max-width:50rem){body{display:block}nav{position:static;height:auto}main{padding:1rem}th{width:40%}}
`;
