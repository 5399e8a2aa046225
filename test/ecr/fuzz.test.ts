import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EXCEPTIONS } from '../../src/ecr/faults.ts';
import type { Served } from '../../src/ecr/unserved.ts';
import { digestOf } from '../../src/model/digest.ts';
import { INPUTS } from '../ecr-shapes/inputs.ts';
import { type BuiltManifest, buildIndex } from '../support/images.ts';
import { samples } from '../support/scaled/environment.ts';
import { ACCOUNT, CONTENT_TYPE, type RawAnswer, serveThisFile } from './support/ecr-server.ts';
import { arnOf } from './support/repository-arns.ts';
import { imageNamed, TestRepository } from './support/test-repository.ts';

const server = await serveThisFile();

const NAME = 'fuzzed/repository';
const DOOMED = 'fuzzed/doomed';
const A = imageNamed('a');
const SIGNATURE = imageNamed('signature', { subject: A });
const INDEX = buildIndex([A]);
const TYPES = new Set<string>(Object.values(EXCEPTIONS));
const PART = Buffer.from([1, 2, 3]);

const text = ({ bytes }: BuiltManifest) => Buffer.from(bytes).toString('utf8');

for (const repositoryName of [NAME, DOOMED]) await server.call('CreateRepository', { repositoryName });
await new TestRepository(server.client, NAME).push(A);

/** Puts back what the request before may have taken away, and answers an upload that has its first part. */
async function restore(): Promise<string> {
  for (const repositoryName of [NAME, DOOMED]) await server.call('CreateRepository', { repositoryName });
  await server.call('PutImage', { repositoryName: NAME, imageManifest: text(A), imageTag: 'a' });
  await server.call('PutImage', { repositoryName: NAME, imageManifest: text(INDEX), imageTag: 'index' });
  await server.call('BatchDeleteImage', { repositoryName: NAME, imageIds: [{ imageDigest: SIGNATURE.digest }] });
  const { uploadId } = JSON.parse((await server.call('InitiateLayerUpload', { repositoryName: NAME })).body);
  const positions = { partFirstByte: 0, partLastByte: 2 };
  const part = { repositoryName: NAME, uploadId, ...positions, layerPartBlob: PART.toString('base64') };
  await server.call('UploadLayerPart', part);
  return uploadId;
}

/** A request that succeeds, with as many members as can go together. */
function requestFor(operation: Served, uploadId: string): Record<string, unknown> {
  const request: Record<string, unknown> = { ...INPUTS[operation].request };
  const known: Record<string, unknown> = {
    registryId: ACCOUNT,
    repositoryName: operation === 'DeleteRepository' ? DOOMED : NAME,
    repositoryNames: [NAME],
    registryIds: [ACCOUNT],
    imageTagMutability: 'MUTABLE_WITH_EXCLUSION',
    imageIds: [{ imageTag: 'a' }, { imageDigest: A.digest }, { imageDigest: INDEX.digest, imageTag: 'index' }],
    imageManifest: text(SIGNATURE),
    imageDigest: SIGNATURE.digest,
    layerDigest: A.blobs[0]?.digest,
    layerDigests: [digestOf(PART)],
    partFirstByte: 3,
    partLastByte: 5,
    resourceArn: arnOf(NAME),
    subjectId: { imageDigest: A.digest },
    uploadId,
  };
  for (const member of Object.keys(request)) if (member in known) request[member] = known[member];
  if (operation === 'CreateRepository') request['repositoryName'] = `fuzzed/${uploadId}`;
  for (const member of ['nextToken', ...('imageIds' in request || 'repositoryNames' in request ? ['maxResults'] : [])])
    delete request[member];
  return request;
}

const nasty = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    -1,
    1.5,
    1e308,
    -0,
    2 ** 31,
    2 ** 53,
    '',
    ' ',
    'a',
    '\u0000',
    '\ud800',
    '../..',
    '%',
    '*',
    "'",
    '\n',
  ),
  fc.constantFrom<unknown>(NAME, A.digest, 'a', 'index', A.digest.toUpperCase(), arnOf('x'), `${A.digest}\n`),
  fc.constantFrom<unknown>(
    [],
    {},
    [[]],
    [null],
    [{}],
    { a: 1 },
    { length: 3 },
    { toString: 1 },
    'x'.repeat(400),
    'é'.repeat(2000),
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.json({ maxDepth: 3 }).map((text): unknown => JSON.parse(text)),
  fc.integer(),
  fc
    .nat(150)
    .map((count): unknown => Array.from({ length: count }, (_, index) => (index % 2 ? 'a' : { imageTag: 'a' }))),
);

