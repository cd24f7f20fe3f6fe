import { openStore } from "@thulp-sessions/config";
import { testRemoteStore } from "./remote-place.ts";

testRemoteStore((folder, readOnly) => openStore(`fs:${folder}`, { durability: "relaxed", readOnly }), {
  lasts: true,
  // The whole suite runs over SQLite, and over files without a server.
  every: 8,
});
