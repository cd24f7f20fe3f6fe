import { writeSync } from "node:fs";
import Database from "better-sqlite3";

// Leaves databases, statements and iterators to the garbage collector, and has it run where a builtin of V8
// allocates: no context is entered there, nor is one in the tasks in which V8 collects by itself. Each round
// ends in such a collection.
for (let round = 0; round < 10; round++) {
  const db = new Database(":memory:");
  for (let i = 0; i < 100; i++) {
    const statement = db.prepare<[], { n: number }>(`SELECT ${i} AS n`);
    const rows = statement.iterate();
    rows.next();
    rows.return?.();
  }
  let part = [1, 2, 3, 4, 5, 6, 7, 8];
  for (let i = 0; i < 300_000; i++) part = part.slice();
  await null;
}
writeSync(1, "collected\n");
