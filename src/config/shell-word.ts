/** Text as one word of a command that somebody will paste into a shell. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_/.:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
