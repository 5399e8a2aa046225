import {
  CreateRepositoryCommand,
  type CreateRepositoryCommandInput,
  DescribeRepositoriesCommand,
  type ImageTagMutabilityExclusionFilter,
  ListTagsForResourceCommand,
  type Tag,
} from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { ACCOUNT, serveThisFile } from './support/ecr-server.ts';
import {
  AT_LEAST,
  AT_MOST,
  NAME_PATTERN,
  REGISTRY_ID_PATTERN,
  refusalOf,
  repositoryNotFound,
  violation,
} from './support/refusals.ts';

const server = await serveThisFile();
const { client, clock, host } = server;

let made = 0;
const freshName = () => `made/${++made}`;

async function create(input: Partial<CreateRepositoryCommandInput> = {}) {
  const { repository } = await client.send(new CreateRepositoryCommand({ repositoryName: freshName(), ...input }));
  if (!repository) throw new Error('no repository in the answer');
  return repository;
}

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function wildcard(filter: string): ImageTagMutabilityExclusionFilter {
  return { filterType: 'WILDCARD', filter };
}

const FILTERS = 'imageTagMutabilityExclusionFilters';
const MODES =
  'Member must satisfy enum value set: [IMMUTABLE, MUTABLE, MUTABLE_WITH_EXCLUSION, IMMUTABLE_WITH_EXCLUSION]';

