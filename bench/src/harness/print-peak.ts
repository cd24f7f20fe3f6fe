// Imported into a process (`node --import`), it prints the most memory that the process had, in MB, when that
// ends.
import { peakMb } from "./peak-memory.ts";

process.on("exit", () => console.error(peakMb()));
