import { request as httpRequest } from 'node:http';
import { BatchGetImageCommand } from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { signRequest } from '../../src/aws/sigv4/sign-request.ts';
import { REGION } from '../ecr/support/ecr-server.ts';
import { freshRepository, imageNamed, type TestRepository } from '../ecr/support/test-repository.ts';
import { buildImage, buildIndex } from '../support/images.ts';
import { type Answer, blobBytes, PREFIX, serveThisFile } from './support/admin-server.ts';

const server = await serveThisFile();
const { client } = server.ecr;
const DAY = 86_400_000;

/** The entries of one kind, in order of digest and tag. */
function entries(answer: Answer, kind: string): readonly Record<string, unknown>[] {
  const found = answer.lines.filter((line) => line['kind'] === kind);
  const key = (line: Record<string, unknown>) => `${String(line['imageDigest'])} ${String(line['imageTag'])}`;
  return found.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

const total = (answer: Answer) => answer.lines.at(-1);

describe('a plan', () => {
  it('says what would go, whole or by its tag, what is refused, what loses its subject and what comes back', async () => {
    const repository = await freshRepository(client);
    const [whole, kept, child] = [buildImage('whole'), buildImage('kept'), buildImage('child')];
    await repository.push(whole, 'one', 'two');
    await repository.push(kept, 'stays', 'goes');
    await repository.push(buildIndex([child]), 'index');
    const signature = await repository.push(buildImage('signature', { subject: whole, artifactType: 'a/b' }));
    const before = await repository.list();

    const answer = await server.post('images/plan', {
      repositoryName: repository.name,
      imageIds: [
        { imageDigest: whole.digest },
        { imageTag: 'goes' },
        { imageDigest: child.digest },
        { imageTag: 'nobody' },
      ],
    });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/x-ndjson');
    expect(entries(answer, 'image')).toEqual([
      { kind: 'image', imageDigest: whole.digest, imageTags: ['one', 'two'], logicalBytes: blobBytes(whole) },
    ]);
    expect(entries(answer, 'tag')).toEqual([{ kind: 'tag', imageDigest: kept.digest, imageTag: 'goes' }]);
    const failures = answer.lines.filter(({ kind }) => kind === 'failure');
    expect(failures.map(({ imageId, code }) => ({ imageId, code }))).toEqual(
      expect.arrayContaining([
        { imageId: { imageDigest: child.digest }, code: 'ImageReferencedByManifestList' },
        { imageId: { imageTag: 'nobody' }, code: 'ImageNotFound' },
      ]),
    );
    expect(entries(answer, 'referrer')).toMatchObject([
      { kind: 'referrer', imageDigest: signature.digest, subjectDigest: whole.digest },
    ]);
    const bytes = blobBytes(whole);
    expect(total(answer)).toEqual({
      kind: 'total',
      images: 1,
      tags: 3,
      failures: 2,
      referrers: 1,
      bytes: { repository: bytes, registry: bytes, store: bytes },
    });
    expect(await repository.list()).toEqual(before);
  });

  it('of a repository that does not exist is refused before it begins', async () => {
    for (const path of ['images/plan', 'images/delete']) {
      const answer = await server.post(path, { repositoryName: 'no/such', selection: { untagged: true } });
      expect(answer.status).toBe(404);
      expect(answer.json['code']).toBe('RepositoryNotFound');
    }
  });
});

describe('a deletion', () => {
  it('does what its plan said', async () => {
    const repository = await freshRepository(client);
    const images = Array.from({ length: 5 }, (_, index) => buildImage(`done ${index}`));
    for (const [index, image] of images.entries()) await repository.push(image, `v${index}`, 'latest');
    const deletion = { repositoryName: repository.name, selection: { tagPattern: 'v*' } };
    const plan = await server.post('images/plan', deletion);
    const deleted = await server.post('images/delete', deletion);
    expect(total(plan)).toMatchObject({ kind: 'total', images: 4, tags: 5, failures: 0 });
    for (const kind of ['image', 'tag']) expect(entries(deleted, kind)).toEqual(entries(plan, kind));
    expect(total(deleted)).toMatchObject({ kind: 'total', images: 4, tags: 5, failures: 0 });
    expect(await repository.list()).toEqual([{ imageDigest: images[4]?.digest, imageTag: 'latest' }]);
  });

  it('of more than one batch deletes them all, and doing it again finds nothing more', async () => {
    const repository = await freshRepository(client);
    await pushMany(repository, 'many', 230);
    await repository.push(imageNamed('release'), 'release');
    const deletion = { repositoryName: repository.name, selection: { tagPattern: 'pr-*' } };
    const first = await server.post('images/delete', deletion);
    expect(total(first)).toMatchObject({ kind: 'total', images: 230, failures: 0 });
    expect(entries(first, 'image')).toHaveLength(230);
    expect(await repository.list()).toMatchObject([{ imageTag: 'release' }]);
    const second = await server.post('images/delete', deletion);
    expect(second.lines).toEqual([
      {
        kind: 'total',
        images: 0,
        tags: 0,
        failures: 0,
        referrers: 0,
        bytes: { repository: 0, registry: 0, store: 0 },
      },
    ]);
  });

  it('takes what meets every condition: no tag, pushed before, not pulled since', async () => {
    const repository = await freshRepository(client);
    const [old, tagged, young] = [imageNamed('old'), imageNamed('tagged'), imageNamed('young')];
    await repository.push(old);
    await repository.push(tagged, 'kept');
    server.clock.advance(40 * DAY);
    await repository.push(young);
    const now = server.clock.now();
    const answer = await server.post('images/delete', {
      repositoryName: repository.name,
      selection: { untagged: true, pushedBefore: now - 30 * DAY, notPulledSince: now - 14 * DAY },
    });
    expect(entries(answer, 'image').map(({ imageDigest }) => imageDigest)).toEqual([old.digest]);
    expect((await repository.list()).map(({ imageDigest }) => imageDigest).sort()).toEqual(
      [tagged.digest, young.digest].sort(),
    );
  });

  it('counts a pull of a moment ago', async () => {
    const repository = await freshRepository(client);
    await repository.push(imageNamed('pulled'), 'pulled');
    await repository.push(imageNamed('not pulled'), 'not-pulled');
    server.clock.advance(40 * DAY);
    await client.send(new BatchGetImageCommand({ ...repository.named, imageIds: [{ imageTag: 'pulled' }] }));
    const selection = { notPulledSince: server.clock.now() - 30 * DAY };
    const plan = await server.post('images/plan', { repositoryName: repository.name, selection });
    expect(entries(plan, 'image')).toMatchObject([{ imageTags: ['not-pulled'] }]);
  });

  it('ends when the caller goes away: what was not begun stays, and the same request again goes on', async () => {
    const repository = await freshRepository(client);
    await pushMany(repository, 'gone', 1000);
    const deletion = { repositoryName: repository.name, selection: { tagPattern: 'pr-*' } };
    await leaveAfterFirstChunk(JSON.stringify(deletion));
    let left = -1;
    // Until it stands still, which at nothing left it would as well.
    await expect
      .poll(async () => {
        const before = left;
        left = await imagesIn(repository.name);
        return before === left;
      })
      .toBe(true);
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(1000);
    const again = await server.post('images/delete', deletion);
    expect(total(again)).toMatchObject({ kind: 'total', images: left, failures: 0 });
    expect(await repository.list()).toEqual([]);
  });
});

/** Images tagged `pr-0`, `pr-1` and so on, forty at a time after the first, which brings the blobs that they share. */
async function pushMany(repository: TestRepository, name: string, count: number): Promise<void> {
  const push = (index: number) => repository.push(imageNamed(`${name} ${index}`), `pr-${index}`);
  await push(0);
  for (let from = 1; from < count; from += 40) {
    await Promise.all(Array.from({ length: Math.min(40, count - from) }, (_, index) => push(from + index)));
  }
}

async function imagesIn(repositoryName: string): Promise<number> {
  const { json } = await server.get(`usage/repository?name=${encodeURIComponent(repositoryName)}`);
  return (json['usage'] as { images: number }).images;
}

/** Begins a deletion and closes the connection once something of the answer is there. */
async function leaveAfterFirstChunk(body: string): Promise<void> {
  const target = `${PREFIX}images/delete`;
  const headers = signRequest(
    { method: 'POST', target, headers: { host: server.ecr.host }, body: Buffer.from(body) },
    { accessKeyId: 'test', secretAccessKey: 'test', region: REGION, service: 'ecr', at: server.clock.now() },
  );
  await new Promise<void>((resolve, reject) => {
    const request = httpRequest(`${server.endpoint}${target}`, { method: 'POST', headers, agent: false }, (answer) => {
      answer.once('data', () => {
        request.destroy();
        resolve();
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}
