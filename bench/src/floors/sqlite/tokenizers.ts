import { statSync } from "node:fs";
import { join } from "node:path";
import { contentStrings, indexText } from "@thulp-sessions/core/store";
import Database from "better-sqlite3";
import { withFolder } from "../../harness/compare.ts";
import { entry } from "../../harness/data.ts";

/** What an index of the same texts costs with each way of splitting them, and what a search with it takes. */
export async function tokenizers(quick: boolean): Promise<void> {
  const count = quick ? 500 : 20_000;
  const texts = Array.from({ length: count }, (_, i) => {
    const [text = ""] = contentStrings(entry(i).content);
    return `${text} getUserName(${i}) snake_case_${i % 97} needle${i % 1000}`;
  });
  const ways = {
    "words by core, FTS5 ascii": { tokenize: "ascii", of: (text: string) => indexText([text]) },
    "FTS5 unicode61": { tokenize: "unicode61", of: (text: string) => text },
    "FTS5 trigram": { tokenize: "trigram", of: (text: string) => text },
  };
  console.log(`\nindexing ${count} entries in transactions of 500, and searching them`);
  for (const [name, { tokenize, of }] of Object.entries(ways)) {
    await withFolder(async (dir) => {
      const file = join(dir, "index.db");
      const db = new Database(file);
      db.exec(
        `CREATE VIRTUAL TABLE i USING fts5(text, content='', contentless_delete=1, tokenize='${tokenize}')`,
      );
      const insert = db.prepare("INSERT INTO i (rowid, text) VALUES (?, ?)");
      const addAll = db.transaction((from: number) => {
        for (let i = from; i < Math.min(from + 500, count); i++) insert.run(i + 1, of(texts[i] as string));
      });
      const start = performance.now();
      for (let i = 0; i < count; i += 500) addAll(i);
      const built = performance.now() - start;
      const search = db.prepare("SELECT rowid FROM i WHERE i MATCH ? LIMIT 21");
      const query = (word: string) => {
        const begin = performance.now();
        for (let i = 0; i < 200; i++) search.all(`"${word}"`);
        return ((performance.now() - begin) * 1000) / 200;
      };
      const [rare, common] = [query("needle7"), query("agent")];
      db.close();
      const each = ((built * 1000) / count).toFixed(1);
      const size = (statSync(file).size / count).toFixed(0);
      console.log(
        `  ${name.padEnd(28)}${each.padStart(8)} us and ${size.padStart(5)} bytes an entry; ` +
          `a rare word ${rare.toFixed(0)} us, a common one ${common.toFixed(0)} us`,
      );
    });
  }
}
