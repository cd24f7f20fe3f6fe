import type { Bindings, Page } from "../page/bindings.ts";

declare global {
  /** Of the page; in a test only within what the page is given to evaluate. */
  var window: Bindings & Page;
}
