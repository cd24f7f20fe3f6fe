import { openStore } from "@thulp-sessions/config";
import { testRemoteStore } from "./remote-place.ts";

testRemoteStore((folder) => openStore(`fs:${folder}`, { durability: "relaxed" }), { lasts: true });
