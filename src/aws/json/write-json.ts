/**
 * JSON as awsJson 1.1 services write it (fidelity facts, sections 1.1 and 2.1): compact, names in alphabetical order with
 * `__type` first, absent and null members left out, empty lists kept, instants as epoch seconds with milliseconds, bytes as
 * base64, no newline at the end. The same value always gives the same text.
 *
 * @throws TypeError for what has no place in an answer: a function, a Map, NaN, a hole in a list
 */
export function writeJson(value: unknown): string {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value);
    case 'number':
      return writeNumber(value);
    case 'object':
      return writeObject(value);
    default:
      throw new TypeError(`A ${typeof value} cannot be written as JSON`);
  }
}

function writeNumber(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError(`${value} cannot be written as JSON`);
  return JSON.stringify(value);
}

function writeObject(value: object | null): string {
  if (value instanceof Date) return writeNumber(value.getTime() / 1000);
  if (value instanceof Uint8Array) return `"${asBuffer(value).toString('base64')}"`;
  if (Array.isArray(value)) return `[${Array.from(value, writeJson).join(',')}]`;
  if (value === null || !isPlain(value)) throw new TypeError(`${kindOf(value)} cannot be written as JSON`);
  return writeMembers(value);
}

function writeMembers(value: object): string {
  const members = value as Readonly<Record<string, unknown>>;
  let text = '';
  for (const name of Object.keys(value).sort(compareNames)) {
    const member = members[name];
    if (member === undefined || member === null) continue;
    text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${writeJson(member)}`;
  }
  return `{${text}}`;
}

/** By code unit, as Java's sorted maps compare. The type of an error leads, whatever it is sorted with. */
function compareNames(a: string, b: string): number {
  if (a === '__type') return -1;
  if (b === '__type') return 1;
  return a < b ? -1 : 1;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function kindOf(value: object | null): string {
  return value === null ? 'A null in a list' : Object.prototype.toString.call(value);
}
