import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filesIn, tempFolder } from '../support/temp-folder.ts';
import { type Facts, openEvidence } from './evidence.ts';
import { type Entry, Journal } from './load/findings.ts';

const FACTS: Facts = {
  seed: '77',
  cycle: 37,
  startInterrupted: false,
  findings: [{ kind: 'lost', text: 'app lacks one' }],
};

function entryOf(client: string, ended: number): Entry {
  const answer = { outcome: 'ok', status: 201, answer: 'sha256:1' } as const;
  return { client, operation: 'put-manifest', about: `/v2/app/${ended}`, ...answer, began: ended - 5, ended };
}

async function linesOf(file: string): Promise<Record<string, unknown>[]> {
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('A finding leaves the folder as the crash left it, the facts, and what each client was told before the end and after it', async () => {
  await using folder = await tempFolder();
  const [dataDir, parent] = [join(folder.path, 'data'), join(folder.path, 'keep', 'here')];
  await mkdir(join(dataDir, 'blobs'), { recursive: true });
  await writeFile(join(dataDir, 'blobs', 'one'), 'as the crash left it');
  const journal = new Journal();
  for (let number = 0; number < 250; number++) journal.record(entryOf('client-0', 700 + number));
  for (const ended of [999.5, 1000, 1002.25]) journal.record(entryOf('client-1', ended));
  journal.ends.push(400, 1000);

  let kept: string;
  {
    await using evidence = await openEvidence(parent);
    await evidence.copy(dataDir, undefined);
    await writeFile(join(dataDir, 'blobs', 'one'), 'as the next start left it');
    kept = await evidence.keep(FACTS, journal);
    // What the next start shows of the same crash is added to it.
    expect(await evidence.keep({ ...FACTS, startInterrupted: true }, journal)).toBe(kept);
    await evidence.copy(dataDir, undefined);
  }
  expect(await readdir(join(kept, '..'))).toEqual(['cycle-37']);
  expect(await readFile(join(kept, 'data', 'blobs', 'one'), 'utf8')).toBe('as the crash left it');
  expect(JSON.parse(await readFile(join(kept, 'facts.json'), 'utf8'))).toEqual({
    ...FACTS,
    startInterrupted: true,
    ends: [-600, 0],
  });
  const first = await linesOf(join(kept, 'operations', 'client-0'));
  expect(first).toHaveLength(200);
  expect(first.at(-1)).toMatchObject({ sent: -56, answered: -51, when: 'before', about: '/v2/app/949', status: 201 });
  const second = await linesOf(join(kept, 'operations', 'client-1'));
  expect(second.map(({ answered, when }) => [answered, when])).toEqual([
    [-0.5, 'before'],
    [0, 'after'],
    [2.25, 'after'],
  ]);
});

test('A run that finds nothing leaves nothing', async () => {
  await using folder = await tempFolder();
  const dataDir = join(folder.path, 'data');
  await mkdir(dataDir);
  await writeFile(join(dataDir, 'berth.db'), 'rows');
  {
    await using evidence = await openEvidence(folder.path);
    await evidence.copy(dataDir, undefined);
  }
  expect([...(await filesIn(folder.path)).keys()]).toEqual(['data/berth.db']);
  expect(await readdir(folder.path)).toEqual(['data']);
});
