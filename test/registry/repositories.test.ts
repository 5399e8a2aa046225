import { describe, expect, test } from 'vitest';
import { Fault } from '../../src/model/fault.ts';
import { parseRepositoryName } from '../../src/model/repository-name.ts';
import type { TagMutability } from '../../src/model/tag-mutability.ts';
import { beginUpload } from '../../src/registry/layer/upload-session.ts';
import {
  createRepository,
  DEFAULT_SETTINGS,
  ensureRepository,
} from '../../src/registry/repository/create-repository.ts';
import { deleteRepository } from '../../src/registry/repository/delete-repository.ts';
import { getRepositories } from '../../src/registry/repository/list-repositories.ts';
import type { RepositoryPath } from '../../src/registry/repository/repository-path.ts';
import { listResourceTags, tagResource, untagResource } from '../../src/registry/repository/resource-tags.ts';
import { putTagMutability } from '../../src/registry/repository/tag-mutability.ts';
import { checkStores } from '../support/check-stores.ts';
import { collect } from '../support/collect.ts';
import { blobOf, buildImage, buildIndex, makeRepository, pushBlob, pushImage, REGISTRY } from '../support/images.ts';
import { openStores, TEST_RETENTION } from '../support/stores.ts';

const ARN = 'arn:aws:ecr:us-east-1:000000000000:repository/app';

function pathTo(name: string, registry = REGISTRY): RepositoryPath {
  const repositoryName = parseRepositoryName(name);
  if (!repositoryName) throw new Error(`Not a repository name: ${name}`);
  return { registry, repositoryName };
}

async function refusalOf(work: Promise<unknown>): Promise<Fault> {
  const refusal = await work.catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(Fault);
  return refusal as Fault;
}

describe('Creating a repository', () => {
  test('answers it with its settings and the hour', async () => {
    await using stores = await openStores();
    const settings = {
      tagMutability: { mode: 'IMMUTABLE_WITH_EXCLUSION', exclusionFilters: ['dev-*'] },
      scanOnPush: true,
      encryption: { type: 'KMS', kmsKey: 'arn:aws:kms:us-east-1:000000000000:key/1' },
      tags: [{ key: 'team', value: 'a' }],
    } as const;
    const created = await createRepository(stores.ports, pathTo('app'), settings);
    const { tags, ...rest } = settings;
    expect(created).toMatchObject({ registry: REGISTRY, name: 'app', createdAt: stores.clock.now(), ...rest });
    expect(await listResourceTags(stores.ports, ARN)).toEqual(tags);
  });

  test('under a name that is taken is refused, whatever its settings, and changes nothing', async () => {
    await using stores = await openStores();
    await makeRepository(stores.ports, 'app');
    const other = { ...DEFAULT_SETTINGS, scanOnPush: true, tags: [{ key: 'a', value: '1' }] };
    const refusal = await refusalOf(createRepository(stores.ports, pathTo('app'), other));
    expect(refusal.message).toBe(
      "The repository with name 'app' already exists in the registry with id '000000000000'",
    );
    expect(await listResourceTags(stores.ports, ARN)).toEqual([]);
    expect((await getRepositories(stores.ports, REGISTRY, ['app']))[0]?.scanOnPush).toBe(false);
  });

  test('by two at once succeeds for one', async () => {
    await using stores = await openStores();
    const attempts = Array.from({ length: 10 }, () => createRepository(stores.ports, pathTo('app'), DEFAULT_SETTINGS));
    const outcomes = await Promise.allSettled(attempts);
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
  });

  test('where it is only ensured does nothing the second time', async () => {
    await using stores = await openStores();
    await Promise.all(Array.from({ length: 5 }, () => ensureRepository(stores.ports, pathTo('app'))));
    const [first] = await getRepositories(stores.ports, REGISTRY, ['app']);
    stores.clock.advance(1000);
    await ensureRepository(stores.ports, pathTo('app'));
    expect(await getRepositories(stores.ports, REGISTRY, ['app'])).toEqual([first]);
  });
});

describe('Naming repositories', () => {
  test('answers them in the order they are asked for, each once, and refuses the first that is missing', async () => {
    await using stores = await openStores();
    for (const name of ['a1', 'b1', 'c1']) await makeRepository(stores.ports, name);
    await makeRepository(stores.ports, 'd1', { ...REGISTRY, region: 'eu-west-1' });
    const found = await getRepositories(stores.ports, REGISTRY, ['c1', 'a1', 'c1']);
    expect(found.map((repository) => repository.name)).toEqual(['c1', 'a1']);
    const refusal = await refusalOf(getRepositories(stores.ports, REGISTRY, ['a1', 'd1', 'e1']));
    expect(refusal.message).toBe("The repository with name 'd1' does not exist in the registry with id '000000000000'");
  });
});