interface Mutation {
  readonly walk: readonly number[];
  readonly how: 'replace' | 'remove' | 'rename' | 'repeat';
  readonly value: unknown;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  walk: fc.array(fc.nat(20), { minLength: 1, maxLength: 4 }),
  how: fc.constantFrom('replace', 'replace', 'replace', 'remove', 'rename', 'repeat'),
  value: nasty,
});

/** Changes one place of the value, found by walking down from the root. */
function mutate(value: unknown, { walk, how, value: replacement }: Mutation): unknown {
  const [step = 0, ...rest] = walk;
  if (typeof value !== 'object' || value === null) return replacement;
  const entries: [string, unknown][] = Object.entries(value);
  const at = step % (entries.length || 1);
  const changed = entries.flatMap(([name, member], index): [string, unknown][] => {
    if (index !== at) return [[name, member]];
    if (rest.length > 0 && typeof member === 'object' && member !== null) {
      return [[name, mutate(member, { walk: rest, how, value: replacement })]];
    }
    if (how === 'remove') return [];
    if (how === 'rename') return [[name.toUpperCase(), member]];
    if (how === 'repeat') return [[name, [member, member]]];
    return [[name, replacement]];
  });
  return Array.isArray(value) ? changed.map(([, member]) => member) : Object.fromEntries(changed);
}

function expectSound(answer: RawAnswer): void {
  expect(answer.headers['content-type']).toBe(CONTENT_TYPE);
  expect(answer.headers['x-amzn-requestid']).toBeDefined();
  const body = JSON.parse(answer.body);
  expect(Object.hasOwn(body, '__type') ? 400 : 200).toBe(answer.status);
  if (answer.status === 400) expect(TYPES).toContain(body.__type);
}

const operations = Object.keys(INPUTS) as Served[];

describe('no request, however wrong, is answered with an error of the server', () => {
  it('but the requests that the wrong ones are made from succeed', async () => {
    const statuses = new Map<string, string>();
    for (const operation of operations) {
      const answer = await server.call(operation, requestFor(operation, await restore()));
      expectSound(answer);
      statuses.set(operation, JSON.parse(answer.body).__type ?? 'OK');
    }
    const expected = new Map(operations.map((operation): [string, string] => [operation, 'OK']));
    expect(statuses).toEqual(expected);
  });

  it('when values are changed', async () => {
    const property = fc.asyncProperty(
      fc.constantFrom(...operations),
      fc.array(mutation, { maxLength: 3 }),
      async (operation, mutations) => {
        const uploadId = await restore();
        const body = mutations.reduce<unknown>(mutate, requestFor(operation, uploadId));
        expectSound(await server.call(operation, JSON.stringify(body)));
      },
    );
    await fc.assert(property, { numRuns: samples(300) });
  });

  it('when bytes are changed', async () => {
    const splice = fc.record({ at: fc.nat(400), remove: fc.nat(5), bytes: fc.uint8Array({ maxLength: 6 }) });
    const property = fc.asyncProperty(
      fc.constantFrom(...operations),
      fc.array(splice, { minLength: 1, maxLength: 4 }),
      async (operation, splices) => {
        const uploadId = await restore();
        const bytes = [...Buffer.from(JSON.stringify(requestFor(operation, uploadId)))];
        for (const { at, remove, bytes: inserted } of splices) bytes.splice(at % bytes.length, remove, ...inserted);
        expectSound(await server.call(operation, Uint8Array.from(bytes)));
      },
    );
    await fc.assert(property, { numRuns: samples(200) });
  });

  it('when the target is anything that a header can hold', async () => {
    const target = fc.string({
      unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
      maxLength: 60,
    });
    const property = fc.asyncProperty(target, async (operation) => {
      expectSound(await server.call(operation, '{}'));
    });
    await fc.assert(property, { numRuns: samples(100) });
  });

  it('and the server serves on', async () => {
    await restore();
    const answer = await server.call('ListImages', { repositoryName: NAME });
    expect(answer.status).toBe(200);
    const ready = await server.send({
      method: 'GET',
      target: '/readyz',
      headers: [['host', server.host]],
      body: Buffer.alloc(0),
    });
    expect(ready.status).toBe(200);
  });
});
