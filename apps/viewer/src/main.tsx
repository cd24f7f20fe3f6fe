import { render } from "preact";
import { start } from "./live/live.ts";
import { applyPreferences } from "./parts/preferences.ts";
import { App, preload } from "./shell/app.tsx";
import { followLinks, route } from "./url/navigation.ts";
import "./style/base.css";
import "./style/list.css";
import "./style/session.css";
import "./style/pages.css";

applyPreferences();
followLinks();
preload(route.value);
const root = document.getElementById("app");
if (root) render(<App />, root);
void start();
