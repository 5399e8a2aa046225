import {
  DescribeRepositoriesCommand,
  PutImageTagMutabilityCommand,
  type PutImageTagMutabilityCommandInput,
} from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { ACCOUNT, serveThisFile } from './support/ecr-server.ts';
import { expectImages } from './support/expect-images.ts';
import { AT_LEAST, AT_MOST, refusalOf, violation } from './support/refusals.ts';
import { describeRepositoryMembers } from './support/repository-members.ts';
import { freshRepository, imageNamed, outputOf } from './support/test-repository.ts';

const server = await serveThisFile();
const { client } = server;

const FILTERS = 'imageTagMutabilityExclusionFilters';
const A = imageNamed('a');
const B = imageNamed('b');

const wildcards = (...filters: readonly string[]) =>
  filters.map((filter) => ({ filterType: 'WILDCARD' as const, filter }));

const repository = await freshRepository(client);

type Input = Partial<PutImageTagMutabilityCommandInput>;

async function put(input: Input, into = repository) {
  return outputOf(
    await client.send(new PutImageTagMutabilityCommand({ ...into.named, imageTagMutability: 'MUTABLE', ...input })),
  );
}

async function kept() {
  const { repositories } = await client.send(new DescribeRepositoriesCommand({ repositoryNames: [repository.name] }));
  return repositories?.[0];
}

describe('PutImageTagMutability', () => {
  it('answers what it set, to the byte', async () => {
    const plain = await server.call('PutImageTagMutability', {
      repositoryName: repository.name,
      imageTagMutability: 'IMMUTABLE',
    });
    expect(plain.body).toBe(
      `{"imageTagMutability":"IMMUTABLE","registryId":"${ACCOUNT}","repositoryName":"${repository.name}"}`,
    );
    const filtered = await server.call('PutImageTagMutability', {
      repositoryName: repository.name,
      imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION',
      imageTagMutabilityExclusionFilters: [{ filterType: 'WILDCARD', filter: 'latest' }],
    });
    expect(filtered.body).toBe(
      '{"imageTagMutability":"IMMUTABLE_WITH_EXCLUSION","imageTagMutabilityExclusionFilters":[{"filter":"latest","filterType":"WILDCARD"}],' +
        `"registryId":"${ACCOUNT}","repositoryName":"${repository.name}"}`,
    );
  });

  it.each([
    ['IMMUTABLE', undefined],
    ['MUTABLE_WITH_EXCLUSION', wildcards('v*')],
    ['IMMUTABLE_WITH_EXCLUSION', wildcards('a', '*b*', 'c-_.', '*', '**')],
    ['MUTABLE', undefined],
  ] as const)('sets %s with the filters %j, in place of what was there', async (imageTagMutability, filters) => {
    const set = { imageTagMutability, ...(filters && { imageTagMutabilityExclusionFilters: [...filters] }) };
    expect(await put({ ...set, registryId: ACCOUNT })).toEqual({
      registryId: ACCOUNT,
      repositoryName: repository.name,
      ...set,
    });
    expect(await kept()).toMatchObject(set);
    if (!filters) expect(await kept()).not.toHaveProperty(FILTERS);
  });

  it('decides on pushes from then on, and leaves tags where they are', async () => {
    const own = await freshRepository(client);
    await own.push(A, 'v1', 'latest');
    await own.push(B);
    await put({ imageTagMutability: 'IMMUTABLE' }, own);
    expect((await refusalOf(own.put(B, 'v1'))).name).toBe('ImageTagAlreadyExistsException');
    await own.put(B, 'v2');
    await put({ imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION', [FILTERS]: wildcards('l*t') }, own);
    await own.put(B, 'latest');
    await put({ imageTagMutability: 'MUTABLE' }, own);
    await own.put(B, 'v1');
    const tags = ['v2', 'latest', 'v1'].map((imageTag) => ({ imageDigest: B.digest, imageTag }));
    await expectImages(client, own, [{ imageDigest: A.digest }, ...tags]);
  });

  it.each<[string, Input, string, string]>([
    ['no mode', { imageTagMutability: undefined }, 'imageTagMutability', 'Member must not be null'],
    [
      'a mode in lower case',
      { imageTagMutability: 'mutable' as 'MUTABLE' },
      'imageTagMutability',
      'Member must satisfy enum value set: [IMMUTABLE, MUTABLE, MUTABLE_WITH_EXCLUSION, IMMUTABLE_WITH_EXCLUSION]',
    ],
    ['no filters in the list', { [FILTERS]: [] }, FILTERS, `${AT_LEAST} 1`],
    ['six filters', { [FILTERS]: wildcards('a', 'b', 'c', 'd', 'e', 'f') }, FILTERS, `${AT_MOST} 5`],
    ['an empty filter', { [FILTERS]: wildcards('a', '') }, `${FILTERS}.2.member.filter`, `${AT_LEAST} 1`],
    [
      'a filter of 129 characters',
      { [FILTERS]: wildcards('a'.repeat(129)) },
      `${FILTERS}.1.member.filter`,
      `${AT_MOST} 128`,
    ],
    [
      'a filter with other characters',
      { [FILTERS]: wildcards('v[0-9]') },
      `${FILTERS}.1.member.filter`,
      'Member must satisfy regular expression pattern: ^[0-9a-zA-Z._*-]{1,128}$',
    ],
    [
      'another type of filter',
      { [FILTERS]: [{ filterType: 'REGEX' as 'WILDCARD', filter: 'a' }] },
      `${FILTERS}.1.member.filterType`,
      'Member must satisfy enum value set: [WILDCARD]',
    ],
    [
      'a filter without a type',
      { [FILTERS]: [{ filterType: undefined, filter: 'a' }] },
      `${FILTERS}.1.member.filterType`,
      'Member must not be null',
    ],
    [
      'three wildcards',
      { imageTagMutability: 'MUTABLE_WITH_EXCLUSION', [FILTERS]: wildcards('a*b*c*') },
      FILTERS,
      "The filter 'a*b*c*' has more than 2 wildcards",
    ],
    [
      'a mode without exclusions but with filters',
      { imageTagMutability: 'IMMUTABLE', [FILTERS]: wildcards('a') },
      FILTERS,
      'ImageTagMutabilityExclusionFilters must be null when imageTagMutability is set as IMMUTABLE',
    ],
    ...(['IMMUTABLE_WITH_EXCLUSION', 'MUTABLE_WITH_EXCLUSION'] as const).map(
      (imageTagMutability): [string, Input, string, string] => [
        `${imageTagMutability} without filters`,
        { imageTagMutability },
        FILTERS,
        `ImageTagMutabilityExclusionFilters can't be null when imageTagMutability is set as ${imageTagMutability}`,
      ],
    ),
  ])('refuses %s, and changes nothing', async (_, input, parameter, constraint) => {
    const before = await kept();
    expect(await refusalOf(put(input))).toEqual(violation(parameter, constraint));
    expect(await kept()).toEqual(before);
  });

  it('takes 5 filters of up to 128 characters', async () => {
    const filters = wildcards('a'.repeat(128), 'b', 'c', 'd', 'e');
    const answer = await put({ imageTagMutability: 'MUTABLE_WITH_EXCLUSION', [FILTERS]: filters });
    expect(answer[FILTERS]).toEqual(filters);
  });

  describeRepositoryMembers((members) =>
    client.send(new PutImageTagMutabilityCommand({ imageTagMutability: 'MUTABLE', ...members })),
  );
});
