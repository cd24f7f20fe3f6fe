import { openFileStore } from "@thulp-sessions/store-fs";
import { entry, makeSession } from "./dist/data.js";
import fs from "node:fs"; import os from "node:os"; import path from "node:path";
const dir = fs.mkdtempSync(path.join(os.tmpdir(), "p-"));
const mode = process.argv[2] ?? "one", durability = process.argv[3] ?? "relaxed";
const store = await openFileStore({ dir, durability });
const id = await makeSession(store, 1000);
const N = 20000; const es = Array.from({length:N},(_, i)=>entry(i));
let t = 1_700_000_000_000;
const fd = fs.openSync(path.join(dir,"bare"),"w+"); let pos=0;
function bare(a,b){ for(let i=a;i<b;i++){ const bytes=Buffer.from(JSON.stringify(es[i],null,2)); pos+=fs.writeSync(fd,bytes,0,bytes.length,pos);} }
const callers = mode==="one"?1:32;
for (let r=0;r<(durability==="full"?3:10);r++){
 const a=r*2000;
 let s=performance.now(); bare(a,a+2000); const tb=(performance.now()-s)/2000*1000;
 s=performance.now();
 const n = durability==="full"?400:2000;
 await Promise.all(Array.from({length:callers},async(_,c)=>{ for(let i=a+c;i<a+n;i+=callers) await store.append(id,[es[i]],{at:t++}); }));
 const ts=(performance.now()-s)/n*1000;
 console.log("bare",tb.toFixed(1),"store",ts.toFixed(1),(ts/tb).toFixed(2));
}
await store.close(); fs.rmSync(dir,{recursive:true});