describe('CreateRepository', () => {
  it('answers the defaults of ECR, to the byte', async () => {
    const answer = await server.call('CreateRepository', { repositoryName: 'ubuntu' });
    expect(answer.status).toBe(200);
    expect(answer.body).toBe(
      `{"repository":{"createdAt":${clock.now() / 1000},"encryptionConfiguration":{"encryptionType":"AES256"},` +
        '"imageScanningConfiguration":{"scanOnPush":false},"imageTagMutability":"MUTABLE","registryId":"000000000000",' +
        '"repositoryArn":"arn:aws:ecr:us-east-1:000000000000:repository/ubuntu","repositoryName":"ubuntu",' +
        `"repositoryUri":"${host}/ubuntu"}}`,
    );
  });

  it('keeps every member it is given, and answers all but the tags', async () => {
    const name = freshName();
    clock.advance(1001);
    const repository = await create({
      registryId: ACCOUNT,
      repositoryName: name,
      tags: [{ Key: 'team', Value: 'a' }],
      imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION',
      imageTagMutabilityExclusionFilters: [wildcard('latest'), wildcard('v*-*')],
      imageScanningConfiguration: { scanOnPush: true },
      encryptionConfiguration: { encryptionType: 'KMS_DSSE', kmsKey: 'alias/key' },
    });
    expect(repository).toEqual({
      registryId: ACCOUNT,
      repositoryName: name,
      repositoryArn: `arn:aws:ecr:us-east-1:${ACCOUNT}:repository/${name}`,
      repositoryUri: `${host}/${name}`,
      createdAt: new Date(clock.now()),
      imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION',
      imageTagMutabilityExclusionFilters: [wildcard('latest'), wildcard('v*-*')],
      imageScanningConfiguration: { scanOnPush: true },
      encryptionConfiguration: { encryptionType: 'KMS_DSSE', kmsKey: `arn:aws:kms:us-east-1:${ACCOUNT}:alias/key` },
    });
    const described = await client.send(new DescribeRepositoriesCommand({ repositoryNames: [name] }));
    expect(described.repositories).toEqual([repository]);
    const { tags } = await client.send(new ListTagsForResourceCommand({ resourceArn: repository.repositoryArn }));
    expect(tags).toEqual([{ Key: 'team', Value: 'a' }]);
  });

  it.each([
    ['alias/mine', `arn:aws:kms:us-east-1:${ACCOUNT}:alias/mine`],
    [
      '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0',
      `arn:aws:kms:us-east-1:${ACCOUNT}:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0`,
    ],
    ['arn:aws:kms:us-east-1:111111111111:key/abc', 'arn:aws:kms:us-east-1:111111111111:key/abc'],
    [undefined, `arn:aws:kms:us-east-1:${ACCOUNT}:alias/aws/ecr`],
  ])('shows the key %s as the ARN %s', async (kmsKey, shown) => {
    const repository = await create({ encryptionConfiguration: { encryptionType: 'KMS', kmsKey } });
    expect(repository.encryptionConfiguration).toEqual({ encryptionType: 'KMS', kmsKey: shown });
  });

  it('refuses a key with an encryption that has none', async () => {
    const call = create({ encryptionConfiguration: { encryptionType: 'AES256', kmsKey: 'alias/mine' } });
    expect((await refusalOf(call)).name).toBe('InvalidParameterException');
  });

  it('refuses a name that is taken, whatever the other settings', async () => {
    const { repositoryName } = await create();
    const again = create({ repositoryName, imageTagMutability: 'IMMUTABLE' });
    expect(await refusalOf(again)).toEqual({
      name: 'RepositoryAlreadyExistsException',
      message: `The repository with name '${repositoryName}' already exists in the registry with id '${ACCOUNT}'`,
    });
    const described = await client.send(new DescribeRepositoriesCommand({ repositoryNames: [`${repositoryName}`] }));
    expect(described.repositories?.[0]?.imageTagMutability).toBe('MUTABLE');
  });

  it('gives a name to one of many who ask at once', async () => {
    const repositoryName = freshName();
    const outcomes = await Promise.allSettled(times(10, () => create({ repositoryName })));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('makes a repository under the registryId that is named', async () => {
    const repository = await create({ registryId: '111111111111', repositoryName: 'elsewhere' });
    expect(repository).toMatchObject({
      registryId: '111111111111',
      repositoryArn: 'arn:aws:ecr:us-east-1:111111111111:repository/elsewhere',
    });
    const own = client.send(new DescribeRepositoriesCommand({ repositoryNames: ['elsewhere'] }));
    expect(await refusalOf(own)).toEqual(repositoryNotFound('elsewhere'));
  });

  it.each([
    ['localhost:1', 'localhost:1'],
    ['Registry.LocalHost:4327', 'registry.localhost:4327'],
    ['localhost:99999', 'localhost:99999'],
    ['xn--a.localhost', 'xn--a.localhost'],
    ['[::1]:4327', '[::1]:4327'],
    ['api.ecr.us-east-1.amazonaws.com', '000000000000.dkr.ecr.us-east-1.amazonaws.com'],
    ['ecr.us-west-2.amazonaws.com:5443', '000000000000.dkr.ecr.us-east-1.amazonaws.com:5443'],
    ['api.ecr-fips.us-east-1.amazonaws.com.cn', '000000000000.dkr.ecr-fips.us-east-1.amazonaws.com.cn'],
  ])('answers a caller who addressed %s with a repositoryUri under %s', async (addressed, shown) => {
    const repositoryName = freshName();
    const answer = await server.call('CreateRepository', { repositoryName }, { headers: { host: addressed } });
    expect(answer).toMatchObject({ status: 200 });
    expect(JSON.parse(answer.body).repository.repositoryUri).toBe(`${shown}/${repositoryName}`);
  });
});

describe('the name of a new repository', () => {
  it.each([
    ['a', 'must have length greater than or equal to 2'],
    ['a'.repeat(257), 'must have length less than or equal to 256'],
    ['Ubuntu', NAME_PATTERN],
    ['a/../b', NAME_PATTERN],
  ])('cannot be %s', async (repositoryName, constraint) => {
    expect(await refusalOf(create({ repositoryName }))).toEqual(violation('repositoryName', constraint));
  });

  it.each(['aa', 'b'.repeat(256), 'a.b_c__d-e---f/g'])('can be %s', async (repositoryName) => {
    expect((await create({ repositoryName })).repositoryName).toBe(repositoryName);
  });

  it.each(['12345678901', '1234567890123'])('cannot be in the registry %s', async (registryId) => {
    expect(await refusalOf(create({ registryId }))).toEqual(violation('registryId', REGISTRY_ID_PATTERN));
  });
});

describe('the tag mutability of a new repository', () => {
  it.each(['MUTABLE', 'IMMUTABLE'] as const)('%s has no filters', async (imageTagMutability) => {
    const repository = await create({ imageTagMutability });
    expect(repository.imageTagMutability).toBe(imageTagMutability);
    expect(repository).not.toHaveProperty(FILTERS);
    const filtered = create({ imageTagMutability, imageTagMutabilityExclusionFilters: [wildcard('v*')] });
    expect(await refusalOf(filtered)).toEqual(
      violation(
        FILTERS,
        `ImageTagMutabilityExclusionFilters must be null when imageTagMutability is set as ${imageTagMutability}`,
      ),
    );
  });

  it.each(['MUTABLE_WITH_EXCLUSION', 'IMMUTABLE_WITH_EXCLUSION'] as const)(
    '%s needs filters',
    async (imageTagMutability) => {
      expect(await refusalOf(create({ imageTagMutability }))).toEqual(
        violation(
          FILTERS,
          `ImageTagMutabilityExclusionFilters can't be null when imageTagMutability is set as ${imageTagMutability}`,
        ),
      );
      for (const count of [1, 5]) {
        const filters = times(count, (index) => wildcard(`v${index}*`));
        const repository = await create({ imageTagMutability, imageTagMutabilityExclusionFilters: filters });
        expect(repository.imageTagMutabilityExclusionFilters).toEqual(filters);
      }
    },
  );

  it.each([
    ['no mode of that name', { imageTagMutability: 'FROZEN' as 'MUTABLE' }, 'imageTagMutability', MODES],
    ['an empty list of filters', { imageTagMutabilityExclusionFilters: [] }, FILTERS, `${AT_LEAST} 1`],
    ['six filters', { imageTagMutabilityExclusionFilters: times(6, () => wildcard('v*')) }, FILTERS, `${AT_MOST} 5`],
    [
      'a filter of nothing',
      { imageTagMutabilityExclusionFilters: [wildcard('')] },
      `${FILTERS}.1.member.filter`,
      `${AT_LEAST} 1`,
    ],
    [
      'a filter of 129 characters',
      { imageTagMutabilityExclusionFilters: [wildcard('a'.repeat(129))] },
      `${FILTERS}.1.member.filter`,
      `${AT_MOST} 128`,
    ],
    [
      'a filter with a space',
      { imageTagMutabilityExclusionFilters: [wildcard('a b')] },
      `${FILTERS}.1.member.filter`,
      'Member must satisfy regular expression pattern: ^[0-9a-zA-Z._*-]{1,128}$',
    ],
    [
      'three wildcards',
      { imageTagMutabilityExclusionFilters: [wildcard('a'), wildcard('*b*c*')] },
      FILTERS,
      "The filter '*b*c*' has more than 2 wildcards",
    ],
  ])('refuses %s', async (_, override, parameter, constraint) => {
    const call = create({
      imageTagMutability: 'MUTABLE_WITH_EXCLUSION',
      imageTagMutabilityExclusionFilters: [wildcard('v*')],
      ...override,
    });
    expect(await refusalOf(call)).toEqual(violation(parameter, constraint));
  });

  it('takes two wildcards, and 128 characters', async () => {
    const filters = [wildcard('*b*'), wildcard('a'.repeat(128))];
    const repository = await create({
      imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION',
      imageTagMutabilityExclusionFilters: filters,
    });
    expect(repository.imageTagMutabilityExclusionFilters).toEqual(filters);
  });
});

describe('the encryption of a new repository', () => {
  it.each([
    [
      { encryptionType: 'aes256' as 'AES256' },
      'encryptionType',
      'Member must satisfy enum value set: [AES256, KMS, KMS_DSSE]',
    ],
    [{ encryptionType: 'KMS' as const, kmsKey: '' }, 'kmsKey', `${AT_LEAST} 1`],
    [{ encryptionType: 'KMS' as const, kmsKey: 'k'.repeat(2049) }, 'kmsKey', `${AT_MOST} 2048`],
    [{ encryptionType: undefined, kmsKey: 'k' }, 'encryptionType', 'Member must not be null'],
  ])('cannot be %j', async (encryptionConfiguration, member, constraint) => {
    expect(await refusalOf(create({ encryptionConfiguration }))).toEqual(
      violation(`encryptionConfiguration.${member}`, constraint),
    );
  });

  it('can have a key of 2048 characters', async () => {
    const kmsKey = `arn:aws:kms:${'k'.repeat(2036)}`;
    const { encryptionConfiguration } = await create({ encryptionConfiguration: { encryptionType: 'KMS', kmsKey } });
    expect(encryptionConfiguration).toEqual({ encryptionType: 'KMS', kmsKey });
  });
});

describe('the tags of a new repository', () => {
  const tag = (index: number): Tag => ({ Key: `key-${index}`, Value: '' });

  it('can be 50, of 128 and 256 characters, and empty values', async () => {
    const tags = [...times(49, tag), { Key: 'k'.repeat(128), Value: 'v'.repeat(256) }];
    const { repositoryArn } = await create({ tags });
    const listed = await client.send(new ListTagsForResourceCommand({ resourceArn: repositoryArn }));
    expect(listed.tags).toHaveLength(50);
    expect(listed.tags).toEqual(expect.arrayContaining(tags));
  });

  it.each<[string, Tag[], string]>([
    ['51 tags', times(51, tag), 'TooManyTagsException'],
    ['an empty key', [{ Key: '', Value: '' }], 'InvalidTagParameterException'],
    ['a key of 129 characters', [{ Key: 'k'.repeat(129), Value: '' }], 'InvalidTagParameterException'],
    ['a value of 257 characters', [{ Key: 'k', Value: 'v'.repeat(257) }], 'InvalidTagParameterException'],
    ['a key of AWS', [{ Key: 'AWS:x', Value: '' }], 'InvalidTagParameterException'],
    ['a key with other characters', [{ Key: 'a*b', Value: '' }], 'InvalidTagParameterException'],
    ['a key twice', [tag(1), tag(1)], 'InvalidTagParameterException'],
    ['a tag without a value', [{ Key: 'k' } as Tag], 'InvalidParameterException'],
  ])('cannot be %s, and then nothing is made', async (_, tags, name) => {
    const repositoryName = freshName();
    expect((await refusalOf(create({ repositoryName, tags }))).name).toBe(name);
    const look = client.send(new DescribeRepositoriesCommand({ repositoryNames: [repositoryName] }));
    expect(await refusalOf(look)).toEqual(repositoryNotFound(repositoryName));
  });
});