describe('Deleting a repository', () => {
  test('that has images is refused without force, and untouched', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    await pushImage(stores.ports, path, buildImage('a'));
    const refusal = await refusalOf(deleteRepository(stores.ports, path, { force: false }));
    expect(refusal.message).toBe(
      "The repository with name 'app' in registry with id '000000000000' cannot be deleted because it still contains images",
    );
    expect(await getRepositories(stores.ports, REGISTRY, ['app'])).toHaveLength(1);
  });

  test('that has only blobs, uploads and resource tags needs no force', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    await pushBlob(stores.ports, path, blobOf('content'));
    await beginUpload(stores.ports, path);
    await tagResource(stores.ports, ARN, [{ key: 'a', value: '1' }]);
    expect(await deleteRepository(stores.ports, path, { force: false })).toMatchObject({ name: 'app' });
    expect((await refusalOf(deleteRepository(stores.ports, path, { force: true }))).code).toBe('RepositoryNotFound');
    await checkStores(stores);
  });

  test('by force takes images that indexes list, in any depth, and leaves other repositories as they are', async () => {
    await using stores = await openStores();
    const [path, other] = [await makeRepository(stores.ports, 'app'), await makeRepository(stores.ports, 'other')];
    const index = buildIndex([buildIndex([buildImage('a'), buildImage('b')]), buildImage('c')]);
    for (const repository of [path, other]) await pushImage(stores.ports, repository, index, 'latest');
    await deleteRepository(stores.ports, path, { force: true });
    stores.clock.advance(TEST_RETENTION.lease * 2);
    await collect(stores.ports);
    await checkStores(stores);
    expect((await refusalOf(deleteRepository(stores.ports, other, { force: false }))).code).toBe('RepositoryNotEmpty');
    await deleteRepository(stores.ports, other, { force: true });
    stores.clock.advance(TEST_RETENTION.grace);
    await collect(stores.ports);
    expect(await stores.bytesStored()).toBe(0);
  });
});

describe('Tag mutability', () => {
  test.each<[string, TagMutability]>([
    ['an excluding mode without filters', { mode: 'MUTABLE_WITH_EXCLUSION', exclusionFilters: [] }],
    ['an excluding mode without filters', { mode: 'IMMUTABLE_WITH_EXCLUSION', exclusionFilters: [] }],
    ['a plain mode with filters', { mode: 'MUTABLE', exclusionFilters: ['v*'] }],
    ['a plain mode with filters', { mode: 'IMMUTABLE', exclusionFilters: ['v*'] }],
    ['a filter with three wildcards', { mode: 'IMMUTABLE_WITH_EXCLUSION', exclusionFilters: ['v*', '*a*b*'] }],
  ])('is refused with %s, when it is set and when a repository is created', async (_, tagMutability) => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const setting = await refusalOf(putTagMutability(stores.ports, path, tagMutability));
    const creating = await refusalOf(
      createRepository(stores.ports, pathTo('other'), { ...DEFAULT_SETTINGS, tagMutability }),
    );
    expect([setting.code, creating.code]).toEqual(['InvalidParameter', 'InvalidParameter']);
    expect((await getRepositories(stores.ports, REGISTRY, ['app']))[0]?.tagMutability.mode).toBe('MUTABLE');
    expect((await refusalOf(getRepositories(stores.ports, REGISTRY, ['other']))).code).toBe('RepositoryNotFound');
  });

  test("is explained in ECR's words", async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const put = (tagMutability: TagMutability) => refusalOf(putTagMutability(stores.ports, path, tagMutability));
    expect((await put({ mode: 'MUTABLE', exclusionFilters: ['v*'] })).message).toContain(
      'ImageTagMutabilityExclusionFilters must be null when imageTagMutability is set as MUTABLE',
    );
    expect((await put({ mode: 'MUTABLE_WITH_EXCLUSION', exclusionFilters: [] })).message).toContain(
      "ImageTagMutabilityExclusionFilters can't be null when imageTagMutability is set as MUTABLE_WITH_EXCLUSION",
    );
  });

  test('is set for good with two wildcards a filter', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const tagMutability = { mode: 'IMMUTABLE_WITH_EXCLUSION', exclusionFilters: ['*a*', 'v1'] } as const;
    expect((await putTagMutability(stores.ports, path, tagMutability)).tagMutability).toEqual(tagMutability);
    expect((await getRepositories(stores.ports, REGISTRY, ['app']))[0]?.tagMutability).toEqual(tagMutability);
    expect((await refusalOf(putTagMutability(stores.ports, pathTo('other'), tagMutability))).code).toBe(
      'RepositoryNotFound',
    );
  });
});

