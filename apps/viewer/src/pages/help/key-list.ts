/** A place, and what each key does there. docs/viewer.md has the same, and a test compares them. */
export const KEYS: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
  [
    "Everywhere",
    [
      ["/", "search in all sessions"],
      ["Ctrl+K", "go to a page, a view, a session"],
      ["?", "this page"],
      ["u", "up to the list"],
      ["Esc", "leave a field"],
    ],
  ],
  [
    "The list",
    [
      ["j k", "next, previous session"],
      ["g G", "first, last of those loaded"],
      ["Enter o", "open"],
      ["t", "its tree"],
      ["x c", "mark; compare the two marked"],
      ["y", "copy a link"],
      [".", "show what is new"],
      ["s", "statistics of what is listed"],
      ["v", "save this view under a name"],
      ["1 2 3 4 5", "a saved view"],
    ],
  ],
  [
    "Statistics",
    [
      ["j k", "next, previous link"],
      [".", "count again"],
      ["o", "the sessions that are counted"],
    ],
  ],
  [
    "A session",
    [
      ["j k", "next, previous entry"],
      ["J K", "next, previous message of the user"],
      ["f F", "next, previous failure"],
      ["e E", "next, previous evaluation result"],
      ["g G", "first, last entry; at the last one it follows"],
      [":", "go to an entry by its number"],
      ["Enter Space", "open or fold"],
      ["[ ]", "fold, open all calls"],
      ["Ctrl+F", "find in the session; once more is the browser's own"],
      ["n N", "next, previous hit"],
      ["y Y", "copy a link to the entry, the entry"],
      ["r", "as it is stored, and back"],
      ["1 2 3 4 5", "conversation, data, context, raw, export"],
      ["t", "its tree"],
      ["\\", "the panel of turns"],
    ],
  ],
  [
    "A run",
    [
      ["j k", "next, previous case in a version"],
      ["Enter", "the entry that says why"],
      ["d", "what changed since the version before"],
      ["p", "what made the version"],
    ],
  ],
  [
    "Two sessions",
    [
      ["n p", "next, previous difference"],
      ["1 2", "differences, export"],
    ],
  ],
];
