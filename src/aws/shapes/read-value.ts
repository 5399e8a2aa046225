import { Fault } from '../../model/fault.ts';
import { ownMember } from './own-member.ts';
import { elementPath, memberPath } from './path.ts';
import type { NumberShape, Shape, StructureShape } from './shape.ts';

const INT32 = 2 ** 31;

/**
 * JSON to a value of the shape, by type alone: no length, pattern or range is looked at yet, and a required member may be
 * missing. Structures and lists come out as fresh objects that hold the declared members and nothing else.
 *
 * @throws Fault MalformedRequest, naming the path and what was expected there
 */
export function readValue(shape: Shape, json: unknown, path: string): unknown {
  switch (shape.kind) {
    case 'string':
      return readString(json, path);
    case 'integer':
    case 'long':
      return readNumber(shape, json, path);
    case 'boolean':
      if (typeof json !== 'boolean') throw unexpected('a boolean', json, path);
      return json;
    case 'blob':
      return readBlob(json, path);
    case 'list':
      if (!Array.isArray(json)) throw unexpected('a list', json, path);
      return json.map((item: unknown, index) =>
        item === null ? null : readValue(shape.member, item, elementPath(path, index)),
      );
    case 'structure':
      return readStructure(shape, json, path);
  }
}

function readStructure(shape: StructureShape, json: unknown, path: string): Record<string, unknown> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw unexpected('an object', json, path);
  const structure: Record<string, unknown> = {};
  for (const { name, shape: member } of shape.members) {
    const value = ownMember(json, name);
    if (value !== undefined && value !== null) structure[name] = readValue(member, value, memberPath(path, name));
  }
  return structure;
}

/** Half a surrogate pair has no UTF-8, so a store could not give back what it was given. */
function readString(json: unknown, path: string): string {
  if (typeof json !== 'string') throw unexpected('a string', json, path);
  if (!json.isWellFormed()) throw unexpected('well-formed Unicode', json, path);
  return json;
}

/** What JavaScript would round is refused, so a number means the same to the caller and to us; -0 is 0. */
function readNumber(shape: NumberShape, json: unknown, path: string): number {
  if (typeof json !== 'number' || !Number.isSafeInteger(json)) throw unexpected('an integer', json, path);
  if (shape.kind === 'integer' && (json < -INT32 || json >= INT32)) {
    throw unexpected('an integer of 32 bits', json, path);
  }
  return json === 0 ? 0 : json;
}

/** `Buffer.from` skips what is not base64; only text that it would write itself has one meaning. */
function readBlob(json: unknown, path: string): Uint8Array {
  if (typeof json !== 'string') throw unexpected('a base64 string', json, path);
  const bytes = Buffer.from(json, 'base64');
  if (bytes.toString('base64') !== json) throw unexpected('canonical base64', json, path);
  return bytes;
}

function unexpected(expected: string, found: unknown, path: string): Fault<'MalformedRequest'> {
  const what = path === '' ? 'the request' : path;
  return new Fault('MalformedRequest', { reason: `Expected ${what} to be ${expected}, found ${describe(found)}` });
}

/** By type, not by content: what is refused may be long, or secret. */
function describe(json: unknown): string {
  if (json === null) return 'null';
  if (Array.isArray(json)) return 'a list';
  if (typeof json === 'object') return 'an object';
  return typeof json === 'number' ? `the number ${json}` : `a ${typeof json}`;
}