describe('Resource tags', () => {
  const many = (count: number, prefix = 'k') =>
    Array.from({ length: count }, (_, at) => ({ key: `${prefix}${String(at).padStart(2, '0')}`, value: `${at}` }));

  test('are added, replaced and removed by key', async () => {
    await using stores = await openStores();
    await makeRepository(stores.ports, 'app');
    await tagResource(stores.ports, ARN, [
      { key: 'b', value: '1' },
      { key: 'a', value: '' },
    ]);
    await tagResource(stores.ports, ARN, [
      { key: 'b', value: '2' },
      { key: 'B', value: '3' },
    ]);
    expect(await listResourceTags(stores.ports, ARN)).toEqual([
      { key: 'B', value: '3' },
      { key: 'a', value: '' },
      { key: 'b', value: '2' },
    ]);
    await untagResource(stores.ports, ARN, ['a', 'unknown', 'a']);
    await untagResource(stores.ports, ARN, []);
    expect((await listResourceTags(stores.ports, ARN)).map((tag) => tag.key)).toEqual(['B', 'b']);
  });

  test('are fifty at most, old and new together; replacing one of fifty is allowed', async () => {
    await using stores = await openStores();
    await makeRepository(stores.ports, 'app');
    await tagResource(stores.ports, ARN, many(30));
    expect((await refusalOf(tagResource(stores.ports, ARN, many(21, 'x')))).code).toBe('TooManyTags');
    expect(await listResourceTags(stores.ports, ARN)).toHaveLength(30);
    await tagResource(stores.ports, ARN, many(20, 'x'));
    await tagResource(stores.ports, ARN, [{ key: 'k00', value: 'new' }]);
    expect((await refusalOf(tagResource(stores.ports, ARN, [{ key: 'y', value: '' }]))).code).toBe('TooManyTags');
    const creation = createRepository(stores.ports, pathTo('other'), { ...DEFAULT_SETTINGS, tags: many(51) });
    expect((await refusalOf(creation)).code).toBe('TooManyTags');
  });

  test.each([
    ['an empty key', [{ key: '', value: 'x' }]],
    ['a key of 129 characters', [{ key: 'k'.repeat(129), value: 'x' }]],
    ['a value of 257 characters', [{ key: 'k', value: 'x'.repeat(257) }]],
    ['a character that is not allowed', [{ key: 'k', value: '<script>' }]],
    ['a line break', [{ key: 'k\n', value: 'x' }]],
    ["AWS's own prefix", [{ key: 'aws:k', value: 'x' }]],
    ["AWS's own prefix in capitals", [{ key: 'AwS:k', value: 'x' }]],
    [
      'a key given twice',
      [
        { key: 'k', value: 'x' },
        { key: 'k', value: 'x' },
      ],
    ],
  ])('are refused with %s', async (_, tags) => {
    await using stores = await openStores();
    await makeRepository(stores.ports, 'app');
    const sound = { key: 'sound', value: 'x' };
    expect((await refusalOf(tagResource(stores.ports, ARN, [sound, ...tags]))).code).toBe('InvalidTagParameter');
    expect(await listResourceTags(stores.ports, ARN)).toEqual([]);
  });

  test('may be as long as allowed, and in any script', async () => {
    await using stores = await openStores();
    await makeRepository(stores.ports, 'app');
    const tags = [
      { key: 'k'.repeat(128), value: 'v'.repeat(256) },
      { key: 'Größe_+-=.:/@ 船', value: 'グループ 1' },
    ];
    await tagResource(stores.ports, ARN, tags);
    expect(await listResourceTags(stores.ports, ARN)).toHaveLength(2);
  });

  test.each([
    ['no ARN', 'app', 'InvalidParameter'],
    ['the ARN of another service', ARN.replace(':ecr:', ':s3:'), 'InvalidParameter'],
    ['a repository that does not exist', ARN.replace(/app$/, 'other'), 'RepositoryNotFound'],
    ['a repository of another region', ARN.replace('us-east-1', 'eu-west-1'), 'RepositoryNotFound'],
  ])('of %s are refused', async (_, arn, code) => {
    await using stores = await openStores();
    await makeRepository(stores.ports, 'app');
    const attempts = [
      () => tagResource(stores.ports, arn, [{ key: 'k', value: 'v' }]),
      () => untagResource(stores.ports, arn, ['k']),
      () => listResourceTags(stores.ports, arn),
    ];
    for (const attempt of attempts) expect((await refusalOf(attempt())).code).toBe(code);
  });
});
