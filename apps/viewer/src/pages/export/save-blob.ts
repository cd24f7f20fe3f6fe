/** The browser reads the bytes after the click. */
const READ_MS = 60_000;

/** Has the browser save bytes as a file of the person. */
export function saveBlob(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), READ_MS);
}
