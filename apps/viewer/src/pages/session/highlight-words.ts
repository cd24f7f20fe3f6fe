/** So many places are marked: what is on the screen has fewer. */
const MAX_MARKS = 2000;
const NAME = "find";

/**
 * Marks the words of a search in what is on the page, without a change of its elements. It shows where to
 * look; what counts as found is decided by the server.
 */
export function highlightWords(root: HTMLElement | null, text: string): void {
  if (!("highlights" in CSS)) return;
  const words = wordsOf(text);
  if (!root || words.length === 0) {
    CSS.highlights.delete(NAME);
    return;
  }
  const ranges: Range[] = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode() && ranges.length < MAX_MARKS) {
    const node = walker.currentNode;
    const content = node.nodeValue?.toLowerCase() ?? "";
    for (const word of words) {
      for (
        let at = content.indexOf(word);
        at >= 0 && ranges.length < MAX_MARKS;
        at = content.indexOf(word, at + word.length)
      ) {
        // In few languages lower case has another length.
        if (at + word.length > (node.nodeValue?.length ?? 0)) break;
        const range = new Range();
        range.setStart(node, at);
        range.setEnd(node, at + word.length);
        ranges.push(range);
      }
    }
  }
  CSS.highlights.set(NAME, new Highlight(...ranges));
}

function wordsOf(text: string): string[] {
  return [...new Set(text.toLowerCase().split(/[^\p{L}\p{N}\p{M}]+/u))].filter((word) => word !== "");
}
