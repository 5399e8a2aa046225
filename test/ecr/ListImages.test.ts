import { type ImageIdentifier, ListImagesCommand, type ListImagesCommandInput } from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { serveThisFile } from './support/ecr-server.ts';
import { describePaging, type PageInput, pagesOf } from './support/paging.ts';
import { refusalOf, violation } from './support/refusals.ts';
import { describeRepositoryMembers } from './support/repository-members.ts';
import { freshRepository, imageNamed, outputOf } from './support/test-repository.ts';

const server = await serveThisFile();
const { client } = server;

const A = imageNamed('a');
const B = imageNamed('b');
const C = imageNamed('c');

const repository = await freshRepository(client);
await repository.push(A, 'v1', 'v1.0', 'v1-', 'v10', 'V1');
await repository.push(B, 'b');
await repository.push(C);

const TAGGED: ImageIdentifier[] = [
  { imageDigest: B.digest, imageTag: 'b' },
  ...['v1', 'v1.0', 'v1-', 'v10', 'V1'].map((imageTag) => ({ imageDigest: A.digest, imageTag })),
];
const UNTAGGED: ImageIdentifier[] = [{ imageDigest: C.digest }];
const ALL = [...UNTAGGED, ...TAGGED];

const listing = (input: Partial<ListImagesCommandInput>) => async (page: PageInput) => {
  const { imageIds = [], nextToken } = await client.send(
    new ListImagesCommand({ ...repository.named, ...input, ...page }),
  );
  return { items: imageIds, nextToken };
};

describe('ListImages', () => {
  it('answers the image pushed last first: an entry for each tag, in the order they were pushed, or one without', async () => {
    expect(outputOf(await client.send(new ListImagesCommand(repository.named)))).toEqual({ imageIds: ALL });
  });

  it('answers an empty list, and no token, for an empty repository', async () => {
    const empty = await freshRepository(client);
    const answer = await server.call('ListImages', { repositoryName: empty.name });
    expect(answer.body).toBe('{"imageIds":[]}');
  });

  it.each([
    [{}, ALL],
    [{ tagStatus: 'ANY' }, ALL],
    [{ tagStatus: 'TAGGED' }, TAGGED],
    [{ tagStatus: 'UNTAGGED' }, UNTAGGED],
    [{ imageStatus: 'ACTIVE' }, ALL],
    [{ imageStatus: 'ANY', tagStatus: 'UNTAGGED' }, UNTAGGED],
    [{ imageStatus: 'ARCHIVED' }, []],
    [{ imageStatus: 'ACTIVATING' }, []],
  ] as const)('lets through what the filter %j asks for', async (filter, expected) => {
    const answer = await client.send(new ListImagesCommand({ ...repository.named, filter }));
    expect(outputOf(answer)).toEqual({ imageIds: expected });
  });

  it.each([
    [{ tagStatus: 'NONE' }, 'filter.tagStatus', 'TAGGED, UNTAGGED, ANY'],
    [{ imageStatus: '' }, 'filter.imageStatus', 'ACTIVE, ARCHIVED, ACTIVATING, ANY'],
  ])('refuses the filter %j', async (filter, parameter, values) => {
    const call = listing({ filter: filter as ListImagesCommandInput['filter'] })({});
    expect(await refusalOf(call)).toEqual(violation(parameter, `Member must satisfy enum value set: [${values}]`));
  });

  describePaging(server, {
    max: 1000,
    listing: listing({}),
    others: [listing({ filter: { tagStatus: 'TAGGED' } })],
  });

  it.each([1, 2, 3, 4, 5, 6, 7])('yields every entry once in pages of %d', async (size) => {
    const pages = await pagesOf(listing({}), size, ALL.length);
    expect(pages.flat()).toEqual(ALL);
    expect(pages.slice(0, -1).every((page) => page.length === size)).toBe(true);
  });

  it('yields what a filter lets through in pages as well', async () => {
    const pages = await pagesOf(listing({ filter: { tagStatus: 'TAGGED' } }), 2, TAGGED.length);
    expect(pages.flat()).toEqual(TAGGED);
  });

  it('goes on after a page whose last image was deleted meanwhile', async () => {
    const changing = await freshRepository(client);
    for (const image of [A, B, C]) await changing.push(image, 'one', image.digest.slice(7, 20));
    const first = await client.send(new ListImagesCommand({ ...changing.named, maxResults: 2 }));
    const [{ imageDigest } = {}] = first.imageIds ?? [];
    await changing.delete({ imageDigest });
    const rest = await client.send(new ListImagesCommand({ ...changing.named, nextToken: first.nextToken }));
    expect(rest.imageIds).toEqual(
      (await changing.list()).filter((id) => !first.imageIds?.some((seen) => seen.imageTag === id.imageTag)),
    );
  });

  it('holds 100 entries where nothing else is said', async () => {
    const many = await freshRepository(client);
    await many.push(A, ...Array.from({ length: 101 }, (_, number) => `tag-${number}`));
    const first = await client.send(new ListImagesCommand(many.named));
    expect(first.imageIds).toHaveLength(100);
    const second = await client.send(new ListImagesCommand({ ...many.named, nextToken: first.nextToken }));
    expect(outputOf(second)).toEqual({ imageIds: [{ imageDigest: A.digest, imageTag: 'tag-100' }] });
  });

  describeRepositoryMembers((members) => client.send(new ListImagesCommand(members)));
});
