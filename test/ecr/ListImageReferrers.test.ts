import {
  type ImageReferrer,
  ListImageReferrersCommand,
  type ListImageReferrersCommandInput,
} from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { buildIndex } from '../support/images.ts';
import { serveThisFile } from './support/ecr-server.ts';
import { describePaging, type PageInput, pagesOf } from './support/paging.ts';
import { AT_LEAST, AT_MOST, refusalOf, violation } from './support/refusals.ts';
import { describeRepositoryMembers } from './support/repository-members.ts';
import { freshRepository, imageNamed, outputOf } from './support/test-repository.ts';

const server = await serveThisFile();
const { client } = server;

const SUBJECT = imageNamed('subject');
const OTHER = imageNamed('other');
const SBOM = imageNamed('sbom', { subject: SUBJECT, artifactType: 'application/spdx+json' });
const SIGNATURE = imageNamed('signature', { subject: SUBJECT, artifactType: 'application/x-signature' });
const PLAIN = imageNamed('plain', { subject: SUBJECT });
const INDEX = buildIndex([OTHER], { subject: SUBJECT, annotations: { name: 'index' } });
const REFERRERS = [SBOM, SIGNATURE, PLAIN, INDEX].sort((a, b) => (a.digest < b.digest ? -1 : 1));
const CONFIG = 'application/vnd.oci.image.config.v1+json';

const repository = await freshRepository(client);
await repository.push(SUBJECT, 'subject');
for (const image of REFERRERS) await repository.push(image);
await repository.push(imageNamed('of another', { subject: OTHER }));

const listing = (input: Partial<ListImageReferrersCommandInput>) => async (page: PageInput) => {
  const subjectId = { imageDigest: SUBJECT.digest };
  const command = new ListImageReferrersCommand({ ...repository.named, subjectId, ...input, ...page });
  const { referrers = [], nextToken } = await client.send(command);
  return { items: referrers, nextToken };
};

const digestsOf = (items: readonly Partial<ImageReferrer>[]) => items.map(({ digest }) => digest);
const ALL = digestsOf(REFERRERS);

