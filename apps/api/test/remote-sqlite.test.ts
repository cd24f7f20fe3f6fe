import { join } from "node:path";
import { openStore } from "@thulp-sessions/config";
import { testRemoteStore } from "./remote-place.ts";

testRemoteStore(
  (folder, readOnly) => openStore(`sqlite:${join(folder, "x.db")}`, { durability: "relaxed", readOnly }),
  { lasts: true },
);
