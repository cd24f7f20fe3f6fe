/**
 * What stands before every path of the page where it is served within another application, such as
 * `/sessions`: the server writes it into the page. Empty where the page has a server of its own.
 */
export const BASE = document.querySelector<HTMLMetaElement>('meta[name="thulp-base"]')?.content ?? "";