describe('ListImageReferrers', () => {
  it('answers what names the subject as its own, in order of digest, with all that a client needs', async () => {
    const { items, nextToken } = await listing({})({});
    expect(nextToken).toBeUndefined();
    const types = new Map([
      [SBOM, 'application/spdx+json'],
      [SIGNATURE, 'application/x-signature'],
      [PLAIN, CONFIG],
    ]);
    const names = new Map([
      [SBOM, 'sbom'],
      [SIGNATURE, 'signature'],
      [PLAIN, 'plain'],
      [INDEX, 'index'],
    ]);
    expect(items).toEqual(
      REFERRERS.map((image) => ({
        digest: image.digest,
        mediaType: image.mediaType,
        size: image.bytes.byteLength,
        ...(types.has(image) && { artifactType: types.get(image) }),
        annotations: { name: names.get(image) },
        artifactStatus: 'ACTIVE',
      })),
    );
  });

  it('answers an empty list for a subject without any, there or not, by any kind of digest', async () => {
    for (const imageDigest of [SBOM.digest, `sha256:${'0'.repeat(64)}`, 'md5:00']) {
      const command = new ListImageReferrersCommand({ ...repository.named, subjectId: { imageDigest } });
      expect(outputOf(await client.send(command))).toEqual({ referrers: [] });
    }
  });

  it('knows the referrers of a subject that was deleted, and forgets those that are', async () => {
    const own = await freshRepository(client);
    await own.push(SUBJECT, 'subject');
    await own.push(SBOM);
    await own.push(SIGNATURE);
    await own.delete({ imageTag: 'subject' }, { imageDigest: SBOM.digest });
    const command = new ListImageReferrersCommand({ ...own.named, subjectId: { imageDigest: SUBJECT.digest } });
    expect(digestsOf((await client.send(command)).referrers ?? [])).toEqual([SIGNATURE.digest]);
  });

  it.each([
    [{}, ALL],
    [{ artifactTypes: [] }, ALL],
    [{ artifactTypes: ['application/spdx+json'] }, [SBOM.digest]],
    [{ artifactTypes: ['application/spdx+json', 'x/y', CONFIG] }, [SBOM.digest, PLAIN.digest].sort()],
    [{ artifactTypes: ['application/spdx%'] }, []],
    [{ artifactTypes: ['application/spdx+json\u0000'] }, []],
    [{ artifactTypes: ['\u0000', 'application/spdx+json'] }, [SBOM.digest]],
    [{ artifactTypes: ['APPLICATION/SPDX+JSON'] }, []],
    [{ artifactTypes: Array.from({ length: 5 }, () => 'a'.repeat(255)) }, []],
    [{ artifactStatus: 'ACTIVE' as const }, ALL],
    [{ artifactStatus: 'ANY' as const }, ALL],
    [{ artifactStatus: 'ARCHIVED' as const }, []],
    [{ artifactStatus: 'ACTIVATING' as const }, []],
  ])('lets through what the filter %j asks for', async (filter, expected) => {
    const { items, nextToken } = await listing({ filter })({ maxResults: 50 });
    expect(digestsOf(items)).toEqual(expected);
    expect(nextToken).toBeUndefined();
  });

  it.each([
    [{ artifactTypes: Array.from({ length: 6 }, () => 'a/b') }, 'filter.artifactTypes', `${AT_MOST} 5`],
    [
      { artifactTypes: ['a/b', ''] },
      'filter.artifactTypes',
      `Member must satisfy constraint: [${AT_MOST} 255, ${AT_LEAST} 1]`,
    ],
    [
      { artifactTypes: ['a'.repeat(256)] },
      'filter.artifactTypes',
      `Member must satisfy constraint: [${AT_MOST} 255, ${AT_LEAST} 1]`,
    ],
    [
      { artifactStatus: 'GONE' as 'ANY' },
      'filter.artifactStatus',
      'Member must satisfy enum value set: [ACTIVE, ARCHIVED, ACTIVATING, ANY]',
    ],
  ])('refuses the filter %j', async (filter, parameter, constraint) => {
    expect(await refusalOf(listing({ filter })({}))).toEqual(violation(parameter, constraint));
  });

  it.each([
    [undefined, 'subjectId', 'Member must not be null'],
    [{ imageDigest: undefined }, 'subjectId.imageDigest', 'Member must not be null'],
    [{ imageDigest: '' }, 'subjectId.imageDigest', "must satisfy regular expression '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'"],
    [
      { imageDigest: 'latest' },
      'subjectId.imageDigest',
      "must satisfy regular expression '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
    ],
  ])('refuses the subject %j', async (subjectId, parameter, constraint) => {
    const call = client.send(new ListImageReferrersCommand({ ...repository.named, subjectId }));
    expect(await refusalOf(call)).toEqual(violation(parameter, constraint));
  });

  describePaging(server, {
    max: 50,
    listing: listing({}),
    others: [listing({ filter: { artifactTypes: ['application/spdx+json', CONFIG] } })],
  });

  it.each([1, 2, 3, 4])('yields every referrer once in pages of %d', async (size) => {
    const pages = await pagesOf(listing({}), size, ALL.length);
    expect(digestsOf(pages.flat())).toEqual(ALL);
  });

  it('holds 20 where nothing else is said', async () => {
    const many = await freshRepository(client);
    for (let number = 0; number < 21; number++) await many.push(imageNamed(`referrer ${number}`, { subject: SUBJECT }));
    const input = { ...many.named, subjectId: { imageDigest: SUBJECT.digest } };
    const first = await client.send(new ListImageReferrersCommand(input));
    expect(first.referrers).toHaveLength(20);
    const second = await client.send(new ListImageReferrersCommand({ ...input, nextToken: first.nextToken }));
    expect(second.referrers).toHaveLength(1);
    expect(second.nextToken).toBeUndefined();
  });

  describeRepositoryMembers((members) =>
    client.send(new ListImageReferrersCommand({ subjectId: { imageDigest: SUBJECT.digest }, ...members })),
  );
});
