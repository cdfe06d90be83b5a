// Copies the query editor into the package: `npm ci && npm run build`. The same lock gives the same bytes.
//
// The published bundle is taken as it is, but for two edits. Its last line points to a source map that is not shipped. And its
// column resizer writes a <style> into the page, which our Content-Security-Policy forbids: those rules go into the style sheet.
// Beside them goes one file with the licence of every package that the bundle was made from.
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";

const to = new URL("../src/kgraph/server/static/yasgui/", import.meta.url);
const from = new URL("node_modules/", import.meta.url);
const made = new URL("@zazuko/yasgui/build/", from);

const read = (file, folder) => readFile(new URL(file, folder), "utf8");
const lines = (text) => text.replaceAll("\r\n", "\n").replace(/[ \t]+$/gm, "").trim();

// Some packages name their licence without its text.
const MIT = (holder) => `MIT License

Copyright (c) ${holder}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation
files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy,
modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software
is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE,
ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;
const CC0 = "Given to the public domain under CC0 1.0 Universal, https://creativecommons.org/publicdomain/zero/1.0/legalcode";
const SPELT_OUT = { MIT, "CC0-1.0": () => CC0 };

const name = (person) => (typeof person === "string" ? person : (person?.name ?? "")).replace(/\s*[<(].*/, "");

async function licence(place) {
  const folder = new URL(`${place}/`, new URL("./", import.meta.url));
  const described = JSON.parse(await read("package.json", folder));
  const files = (await readdir(folder)).filter((file) => /^(licen[cs]e|copying)(\.|$|-mit)/i.test(file)).sort();
  const holders = [described.author, ...(described.contributors ?? [])].map(name).filter(Boolean).join(", ");
  const text = files.length
    ? (await Promise.all(files.map((file) => read(file, folder)))).map(lines).join("\n\n")
    : SPELT_OUT[described.license]?.(holders || `the authors of ${described.name}`);
  if (!text) throw new Error(`${described.name} has no licence text: ${described.license}`);
  const title = `${described.name} ${described.version} (${described.license ?? "licence below"})`;
  return `${title}\n${"-".repeat(title.length)}\n${text}\n`;
}

const lock = JSON.parse(await read("package-lock.json", new URL("./", import.meta.url)));
const places = Object.keys(lock.packages).filter(Boolean).sort();
const { version } = lock.packages["node_modules/@zazuko/yasgui"];
const licences = await Promise.all(places.map(licence));

const bundle = await read("yasgui.min.js", made);
const [, rules] = only(/createStyle\(a,`([^`$]*)`\)/g);
const [writesStyle] = only(/\(function\(e,n\)\{var r=t\(\)\(n\)\.toString\(\),a=e\.querySelectorAll\(`style`\).*?e\.appendChild\(o\)\}\}\)/g);
const script = bundle.replace(writesStyle, "(function(){})").replace(/\n\/\/# sourceMappingURL=.*\n?$/, "\n");
const whileDragging = "body:has(.grip-drag) *{cursor:col-resize!important}";
const style = `${await read("yasgui.min.css", made)}\n${rules.replace(/\s+/g, " ").trim()}\n${whileDragging}\n`;

function only(pattern) {
  const found = [...bundle.matchAll(pattern)];
  if (found.length !== 1) throw new Error(`the bundle of ${version} has ${found.length} of ${pattern}`);
  return found[0];
}

await mkdir(to, { recursive: true });
await writeFile(new URL("yasgui.js", to), script);
await writeFile(new URL("yasgui.css", to), style);
await writeFile(new URL("VERSION", to), `${version}\n`);
const foreword = `The files yasgui.js and yasgui.css are the bundle of @zazuko/yasgui ${version}, made from the packages below.\n`;
await writeFile(new URL("LICENSES.txt", to), [foreword, ...licences].join("\n"));
