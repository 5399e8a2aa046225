/** Why a document was refused, in words for the person who sent it. */
export class JsonRefusal extends Error {}

const MAX_DEPTH = 64;
const MAX_NAMES = 100_000;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Parses JSON as two careful parsers would agree on it: valid UTF-8 without a byte order mark, one value, nested at most
 * 64 deep, no name twice in an object. `JSON.parse` alone keeps the last of two equal names while other parsers keep the
 * first, so a document could mean one thing to the check and another to the client.
 *
 * @throws JsonRefusal with the reason
 */
export function parseStrictJson(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw new JsonRefusal('not valid UTF-8');
  }
  if (text.startsWith('\uFEFF')) throw new JsonRefusal('starts with a byte order mark');
  refuseDeepOrAmbiguous(text);
  try {
    return JSON.parse(text);
  } catch {
    throw new JsonRefusal('not valid JSON');
  }
}

/** One pass over the text, before anything is built from it. Leaves every question of syntax to `JSON.parse`. */
function refuseDeepOrAmbiguous(text: string): void {
  const names: (Set<string> | undefined)[] = [];
  let total = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '{' || char === '[') {
      if (names.push(char === '{' ? new Set() : undefined) > MAX_DEPTH) {
        throw new JsonRefusal(`nested deeper than ${MAX_DEPTH} levels`);
      }
    } else if (char === '}' || char === ']') {
      names.pop();
    } else if (char === '"') {
      const end = endOfString(text, at);
      const open = names.at(-1);
      if (open && isName(text, end)) {
        if (++total > MAX_NAMES) throw new JsonRefusal(`more than ${MAX_NAMES} names`);
        const name = nameOf(text.slice(at, end + 1));
        if (open.has(name)) throw new JsonRefusal(`the name ${JSON.stringify(name)} stands twice in one object`);
        open.add(name);
      }
      at = end;
    }
  }
}

/** Jumps from quote to quote: strings may be long (a layer part in base64), escapes are few. */
function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let escapes = 0;
    while (text[quote - 1 - escapes] === '\\') escapes++;
    if (escapes % 2 === 0) return quote;
  }
  throw new JsonRefusal('not valid JSON');
}

function isName(text: string, endOfString: number): boolean {
  let at = endOfString + 1;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at++;
  return text[at] === ':';
}

function nameOf(literal: string): string {
  if (!literal.includes('\\')) return literal.slice(1, -1);
  try {
    return String(JSON.parse(literal));
  } catch {
    throw new JsonRefusal('not valid JSON');
  }
}
