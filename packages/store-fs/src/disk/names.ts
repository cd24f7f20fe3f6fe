/** Beside the sessions; what is in it means something only while programs have the folder open. */
export const LOCKS_FOLDER = ".locks";
