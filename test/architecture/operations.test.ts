import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as sdk from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import {
  OPERATIONS_DOC,
  operationFiles,
  operationsDoc,
  REGENERATE,
  servedOperations,
} from '../../scripts/operations-doc.ts';
import { UNSERVED } from '../../src/ecr/unserved.ts';

const ROOT = join(import.meta.dirname, '../..');
const served = servedOperations();
const files = operationFiles();

function read(path: string): Promise<string> {
  return readFile(join(ROOT, path), 'utf8');
}

describe('the table of operations', () => {
  it('is seen by these tests', () => {
    expect(served.length).toBeGreaterThanOrEqual(19);
    expect(files.size).toBeGreaterThanOrEqual(19);
  });

  it("has, with what is not served yet, every operation of the SDK's commands once", () => {
    const commands = Object.keys(sdk).flatMap((name) => /^([A-Z]\w*)Command$/.exec(name)?.[1] ?? []);
    expect(commands.length).toBeGreaterThanOrEqual(62);
    expect([...served, ...UNSERVED].sort()).toEqual(commands.sort());
  });

  it('has a file of its own for each operation, and no file besides', () => {
    expect([...files.keys()].sort()).toEqual([...served].sort());
  });

  it.each([...files])('serves %s from the one thing that its file in %s exports', async (name, area) => {
    const text = await read(`src/ecr/operations/${area}/${name}.ts`);
    const exported = [...text.matchAll(/^export (?:const|function|class|interface|type) (\w+)/gm)].map(
      ([, what]) => what,
    );
    expect(exported).toEqual([name]);
  });

  it.each(served)('has a test file for %s, which calls it through the SDK', async (name) => {
    expect((await read(`test/ecr/${name}.test.ts`)).match(/\w+Command\b/g)).toContain(`${name}Command`);
  });
});

describe(OPERATIONS_DOC, () => {
  it('says what the table says', async () => {
    const text = await read(OPERATIONS_DOC).catch(() => '');
    expect(text, `run: ${REGENERATE}`).toBe(operationsDoc());
  });
});
