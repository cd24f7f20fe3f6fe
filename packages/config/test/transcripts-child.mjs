// Opens the store that is named, says how many sessions it has, and ends as it is told to.
import process from "node:process";
import { openStore } from "@thulp-sessions/config";

const [url, how] = process.argv.slice(2);
const store = await openStore(url, { onWarning: ({ message }) => process.stderr.write(`${message}\n`) });
process.stdout.write(`${await store.count()}\n`);
if (how === "close") await store.close();
if (how === "watch") void (await store.watch()).next();
