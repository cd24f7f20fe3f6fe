/** Beside the sessions; what is in it means something only while programs have the folder open. */
export const LOCKS_FOLDER = ".locks";

/** Beside the sessions: what the folder says about itself. */
export const LABEL_FILE = ".label";
