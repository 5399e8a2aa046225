import { ListTagsForResourceCommand, UntagResourceCommand } from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { serveThisFile } from './support/ecr-server.ts';
import { refusalOf, violation } from './support/refusals.ts';
import { arnOf, BAD_ARNS, missingArns } from './support/repository-arns.ts';
import { freshRepository, outputOf } from './support/test-repository.ts';

const server = await serveThisFile();
const { client } = server;

async function taggedWith(...keys: readonly string[]): Promise<string> {
  const { name } = await freshRepository(client, { tags: keys.map((Key) => ({ Key, Value: 'v' })) });
  return arnOf(name);
}

const untag = (resourceArn: string, tagKeys: string[]) =>
  client.send(new UntagResourceCommand({ resourceArn, tagKeys }));

async function keysOf(resourceArn: string) {
  const { tags } = await client.send(new ListTagsForResourceCommand({ resourceArn }));
  return tags?.map(({ Key }) => Key);
}

describe('UntagResource', () => {
  it('answers with nothing, and removes the named keys', async () => {
    const resourceArn = await taggedWith('a', 'b', 'c', 'B');
    expect(outputOf(await untag(resourceArn, ['b', 'c']))).toEqual({});
    expect(await keysOf(resourceArn)).toEqual(['B', 'a']);
    const answer = await server.call('UntagResource', { resourceArn, tagKeys: ['a', 'B'] });
    expect(answer).toMatchObject({ status: 200, body: '{}' });
    expect(await keysOf(resourceArn)).toEqual([]);
  });

  it.each([[[]], [['absent']], [['a%', '_', '', 'A', 'k'.repeat(10_000), "'; DROP TABLE resource_tag; --"]]])(
    'passes over keys that are not there: %.60j',
    async (tagKeys) => {
      const resourceArn = await taggedWith('a', 'ab');
      await untag(resourceArn, tagKeys);
      expect(await keysOf(resourceArn)).toEqual(['a', 'ab']);
    },
  );

  it('takes the same key twice, and all of 50 at once', async () => {
    const keys = Array.from({ length: 50 }, (_, index) => `key-${index}`);
    const resourceArn = await taggedWith(...keys);
    await untag(resourceArn, [...keys, ...keys]);
    expect(await keysOf(resourceArn)).toEqual([]);
  });

  it('leaves the tags of other repositories alone', async () => {
    const [first, second] = [await taggedWith('a'), await taggedWith('a')];
    await untag(first, ['a']);
    expect(await keysOf(second)).toEqual(['a']);
  });

  it.each(BAD_ARNS)('refuses %j as an ARN', async (resourceArn) => {
    expect(await refusalOf(untag(resourceArn, ['a']))).toEqual(violation('resourceArn', 'Invalid ARN'));
  });

  it.each(missingArns())('finds no repository under %s', async (resourceArn, refusal) => {
    expect(await refusalOf(untag(resourceArn, ['a']))).toEqual(refusal);
  });

  it('cannot do without an ARN, keys, or a key in the list', async () => {
    const resourceArn = arnOf('nowhere');
    const bodies = [{ tagKeys: ['a'] }, { resourceArn }, { resourceArn, tagKeys: ['a', null] }];
    const answers = await Promise.all(bodies.map((body) => server.call('UntagResource', body)));
    expect(answers.map(({ body }) => JSON.parse(body).message)).toEqual(
      ['resourceArn', 'tagKeys', 'tagKeys.2.member'].map((at) => violation(at, 'Member must not be null').message),
    );
  });
});
