/**
 * Whether a database may be asked for this text. No name, tag, digest or type has the character U+0000, and PostgreSQL has no such
 * text at all.
 */
export function isStorable(text: string): boolean {
  return !text.includes('\0');
}
