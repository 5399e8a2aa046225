import { readFileSync } from 'node:fs';
import { Obstacle } from './obstacle.ts';
import { replaceFile } from './private-file.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** A file that is one JSON object, as other programs and people write it. */
export interface JsonFile {
  readonly path: string;
  readonly document: JsonObject;
  /** How it is indented; undefined if it stands on one line. */
  readonly indent: string | undefined;
  /** What it ends with, and how its lines do. */
  readonly ending: string;
  readonly newline: string;
}

/**
 * The file at that path; undefined if there is none.
 *
 * @throws Obstacle if it is no JSON object: whoever wrote it has to look at it first
 */
export function readJsonFile(path: string): JsonFile | undefined {
  const text = textOf(path);
  if (text === undefined) return undefined;
  // Docker's own indentation. An empty file has nothing to lose.
  if (text.trim() === '') return { path, document: {}, indent: '\t', ending: '\n', newline: '\n' };
  return {
    path,
    document: objectIn(path, text),
    indent: /^\s*\{\s*?\r?\n([ \t]+)"/.exec(text)?.[1] ?? (text.trim().includes('\n') ? '' : undefined),
    ending: /\r?\n$/.exec(text)?.[0] ?? '',
    newline: text.includes('\r\n') ? '\r\n' : '\n',
  };
}

export function emptyJsonFile(path: string): JsonFile {
  return { path, document: {}, indent: '\t', ending: '\n', newline: '\n' };
}

/**
 * Writes the document in the form that the file has. Members stay in their order.
 *
 * @throws Obstacle
 */
export function writeJsonFile({ path, indent, ending, newline }: JsonFile, document: JsonObject): void {
  const text = JSON.stringify(document, undefined, indent).replaceAll('\n', newline);
  try {
    replaceFile(path, text + ending);
  } catch (error) {
    throw new Obstacle(`${path} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ENOTDIR'].includes(String(error.code)))
      return undefined;
    throw new Obstacle(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function objectIn(path: string, text: string): JsonObject {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new Obstacle(`${path} is not sound JSON (${error instanceof Error ? error.message : ''}): mend it first.`);
  }
  if (isObject(document)) return document;
  throw new Obstacle(`${path} is not a JSON object: mend it first.`);
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
