/**
 * What an acknowledged write survives. `full`: the death of the process and of the machine (a sync before
 * each answer). `relaxed`: the death of the process; a power failure may take back the last of them.
 */
export type Durability = "full" | "relaxed";
