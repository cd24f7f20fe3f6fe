import type { ComponentChildren, VNode } from "preact";

const VOID = new Set(["br", "hr", "meta"]);

/**
 * Elements as HTML: components are called, every text is escaped. For components that hold no state; what
 * listens to events is left out.
 */
export function vnodeHtml(node: ComponentChildren): string {
  if (node === null || node === undefined || typeof node === "boolean") return "";
  if (Array.isArray(node)) return node.map(vnodeHtml).join("");
  if (typeof node !== "object") return escapeHtml(String(node));
  const { type, props } = node as VNode<Record<string, unknown>>;
  if (typeof type === "function") {
    return vnodeHtml((type as (given: object) => ComponentChildren)(props));
  }
  const attributes = Object.entries(props).map(([name, value]) => attribute(name, value));
  const open = `<${type}${attributes.join("")}>`;
  return VOID.has(type) ? open : `${open}${vnodeHtml(props["children"] as ComponentChildren)}</${type}>`;
}

/** For a text and for a value in double quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

function attribute(name: string, value: unknown): string {
  const isText = typeof value === "string" || typeof value === "number";
  if (name === "children" || name.startsWith("on") || !(isText || value === true)) return "";
  return ` ${name.toLowerCase()}="${value === true ? "" : escapeHtml(String(value))}"`;
}
