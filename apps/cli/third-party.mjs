// The command's bundle holds other people's code: their licences ask that their texts go with it.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const LICENCE_FILE = /^(licen[cs]e|copying|notice)([.-].*)?$/i;

/**
 * The text that goes beside a bundle: name, version, licence and licence texts of each package that it holds.
 *
 * @param {Iterable<string>} modules paths of all files that went into it.
 * @throws {Error} when a package neither names a licence nor has the text of one.
 */
export function thirdPartyText(modules) {
  const folders = new Set();
  for (const module of modules) {
    if (/[\\/]node_modules[\\/]/.test(module)) folders.add(packageFolderOf(dirname(module)));
  }
  const packages = [...folders].map(described);
  packages.sort((a, b) => (a.title < b.title ? -1 : 1));
  const texts = packages.map(({ title, licence, texts }) => [`${title} (${licence})`, ...texts].join("\n\n"));
  return `This command holds code of these packages.\n\n${texts.join(`\n\n${"-".repeat(80)}\n\n`)}\n`;
}

/** Some packages have a package.json without a name in their folders. */
function packageFolderOf(folder) {
  for (let at = folder; dirname(at) !== at; at = dirname(at)) {
    const file = join(at, "package.json");
    if (existsSync(file) && JSON.parse(readFileSync(file, "utf8")).name !== undefined) return at;
  }
  throw new Error(`${folder} is part of no package.`);
}

function described(folder) {
  const { name, version, license, repository } = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8"),
  );
  const files = readdirSync(folder)
    .filter((file) => LICENCE_FILE.test(file))
    .sort();
  if (typeof license !== "string" && files.length === 0)
    throw new Error(`${name} ${version} names no licence: it can't go into the bundle.`);
  const source = typeof repository === "string" ? repository : repository?.url;
  if (files.length === 0 && source === undefined)
    throw new Error(`${name} ${version} has no text of its licence, and does not say where it is kept.`);
  return {
    title: `${name} ${version}`,
    licence: license ?? "see below",
    texts:
      files.length === 0
        ? [`Its text is kept with its source: ${source}`]
        : files.map((file) => readFileSync(join(folder, file), "utf8").trim()),
  };
}
