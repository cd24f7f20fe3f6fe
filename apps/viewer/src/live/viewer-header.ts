/** So that the server knows the page's requests from those of programs. */
export const VIEWER_HEADER = { "x-thulp-viewer": "1" } as const;
